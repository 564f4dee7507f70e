"""Drift: what an environment is made from, compared where it lies, where it was sent and what runs.

Three places hold the same few files (``FILES``): the local folder, the workspace on the server,
and the generation that runs, as it was built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAKE_FILES = ("flake.nix", "flake.lock")
"""The inputs that lie in the flake's folder."""
ROOT_FILES = ("mnix.toml",)
"""The inputs that lie in the project's folder."""
FILES = (*FLAKE_FILES, *ROOT_FILES)
DIGEST = 16
"""How many hexadecimal digits of a file's SHA-256 stand for it."""


@dataclass(frozen=True)
class Drift:
    """The names of the files that differ; false when none does, or nothing is known."""

    unpushed: tuple[str, ...] = ()
    """Files of the local folder that the workspace does not have like that: ``push`` sends them."""
    unbuilt: tuple[str, ...] = ()
    """Files of the workspace that differ from what the running generation was built from."""

    def __bool__(self) -> bool:
        return bool(self.unpushed or self.unbuilt)


def compare(
    local: Mapping[str, str], workspace: Mapping[str, str], generation: Mapping[str, str]
) -> Drift:
    """Return what differs, given each place's digests; an empty one is unknown, not different.

    A file that only the workspace has is not unpushed: a push would leave it there.
    """
    unpushed = [name for name in FILES if name in local and local[name] != workspace.get(name)]
    unbuilt = [name for name in FILES if workspace.get(name) != generation.get(name)]
    return Drift(
        tuple(unpushed) if workspace else (), tuple(unbuilt) if workspace and generation else ()
    )
