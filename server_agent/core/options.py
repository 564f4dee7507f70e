"""What one rebuild was asked for: the options of its job, over those of ``mnix.toml``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server_agent.core import paths
from server_agent.protocol import mnixtoml
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings

CAUSES = ("rebuild", "warm-up")
_NONE = Settings()


@dataclass(frozen=True)
class Options:
    """How nix is to evaluate the flake, and why."""

    dev_shell: str = ""
    override_inputs: tuple[tuple[str, str], ...] = ()
    impure: bool = False
    cause: str = "rebuild"

    @property
    def fragment(self) -> str:
        """What follows the flake's reference."""
        return "" if self.dev_shell in ("", "default") else f"#{self.dev_shell}"

    @property
    def arguments(self) -> list[str]:
        """Nix's own options for it."""
        words = ["--impure"] if self.impure else []
        for name, reference in self.override_inputs:
            words += ["--override-input", name, reference]
        return words


def load(job_id: str, settings: Settings) -> Options:
    """Return the options of a job; raise ``AgentError`` ``usage`` for one that can't be."""
    return parse(_given(job_id), settings)


def parse(given: Mapping[str, Any], settings: Settings = _NONE) -> Options:
    """Return what was asked for, over what ``mnix.toml`` says; raise ``usage``."""
    try:
        shell = mnixtoml.dev_shell("dev_shell", given.get("dev_shell") or "")
        override = mnixtoml.override_inputs("override_inputs", given.get("override_inputs") or {})
    except AgentError as error:
        # The checks are those of the file, which has nothing to do with it.
        message = error.message.partition("mnix.toml: ")[2] or error.message
        raise AgentError("usage", message, "ask for another one") from error
    cause = str(given.get("cause") or "")
    return Options(
        dev_shell=shell or settings.dev_shell,
        override_inputs=tuple({**settings.override_inputs, **override}.items()),
        impure=settings.impure or given.get("impure") is True,
        cause=cause if cause in CAUSES else CAUSES[0],
    )


def _given(job_id: str) -> dict[str, Any]:
    try:
        with open(os.path.join(paths.job(job_id), "options.json"), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
