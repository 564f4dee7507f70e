"""``.mnixignore`` at the root, which is on top of all other rules."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH113, PTH114, PTH118, PTH123

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server_agent.trees.patterns import Rules

MINE = ".mnixignore"
_LARGEST = 1 << 20


class OnTop:
    """What ``.mnixignore`` at the root says. It has the last word."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    @classmethod
    def read(cls, root: str, notes: list[str]) -> OnTop | None:
        """Read it; ``None`` when there is none."""
        path = os.path.join(root, MINE)
        if os.path.islink(path) or not os.path.isfile(path):
            return None
        from server_agent.trees.patterns import Rules, lines_of

        try:
            with open(path, "rb") as file:
                return cls(Rules(lines_of(file.read(_LARGEST))))
        except OSError as error:
            notes.append(f"{MINE} was not used: {error.strerror or error}")
            return None

    def says(self, path: str, is_folder: bool) -> bool | None:
        """Say whether ``path`` is taken; ``None``: others decide."""
        left_out = self._rules.ignores(path, is_folder)
        return None if left_out is None else not left_out
