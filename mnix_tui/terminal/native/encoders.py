"""The mouse to bytes, and how a program wants its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.keys import KeyModes, Modifiers, MouseButton, MouseEvent
from mnix_tui.terminal.native.calls import CELL_PIXELS, check, freed_with
from mnix_tui.terminal.native.library import library

if TYPE_CHECKING:
    from mnix_tui.terminal.native.terminal import Terminal


class Encoders:
    """The mouse to bytes, and the keyboard's modes, following a terminal."""

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
        self._make_probe()

    def key_modes(self) -> KeyModes:
        """How the program wants its keys now."""
        mode, flags = self._terminal.mode, self._flags
        known = self._lib.ghostty_terminal_get(self._terminal.handle, self._flags_key, flags) == 0
        return KeyModes(
            kitty=flags[0] if known else 0,
            cursor=mode(1),
            keypad=mode(66),
            backarrow=mode(67),
            other_keys=self._other_keys(),
        )

    def _other_keys(self) -> bool:
        # The library tells this mode to nobody but its own encoder, so that one is asked how it
        # would encode a key (ctrl+shift+h) that comes out differently.
        lib = self._lib
        lib.ghostty_key_encoder_setopt_from_terminal(self._keys, self._terminal.handle)
        lib.ghostty_key_encoder_setopt(
            self._keys, lib.GHOSTTY_KEY_ENCODER_OPT_KITTY_FLAGS, self._no_flags
        )
        encoded = self._encoded(lib.ghostty_key_encoder_encode, self._keys, self._key)
        return encoded.startswith(b"\x1b[27;")

    def _make_probe(self) -> None:
        lib, key = self._lib, self._key
        self._flags_key = lib.GHOSTTY_TERMINAL_DATA_KITTY_KEYBOARD_FLAGS
        self._flags, self._no_flags = self._ffi.new("uint8_t*"), self._ffi.new("uint8_t*", 0)
        self._probe_text = self._ffi.new("char[]", b"H")
        lib.ghostty_key_event_set_action(key, lib.GHOSTTY_KEY_ACTION_PRESS)
        lib.ghostty_key_event_set_key(key, lib.GHOSTTY_KEY_H)
        lib.ghostty_key_event_set_mods(key, Modifiers(shift=True, ctrl=True).bits)
        lib.ghostty_key_event_set_utf8(key, self._probe_text, 1)
        lib.ghostty_key_event_set_unshifted_codepoint(key, ord("h"))

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
