"""Lines at the bottom of a terminal that are drawn anew in place; others scroll above. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""A frame: terminals that know it show nothing half drawn."""
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_LINE = "\r\x1b[m\x1b[K"
_BELOW = "\r\x1b[m\x1b[J"


class Bottom:
    """Says what has to be written to draw some lines below all others, again and again.

    Between two frames the cursor stands at the begin of the first of them: whatever a resize did
    to the lines, all of them are below it.
    """

    def __init__(self) -> None:
        self._drawn: tuple[str, ...] | None = None
        self._size = (0, 0)

    def frame(self, lines: Sequence[str], size: tuple[int, int], above: Sequence[str] = ()) -> str:
        """Return what draws ``lines`` in their place; each is as wide as the terminal at most.

        ``above`` scrolls by before them, and stays. Of too many lines the last ones are drawn.
        """
        wanted = tuple(lines)[-max(1, size[1] - 1) :]
        before = self._drawn
        if wanted == before and size == self._size and not above:
            return ""
        self._drawn = wanted
        parts = [_BEGIN]
        if before is None:
            parts.append(_HIDE)
        elif above or size != self._size or len(wanted) < len(before):
            parts.append(_BELOW)
        self._size = size
        parts += [f"{_LINE}{line}\x1b[m\r\n" for line in above]
        parts += [_NO_WRAP, "\r\n".join(_LINE + line for line in wanted), "\x1b[m" + _WRAP]
        if len(wanted) > 1:
            parts.append(f"\x1b[{len(wanted) - 1}A")
        parts.append("\r" + _END)
        return "".join(parts)

    def clear(self) -> str:
        """Return what takes the lines away and gives the cursor back; "" when there are none."""
        if self._drawn is None:
            return ""
        self._drawn = None
        return _BELOW + _SHOW
