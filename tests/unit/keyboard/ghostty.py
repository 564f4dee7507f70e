"""Another terminal's keyboard: libghostty's own encoder, to hold ours against."""

from __future__ import annotations

from functools import cache
from typing import Any

from mnix_tui.keyboard.keys import KeyAction, KeyEvent, KeyModes
from mnix_tui.terminal.native.library import library

_NAMES = {"left_": "{}_LEFT", "right_": "{}_RIGHT"}
_PLACES = {
    **{letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{digit: f"DIGIT_{digit}" for digit in "0123456789"},
    **dict(
        zip(
            "`\\[],=-.';/ ",
            (
                *("BACKQUOTE", "BACKSLASH", "BRACKET_LEFT", "BRACKET_RIGHT", "COMMA", "EQUAL"),
                *("MINUS", "PERIOD", "QUOTE", "SEMICOLON", "SLASH", "SPACE"),
            ),
            strict=True,
        )
    ),
}


class Ghostty:
    """Encodes keys in one setting of the modes."""

    def __init__(self, modes: KeyModes) -> None:
        native = library()
        self._ffi, self._lib = native.ffi, native.lib
        self._encoder = self._new("key_encoder", "GhosttyKeyEncoder")
        self._key = self._new("key_event", "GhosttyKeyEvent")
        self._set("CURSOR_KEY_APPLICATION", "bool*", modes.cursor)
        self._set("KEYPAD_KEY_APPLICATION", "bool*", modes.keypad)
        self._set("ALT_ESC_PREFIX", "bool*", True)
        self._set("MODIFY_OTHER_KEYS_STATE_2", "bool*", modes.other_keys)
        self._set("BACKARROW_KEY_MODE", "bool*", modes.backarrow)
        self._set("KITTY_FLAGS", "uint8_t*", modes.kitty)

    def _new(self, kind: str, ctype: str) -> Any:
        out = self._ffi.new(f"{ctype}*")
        assert getattr(self._lib, f"ghostty_{kind}_new")(self._ffi.NULL, out) == 0
        return out[0]

    def _set(self, name: str, ctype: str, value: int) -> None:
        option = getattr(self._lib, f"GHOSTTY_KEY_ENCODER_OPT_{name}")
        self._lib.ghostty_key_encoder_setopt(self._encoder, option, self._ffi.new(ctype, value))

    def encode(self, event: KeyEvent) -> bytes:
        """Return what this terminal sends for a key."""
        lib, key = self._lib, self._key
        actions = {
            KeyAction.PRESS: lib.GHOSTTY_KEY_ACTION_PRESS,
            KeyAction.REPEAT: lib.GHOSTTY_KEY_ACTION_REPEAT,
            KeyAction.RELEASE: lib.GHOSTTY_KEY_ACTION_RELEASE,
        }
        lib.ghostty_key_event_set_action(key, actions[event.action])
        lib.ghostty_key_event_set_key(key, getattr(lib, f"GHOSTTY_KEY_{place(event)}"))
        held = event.modifiers
        lib.ghostty_key_event_set_mods(key, held.bits | held.caps_lock << 4 | held.num_lock << 5)
        lib.ghostty_key_event_set_consumed_mods(key, int(held.shift and event.text != event.base))
        text = self._ffi.new("char[]", event.text.encode())
        lib.ghostty_key_event_set_utf8(key, text, len(text) - 1)
        lib.ghostty_key_event_set_unshifted_codepoint(key, ord(event.base) if event.base else 0)
        out, size = self._ffi.new("char[]", 128), self._ffi.new("size_t*")
        assert lib.ghostty_key_encoder_encode(self._encoder, key, out, 128, size) == 0
        lib.ghostty_key_event_set_utf8(key, self._ffi.NULL, 0)
        return bytes(self._ffi.buffer(out, size[0]))


def place(event: KeyEvent) -> str:
    """Return the library's name of a key."""
    if event.key:
        side, _, name = event.key.partition("_")
        return f"{name.upper()}_{side.upper()}" if side in ("left", "right") else event.key.upper()
    return _PLACES.get(event.layout or event.base, "UNIDENTIFIED")


@cache
def ghostty(modes: KeyModes) -> Ghostty:
    """Return the terminal with these modes."""
    return Ghostty(modes)
