"""What a failed build's last words mean, and what to do about it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

KEPT = 64 << 10
"""Bytes of a log's end that are looked at."""
_COLOUR = re.compile(rb"(?:\x1b|\\u001b)\[[0-9;]*m")


class Meaning(NamedTuple):
    """An error's code, what happened ("": as the exit code says), and the next step."""

    code: str
    message: str
    hint: str


_KNOWN: tuple[tuple[str, Meaning], ...] = (
    (
        r"o space left on device|database or disk is full|disk quota exceeded",
        Meaning(
            "no-space",
            "the server's disk is full",
            "free some space there (mnix gc, or remove old projects), then rebuild",
        ),
    ),
    (
        r"cannot write (?:modified )?lock file|(?:unable to|cannot|could not) (?:open|create|write)"
        r"[^\n]{0,200}flake\.lock|opening[^\n]{0,200}flake\.lock[^\n]{0,80}(?:denied|read-only)",
        Meaning(
            "error",
            "flake.lock has to be updated, and can't be written",
            "run nix flake lock where the folder is yours and commit it, or make it writable",
        ),
    ),
    (
        r"requires lock file changes",
        Meaning("error", "flake.lock is out of date", "run nix flake lock, and push flake.lock"),
    ),
    (
        r"dubious ownership|is not owned by current user|safe\.directory",
        Meaning(
            "error",
            "the git tree belongs to another user, and nix refuses it",
            "make the files yours, or: git config --global --add safe.directory '*'",
        ),
    ),
    (
        r"does not provide attribute",
        Meaning(
            "error",
            "the flake has no such shell",
            "name one that it has: dev_shell in mnix.toml, or --dev-shell",
        ),
    ),
    (
        r"in pure eval(?:uation)? mode",
        Meaning(
            "error",
            "the flake looks at what is outside of it",
            "let it: impure = true in mnix.toml, or rebuild with --impure",
        ),
    ),
    (
        r"is not tracked by Git|does not exist in Git repository",
        Meaning(
            "error",
            "the flake uses a file that git does not track",
            "git add it, then push: nix sees only what git tracks",
        ),
    ),
    (
        r"failed due to signal 9|builder[^\n]{0,200}signal 9",
        Meaning(
            "error",
            "a builder was killed (signal 9)",
            "often the memory was used up: raise memory in mnix.toml, or build less at once"
            " (nix_conf: max-jobs, cores)",
        ),
    ),
    (
        r"unable to download|Couldn't resolve host|Could not resolve host|Timeout was reached",
        Meaning(
            "error", "something can't be downloaded", "look at the server's network, then rebuild"
        ),
    ),
    (
        r"cannot find flake 'flake:|in the flake registries",
        Meaning(
            "error",
            "an input is not known by its name there",
            "write it out in flake.nix (github:owner/repo), or look at the server's network",
        ),
    ),
    (
        r"hash mismatch in fixed-output",
        Meaning("error", "", "correct the hash in the flake as nix says above, then rebuild"),
    ),
)
_PATTERNS = tuple((re.compile(pattern.encode(), re.I), meaning) for pattern, meaning in _KNOWN)
_ALONE = Meaning(
    "error",
    "the flake looks at files beside its folder, which this nix does not take along",
    "make the project a git tree (git init, git add), or use an image with a newer nix",
)
_OUTSIDE = re.compile(
    rb"(?:access to (?:absolute )?path|getting status of|path) '/nix/store/[^']{1,200}'"
    rb"[^\n]{0,40}(?:forbidden|No such file|does not exist)"
)


class Tail:
    """The last bytes of a log."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> None:
        """Take a piece."""
        self._data = data[-KEPT:] if len(data) >= KEPT else (self._data + data)[-KEPT:]

    @property
    def errors(self) -> bytes:
        """The lines in which nix itself tells an error, and those that are not nix's."""
        lines = [_COLOUR.sub(b"", line) for line in self._data.split(b"\n")]
        return b"\n".join(
            line
            for line in lines
            if not line.startswith(b"@")
            or (line.startswith(b'@nix {"action":"msg"') and b'"level":0' in line)
        )


def meaning(errors: bytes, *, alone: bool = False) -> Meaning:
    """Return what the last errors of a build mean, as far as that is known."""
    if alone and _OUTSIDE.search(errors):
        return _ALONE
    for pattern, found in _PATTERNS:
        if pattern.search(errors):
            return found
    return Meaning("error", "", "see the messages above, correct the flake, rebuild")
