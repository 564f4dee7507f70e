"""The terminal emulator: a program's bytes in; changed rows, events and encoded input out."""

from __future__ import annotations

import re

from mnix_tui.keyboard.encoder import encode_key
from mnix_tui.terminal.capture import Capture
from mnix_tui.terminal.events import CommandEnded, CommandStarted, Event, PromptShown, Reply
from mnix_tui.terminal.grid import Frame, Modes, Row, Scroll, row_text
from mnix_tui.terminal.keys import KeyEvent, KeyModes, MouseAction, MouseButton, MouseEvent
from mnix_tui.terminal.lookback import Lookback
from mnix_tui.terminal.mailbox import Mailbox
from mnix_tui.terminal.memory import SCROLLBACK_BYTES, SCROLLBACK_LINES
from mnix_tui.terminal.native import Encoders, Requests, Terminal
from mnix_tui.terminal.prompts import Mark, PromptScanner
from server_agent import __version__

MIN_COLS, MAX_COLS = 1, 2000
MIN_ROWS, MAX_ROWS = 1, 1000
_FEED_BYTES = 64 * 1024
_FOREGROUND, _BACKGROUND = (229, 229, 229), (18, 18, 18)
# What could end a bracketed paste, or act as a key in a line editor: every control character but
# tab and the line ends; C1 controls too, because some programs honour them in UTF-8.
_PASTE_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Emulator(Lookback):
    """A terminal of ``cols`` by ``rows``. Raises TerminalUnavailable where it can't run."""

    def __init__(
        self,
        cols: int,
        rows: int,
        *,
        scrollback_bytes: int = SCROLLBACK_BYTES,
        scrollback_lines: int = SCROLLBACK_LINES,
    ) -> None:
        self.cols, self.rows = _clamped(cols, rows)
        self._terminal = Terminal(self.cols, self.rows)
        self._encoders = Encoders(self._terminal)
        self._capture = Capture(self._terminal)
        self._mailbox = Mailbox()
        self._requests = Requests(self._terminal, f"mnix {__version__}")
        self._scanner = PromptScanner()
        self._buttons: set[MouseButton] = set()
        self._mouse_cell = (-1, -1)
        self._dark = [True]
        self._look_back(scrollback_bytes, scrollback_lines)
        self._listen()
        self.set_colours(_FOREGROUND, _BACKGROUND)

    def _listen(self) -> None:
        terminal, dark = self._terminal, self._dark
        self._mailbox.listen(terminal, self._requests)
        terminal.on_size_query(lambda: terminal.size)
        terminal.on_scheme_query(lambda: dark[0])
        terminal.on_hold(self._capture.hold.changed)

    def feed(self, data: bytes) -> list[Event]:
        """Interpret a program's output, split anywhere; return what it asked for, in order."""
        for start in range(0, len(data), _FEED_BYTES):
            for piece, mark in self._scanner.split(data[start : start + _FEED_BYTES]):
                if piece:
                    self._terminal.feed(piece)
                if mark is not None:
                    self._marked(mark)
            if not self._terminal.has_its_size():
                self._refit()
            self._ledger.update()
            self._memory.fed()
        self.changes += 1
        self.prompts.changed()
        return self._mailbox.take()

    def _refit(self) -> None:
        """Take back a size that a program gave the terminal, by a way that Repairs missed."""
        self._terminal.resize(self.cols, self.rows)
        self._after_resize(reflowed=True)

    def _after_resize(self, *, reflowed: bool) -> None:
        self.changes += 1
        self._ledger.resized(reflowed=reflowed)
        self._memory.after_resize()
        self.prompts.reflowed()
        self._capture.resized()
        self._capture.must_update = True

    def _marked(self, mark: Mark) -> None:
        if mark.kind == "A":
            self._ledger.update()
            self.prompts.prompt()
            self._mailbox.put(PromptShown())
        elif mark.kind == "C":
            self.prompts.started()
            self._mailbox.put(CommandStarted())
        elif mark.kind == "D" and self.prompts.ended(mark.status):
            self._mailbox.put(CommandEnded(mark.status))

    def resize(self, cols: int, rows: int) -> list[Event]:
        """Change the size (clamped to what can work); a program may have asked to be told."""
        size = _clamped(cols, rows)
        if size == (self.cols, self.rows):
            return []
        reflowed = size[0] != self.cols
        self.cols, self.rows = size
        self._memory.before_resize(self.cols)
        self._terminal.resize(self.cols, self.rows)
        self._after_resize(reflowed=reflowed)
        return self._mailbox.take()

    def set_colours(
        self, foreground: tuple[int, int, int], background: tuple[int, int, int]
    ) -> None:
        """Say which default colours the widget draws with, for programs that ask.

        One that wants to hear of a change from dark to light does with the next ``feed``.
        """
        self._terminal.set_colours(foreground, background)
        dark = sum(background) < sum(foreground)
        if dark != self._dark[0] and self._terminal.mode(2031):
            self._mailbox.put(Reply(b"\x1b[?997;%dn" % (1 if dark else 2)))
        self._dark[0] = dark

    def frame(self, *, force: bool = False) -> Frame:
        """Return the rows that changed since the last frame; ``force`` ends a hold's patience.

        While a program holds its output (``modes.synchronized_output``) the picture stays as it
        was when the hold began.
        """
        return self._capture.frame(force)

    def row(self, y: int) -> Row:
        """Return a line as of the last frame."""
        return self._capture.rows[y]

    def text(self) -> str:
        """Return the screen as plain text, blanks at the ends of lines removed."""
        self._capture.update(force=True)
        return "\n".join(row_text(row) for row in self._capture.rows)

    def scroll(self, lines: int) -> None:
        """Move the view through the history: up if negative."""
        self._terminal.scroll(lines)
        self._capture.must_update = True

    def scroll_to(self, row: int) -> None:
        """Put an absolute row at the top of the view, as near as the history allows."""
        self._terminal.scroll_to(max(0, min(row, self.total_rows - self.rows)))
        self._capture.must_update = True

    def scroll_to_bottom(self) -> None:
        """Let the view follow the newest output again."""
        self._terminal.scroll_to_bottom()
        self._capture.must_update = True

    @property
    def scrollbar(self) -> Scroll:
        """Where the view is in the history."""
        return self._terminal.scrollbar()

    @property
    def holding(self) -> int:
        """The number of the hold (synchronized output) that is going on, or 0."""
        return self._capture.hold.count if self._capture.hold.active else 0

    @property
    def modes(self) -> Modes:
        """The modes as the program has set them."""
        mode = self._terminal.mode
        return Modes(
            alternate_screen=self._terminal.alternate(),
            bracketed_paste=mode(2004),
            mouse=self._terminal.mouse(),
            focus_events=mode(1004),
            synchronized_output=self._capture.hold.active,
            application_cursor=mode(1),
            alternate_scroll=mode(1007),
            kitty_keyboard=self._terminal.kitty_keyboard(),
        )

    def encode_key(self, event: KeyEvent) -> bytes:
        """Encode a key as the program's modes want it; empty for a key that sends nothing."""
        return encode_key(event, self._encoders.key_modes())

    @property
    def key_modes(self) -> KeyModes:
        """How the program wants its keys now."""
        return self._encoders.key_modes()

    def encode_mouse(self, event: MouseEvent) -> bytes:
        """Encode a mouse event; empty if the program did not ask for it, or nothing moved."""
        cell, self._mouse_cell = self._mouse_cell, (event.x, event.y)
        if event.action is MouseAction.MOTION and cell == self._mouse_cell:
            return b""
        if event.action is MouseAction.PRESS:
            self._buttons.add(event.button)
        elif event.action is MouseAction.RELEASE:
            self._buttons.discard(event.button)
        encoded = self._encoders.mouse(event, held=bool(self._buttons))
        if event.button.value >= MouseButton.WHEEL_UP.value:
            self._buttons.discard(event.button)  # a wheel is never released
        return encoded

    def encode_paste(self, text: str) -> bytes:
        """Encode pasted text, in brackets if asked for; what could break out of them is dropped."""
        text = _PASTE_UNSAFE.sub("", text).replace("\r\n", "\r").replace("\n", "\r")
        data = text.encode("utf-8", "replace")
        if self._terminal.mode(2004):
            return b"\x1b[200~" + data + b"\x1b[201~"
        return data

    def encode_focus(self, gained: bool) -> bytes:
        """Encode a change of focus; empty if the program did not ask to be told."""
        if not self._terminal.mode(1004):
            return b""
        return b"\x1b[I" if gained else b"\x1b[O"


def _clamped(cols: int, rows: int) -> tuple[int, int]:
    return max(MIN_COLS, min(cols, MAX_COLS)), max(MIN_ROWS, min(rows, MAX_ROWS))
