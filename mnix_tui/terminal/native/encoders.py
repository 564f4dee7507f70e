"""Keys, mouse and focus to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.keys import KeyEvent, MouseButton, MouseEvent
from mnix_tui.terminal.native.calls import CELL_PIXELS, check, freed_with
from mnix_tui.terminal.native.library import library

if TYPE_CHECKING:
    from mnix_tui.terminal.native.terminal import Terminal


class Encoders:
    """Keys, mouse and focus to bytes, following a terminal's modes."""

    def __init__(self, terminal: Terminal) -> None:
        native = library()
        ffi, lib = self._ffi, self._lib = native.ffi, native.lib
        self._terminal = terminal
        made = []
        for kind in ("key_encoder", "key_event", "mouse_encoder", "mouse_event"):
            ctype = "Ghostty" + "".join(part.title() for part in kind.split("_"))
            out = ffi.new(f"{ctype}*")
            check(getattr(lib, f"ghostty_{kind}_new")(ffi.NULL, out), kind)
            freed_with(self, getattr(lib, f"ghostty_{kind}_free"), out[0])
            made.append(out[0])
        self._keys, self._key, self._mice, self._mouse = made
        self._out = ffi.new("char[]", 128)
        self._length = ffi.new("size_t*")

    def key(self, event: KeyEvent) -> bytes:
        """Encode a key press."""
        lib, key = self._lib, self._key
        name = f"GHOSTTY_KEY_{event.key.upper()}" if event.key else "GHOSTTY_KEY_UNIDENTIFIED"
        text = self._ffi.new("char[]", event.text.encode("utf-8", "replace"))
        lib.ghostty_key_encoder_setopt_from_terminal(self._keys, self._terminal.handle)
        lib.ghostty_key_event_set_action(key, lib.GHOSTTY_KEY_ACTION_PRESS)
        lib.ghostty_key_event_set_key(key, getattr(lib, name, lib.GHOSTTY_KEY_UNIDENTIFIED))
        lib.ghostty_key_event_set_mods(key, event.modifiers.bits)
        lib.ghostty_key_event_set_consumed_mods(
            key, int(event.modifiers.shift and event.text != event.base)
        )
        lib.ghostty_key_event_set_utf8(key, text, len(text) - 1)
        base = ord(event.base) if len(event.base) == 1 else 0
        lib.ghostty_key_event_set_unshifted_codepoint(key, base)
        encoded = self._encoded(lib.ghostty_key_encoder_encode, self._keys, key)
        lib.ghostty_key_event_set_utf8(key, self._ffi.NULL, 0)
        return encoded

    def mouse(self, event: MouseEvent, held: bool) -> bytes:
        """Encode a mouse event, or nothing if the program didn't ask for this kind."""
        ffi, lib, encoder = self._ffi, self._lib, self._mice
        cols, rows = self._terminal.size
        width, height = CELL_PIXELS
        lib.ghostty_mouse_encoder_setopt_from_terminal(encoder, self._terminal.handle)
        size = ffi.new("GhosttyMouseEncoderSize*")
        size.size = ffi.sizeof("GhosttyMouseEncoderSize")
        size.screen_width, size.screen_height = cols * width, rows * height
        size.cell_width, size.cell_height = width, height
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, size)
        lib.ghostty_mouse_encoder_setopt(
            encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, ffi.new("bool*", held)
        )
        lib.ghostty_mouse_event_set_action(self._mouse, event.action.value)
        if event.button is MouseButton.NONE:
            lib.ghostty_mouse_event_clear_button(self._mouse)
        else:
            lib.ghostty_mouse_event_set_button(self._mouse, event.button.value)
        lib.ghostty_mouse_event_set_mods(self._mouse, event.modifiers.bits)
        position = ffi.new("GhosttyMousePosition*")
        position.x, position.y = (event.x + 0.5) * width, (event.y + 0.5) * height
        lib.ghostty_mouse_event_set_position(self._mouse, position[0])
        return self._encoded(lib.ghostty_mouse_encoder_encode, encoder, self._mouse)

    def _encoded(self, call: Any, encoder: Any, event: Any) -> bytes:
        check(call(encoder, event, self._out, len(self._out), self._length), "encode")
        return bytes(self._ffi.buffer(self._out, self._length[0]))
