"""Text from elsewhere, made safe to show: nothing that moves a terminal, nothing endless."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 300
FEW = 10
"""Names that one sentence lists."""


def plain(text: object, limit: int = LONGEST) -> str:
    """Return ``text`` as one line of at most ``limit`` printable characters."""
    line = str(text)[: limit + 1]
    if not line.isprintable():
        line = "".join(each if each.isprintable() else " " for each in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def few(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more:,} more" if more > 0 else "")
