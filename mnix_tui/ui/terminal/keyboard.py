"""The terminal's keyboard: every key goes to the program, but for one leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.domain.leader import DEFAULT, Leader, parse_leader
from mnix_tui.keyboard.keys import KeyAction, KeyEvent
from mnix_tui.ui.input.driver import TerminalDriver
from mnix_tui.ui.input.keymap import key_event, textual_key
from mnix_tui.ui.input.passing import RawKey

if TYPE_CHECKING:
    from textual import events

    from mnix_tui.terminal import Emulator
    from mnix_tui.ui.terminal.drawing import Drawing as _Base
else:
    _Base = object

_MODIFIER_KEYS = ("_shift", "_control", "_alt", "_super", "_hyper", "_meta", "_lock")


class KeyboardHandling(_Base):
    """The keyboard half of TerminalView."""

    emulator: Emulator
    _leader: Leader = parse_leader(DEFAULT)
    _leader_pressed = False

    @property
    def leader(self) -> str:
        """The name of the one key that is not the program's."""
        return self._leader.name

    @leader.setter
    def leader(self, name: str) -> None:
        self._leader = parse_leader(name)

    # -- what the view adds ---------------------------------------------------------------

    @property
    def keeps_keys(self) -> bool:
        """Whether keys are for the view itself at present, as when it is searched through."""
        return False

    def own_key(self, key: str, character: str | None) -> None:
        """Take a key, by Textual's name for it, while the view keeps them."""

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

    # -- keys -----------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Claim every key, so that no binding of the app or a screen takes it from the shell."""
        return True

    def on_key(self, event: events.Key) -> None:
        """Take a key that came through Textual's queues."""
        event.stop()
        event.prevent_default()
        if isinstance(event, RawKey):
            event.arrived()
            self.take_key(event.raw)
        elif self._is_leader_name(event.key):
            self._press_leader(key_event(event.key, event.character))
        elif self._leader_pressed:
            self._after_leader(event.key, event.character)
        elif self.keeps_keys:
            self.own_key(event.key, event.character)
        elif (key := key_event(event.key, event.character)) is not None:
            self._send_key(key)

    def take_key(self, event: KeyEvent) -> None:
        """Send a key to the program; the leader and the key after it go to the screen."""
        if event.raw and self._leader.pattern.fullmatch(event.raw):
            self._press_leader(event)
        elif event.action is KeyAction.RELEASE or event.key.endswith(_MODIFIER_KEYS):
            if not self.keeps_keys:
                self._send_key(event)
        elif self._leader_pressed:
            self._after_leader(*textual_key(event))
        elif self.keeps_keys:
            self.own_key(*textual_key(event))
        else:
            self._send_key(event)

    @property
    def leader_pressed(self) -> bool:
        """Whether the next key is for the screen, unless it is the leader again."""
        return self._leader_pressed

    def is_leader(self, event: events.Key) -> bool:
        """Whether this key is the leader."""
        if not isinstance(event, RawKey):
            return self._is_leader_name(event.key)
        return bool(event.raw.raw and self._leader.pattern.fullmatch(event.raw.raw))

    @staticmethod
    def is_press(event: events.Key) -> bool:
        """Whether this is more than a modifier, or a key that is let go."""
        if not isinstance(event, RawKey):
            return True
        raw = event.raw
        return raw.action is not KeyAction.RELEASE and not raw.key.endswith(_MODIFIER_KEYS)

    def _is_leader_name(self, key: str) -> bool:
        return key == self._leader.name

    def _press_leader(self, event: KeyEvent | None) -> None:
        self._leader_pressed = not self._leader_pressed
        self.leader_changed(self._leader_pressed)
        if not self._leader_pressed and event is not None and not self.keeps_keys:
            self._send_key(event)

    def _after_leader(self, key: str, character: str | None) -> None:
        self._leader_pressed = False
        self.leader_changed(False)
        self.leader_key(key, character)

    def drop_leader(self) -> None:
        """Wait no longer for the key after the leader."""
        if self._leader_pressed:
            self._leader_pressed = False
            self.leader_changed(False)

    def _send_key(self, event: KeyEvent) -> None:
        data = self.emulator.encode_key(event)
        if data:
            if event.action is not KeyAction.RELEASE:
                self.follow()
            self.send(data)

    # -- the outer terminal's keyboard ----------------------------------------------------

    def _schedule(self) -> None:
        # Called for everything that was interpreted: it may have changed how keys are wanted.
        if self.has_focus:
            self._set_keyboard(True)
        super()._schedule()

    def on_focus(self) -> None:
        """Have keys sent as the program wants them."""
        self._set_keyboard(True)

    def on_blur(self) -> None:
        """Have keys sent as the dashboard wants them."""
        self._set_keyboard(False)

    def on_unmount(self) -> None:
        """Have keys sent as the dashboard wants them."""
        if self.has_focus:
            self._set_keyboard(False)

    def _set_keyboard(self, focused: bool) -> None:
        driver = self.app._driver
        if isinstance(driver, TerminalDriver):
            driver.follow_keyboard(self.emulator.key_modes if focused else None)
