"""Pasting: at once where the program knows a paste for what it is, else after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal.paste import MOST_BYTES, Pasted
from mnix_tui.ui.terminal.paste_question import Answer, PasteQuestion
from mnix_tui.ui.typeahead import HoldsKeys

if TYPE_CHECKING:
    from textual import events

    from mnix_tui.ui.terminal.decorating import Decorating as _Base
else:
    _Base = object


class Pasting(_Base):
    """The pasting part of TerminalView."""

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        raise NotImplementedError

    def follow(self) -> None:
        """Show the newest output again."""
        raise NotImplementedError

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, or ask first."""
        event.stop()
        event.prevent_default()
        if self.copying is not None:
            if self.copying.search.edit is None:
                self.tell("not pasted: q leaves copy mode")
            else:
                self.copying.search.paste(event.text)
            return
        self.paste(event.text)

    def paste(self, text: str) -> None:
        """Send text as a paste: in brackets if the program asked for them, after a question if not."""
        pasted = Pasted(text)
        if not text:
            return
        if pasted.size > MOST_BYTES:
            self.tell(f"not pasted: more than {MOST_BYTES >> 20} MiB")
            return
        modes = self.emulator.modes
        if modes.bracketed_paste or modes.alternate_screen or not pasted.doubtful:
            self._send_paste(text)
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None and self.is_attached:
                self._send_paste(pasted.one_line if answer == "line" else text)

        if isinstance(self.app, HoldsKeys):
            self.app.drop_keys()  # what was typed for something else may not answer it
        self.app.push_screen(PasteQuestion(pasted), answered)

    def _send_paste(self, text: str) -> None:
        self.follow()
        self.send(self.emulator.encode_paste(text))
