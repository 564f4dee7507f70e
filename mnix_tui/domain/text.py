"""Text from elsewhere, made safe to show: nothing that moves a terminal, nothing endless."""

from __future__ import annotations

LONGEST = 300


def plain(text: object, limit: int = LONGEST) -> str:
    """Return ``text`` as one line of at most ``limit`` printable characters."""
    line = str(text)[: limit + 1]
    if not line.isprintable():
        line = "".join(each if each.isprintable() else " " for each in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"
