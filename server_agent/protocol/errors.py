"""Typed errors on the wire: a code, a message, a hint."""

from __future__ import annotations

CODES = (
    "error",  # anything without a better code
    "usage",  # the request itself is wrong
    "not-found",
    "exists",
    "busy",  # another operation holds the project's lock
    "no-engine",  # Podman is missing, broken or too old
    "no-image",  # the base image is neither there nor can be pulled
    "no-flake",
    "no-space",
    "unsafe-upload",  # a member of an upload is refused
    "incomplete-upload",
    "refused",  # not allowed by the server's configuration
    "protocol",  # a malformed or oversized message
)
"""The codes of errors; a client shows one that it does not know as ``error``."""


class AgentError(Exception):
    """An error that the agent answers with: ``code`` for programs, the rest for people."""

    def __init__(self, code: str, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.detail = detail

    def to_wire(self) -> dict[str, str]:
        """Return the JSON object that stands for the error in a reply."""
        wire = {"code": self.code, "message": self.message}
        if self.hint:
            wire["hint"] = self.hint
        if self.detail:
            wire["detail"] = self.detail
        return wire


class ProtocolError(AgentError):
    """The peer sent something that is not this protocol."""

    def __init__(self, message: str) -> None:
        super().__init__("protocol", message, "update mnix on both sides")
