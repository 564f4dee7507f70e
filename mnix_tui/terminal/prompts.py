"""Finding the shell's prompt marks (OSC 133) in a program's output. Pure.

The library keeps which rows are prompts, but neither when a mark came nor a command's status. So
output is cut at each mark: what comes before it is interpreted first, and then the cursor is where
the mark is. Output without marks costs one search for five bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.terminal.repairs import Repairs

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = b"\x1b]133;"
MAX_MARK_BYTES = 512
"""A longer mark is none: the buffer for one that is not complete yet is bounded by it."""
FEWEST_MARKS, BYTES_A_MARK = 64, 64
"""Output is cut at so many marks at most, or one for so many bytes: at a flood's last ones. A prompt
with all its marks takes more than three times that."""
_MARK = re.compile(
    rb"\x1b\]133;([ACDNP])((?:;[^\x07\x1b\x18\x1a]{0,%d})?)(?:\x07|\x1b\\)" % MAX_MARK_BYTES
)
_UNFINISHED = re.compile(
    rb"\x1b(?:\[(?:\?(?:[34][\d;]{0,62})?)?|\](?:5(?:2(?:;[a-z0-9]{0,12})?)?|1(?:3(?:3(?:;[^\x07\x1b\x18\x1a]{0,%d}\x1b?)?)?)?)?)?\Z"
    % MAX_MARK_BYTES
)
_STATUS = re.compile(rb";(-?\d{1,9})(?:;|\Z)")


class Mark(NamedTuple):
    """One mark: ``kind`` is A (prompt), C (command runs) or D (command ended)."""

    kind: str
    status: int | None = None


class PromptScanner:
    """Cuts output into pieces that each end where a mark is."""

    def __init__(self) -> None:
        self._held = b""
        self._repair = Repairs()

    def split(self, data: bytes) -> Iterator[tuple[bytes, Mark | None]]:
        """Go through output in order; a mark belongs to the end of its piece.

        A mark that the output ends in is kept back until it is complete, and so is what may become
        one, or a sequence to repair: nothing of it would be seen on the screen.
        """
        if self._held:
            data, self._held = self._held + data, b""
        data = self._repair(data)
        if _START in data:
            done = 0
            marks = list(_MARK.finditer(data))
            most = max(FEWEST_MARKS, len(data) // BYTES_A_MARK)
            if len(marks) > most:
                done = marks[-most - 1].end()
                yield _MARK.sub(lambda match: _sequence(match)[0], data[:done]), None
            for match in marks[-most:]:
                yield data[done : match.start()], None
                yield _sequence(match)
                done = match.end()
            data = data[done:]
        if b"\x1b" in data[-MAX_MARK_BYTES - 9 :]:
            unfinished = _UNFINISHED.search(data, max(0, len(data) - MAX_MARK_BYTES - 9))
            if unfinished is not None:
                data, self._held = data[: unfinished.start()], unfinished[0]
        if data:
            yield data, None


def _sequence(match: re.Match[bytes]) -> tuple[bytes, Mark]:
    kind, rest = match[1], match[2]
    if kind == b"D":
        status = _STATUS.match(rest)
        return match[0], Mark("D", int(status[1]) if status else None)
    if kind == b"C":
        return match[0], Mark("C")
    # The library moves to a fresh line at an A; other terminals, and the shells that count on
    # them, don't. A P marks a prompt without that. Its k=s is a continuation line's: no prompt.
    mark = Mark("" if b";k=s" in rest or b";k=c" in rest else "A")
    return b"\x1b]133;P" + rest + b"\x07", mark
