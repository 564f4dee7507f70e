"""The terminal's keyboard: every key goes to the program, but for one leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui.terminal.keymap import key_event, raw_bytes

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget as _Base

    from mnix_tui.terminal import Emulator
else:
    _Base = object


class KeyboardHandling(_Base):
    """The keyboard half of TerminalView."""

    emulator: Emulator
    leader: str
    _leader_pressed = False

    def leader_changed(self, active: bool) -> None:
        """Tell that the leader was pressed and a key is awaited, or no longer is."""
        raise NotImplementedError

    def leader_key(self, key: str, character: str | None) -> None:
        """Tell which key followed the leader."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        raise NotImplementedError

    def follow(self) -> None:
        """Show the newest output again."""
        raise NotImplementedError

    def scroll_history(self, lines: int) -> None:
        """Move through the history."""
        raise NotImplementedError

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Claim every key, so that no binding of the app or a screen takes it from the shell."""
        return True

    def on_key(self, event: events.Key) -> None:
        """Send a key to the program; the leader and the key after it go to the screen."""
        event.stop()
        event.prevent_default()
        if self._leader_pressed:
            self._leader_pressed = False
            self.leader_changed(False)
            if event.key != self.leader:
                self.leader_key(event.key, event.character)
                return
        elif event.key == self.leader:
            self._leader_pressed = True
            self.leader_changed(True)
            return
        if not self._scroll_key(event.key):
            self._send_key(event)

    def _send_key(self, event: events.Key) -> None:
        extended = self.emulator.modes.kitty_keyboard
        data = b"" if extended else raw_bytes(event.key, event.character)
        if not data:
            key = key_event(event.key, event.character, extended=extended)
            data = self.emulator.encode_key(key) if key is not None else b""
        if data:
            self.follow()
            self.send(data)

    def _scroll_key(self, key: str) -> bool:
        if key not in ("shift+pageup", "shift+pagedown") or self.emulator.modes.alternate_screen:
            return False
        self.scroll_history((self.size.height - 1 or 1) * (-1 if key == "shift+pageup" else 1))
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, in brackets if the program asked for them."""
        event.stop()
        event.prevent_default()
        self.follow()
        self.send(self.emulator.encode_paste(event.text))

    def drop_leader(self) -> None:
        """Wait no longer for the key after the leader."""
        if self._leader_pressed:
            self._leader_pressed = False
            self.leader_changed(False)
