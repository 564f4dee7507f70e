"""What the outer terminal sent, as keys and Textual's messages, in order."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import XTermParser

from mnix_tui.keyboard.input import PASTE_BYTES, Input, Pasted, PasteRefused, Report, Token
from mnix_tui.keyboard.keys import KeyEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.message import Message

    from mnix_tui.ui.input.outer_keyboard import OuterKeyboard

ESCAPE_SECONDS = 0.02
"""Without the kitty protocol: how long an escape waits for the rest of a sequence. Terminals send
a sequence in one piece, so this is for slow lines; ``ESCDELAY`` (milliseconds) sets it too."""
_KITTY_REPLY = re.compile(rb"\x1b\[\?\d+u")
# What Textual's parser understands, complete. Anything else would leave it waiting for more.
_TEXTUAL = re.compile(
    rb"\x1b\[(?:<[-\d;]+[Mm]|[IO]|\?\d+;\d\$y|48(?:;\d+(?::[\d:]*)?){4}t|\d+;\d+R)"
)


def escape_seconds() -> float:
    """Return how long a lone escape waits, from ``ESCDELAY`` if that is set."""
    try:
        return max(1, int(os.environ["ESCDELAY"])) / 1000
    except (KeyError, ValueError):
        return ESCAPE_SECONDS


class Reader:
    """Bytes to keys and messages. Used by one thread only."""

    def __init__(self, keyboard: OuterKeyboard, *, debug: bool = False) -> None:
        self._keyboard = keyboard
        self._input = Input(escape_seconds())
        self._parser = XTermParser(debug)

    @property
    def wait(self) -> float | None:
        """Seconds of silence after which to flush; None for never."""
        return self._input.wait

    def feed(self, data: bytes) -> Iterator[KeyEvent | Message]:
        """Take bytes."""
        self._input.escape_is_plain = not self._keyboard.unambiguous
        return self._read(self._input.feed(data))

    def flush(self) -> Iterator[KeyEvent | Message]:
        """Return what was left unfinished."""
        return self._read(self._input.flush())

    def close(self) -> Iterator[KeyEvent | Message]:
        """Return all that is left."""
        return self._read(self._input.close())

    def _read(self, tokens: list[Token]) -> Iterator[KeyEvent | Message]:
        for token in tokens:
            if isinstance(token, KeyEvent):
                yield token
            elif isinstance(token, Pasted):
                yield events.Paste(token.text.decode("utf-8", "replace").replace("\0", ""))
            elif isinstance(token, PasteRefused):
                yield self._keyboard.PasteRefused(PASTE_BYTES)
            else:
                yield from self._report(token)

    def _report(self, report: Report) -> Iterator[Message]:
        if _KITTY_REPLY.fullmatch(report.raw):
            yield self._keyboard.Answered()
        elif _TEXTUAL.fullmatch(report.raw):
            yield from self._parser.feed(report.raw.decode("ascii", "replace"))
