"""What a program asks of its terminal beside drawing: reported, or answered as a terminal does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.native.library import library

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal.native.terminal import Terminal

CLIPBOARD_BYTES = 1024 * 1024
_ATTRIBUTES = (22, 52)
"""What DA1 tells beside the level (VT220): ANSI colours, and that OSC 52 can write."""
_LEVEL = 62


class Requests:
    """Installs a terminal's callbacks. They must not call back into it but to read."""

    def __init__(self, terminal: Terminal, version: str) -> None:
        native = library()
        self._ffi, self._lib, self._terminal = native.ffi, native.lib, terminal
        new = self._ffi.new
        # One transaction of kitty's clipboard protocol is kept in memory: 64 MiB by default.
        terminal.set_option("CLIPBOARD_WRITE_MAX_BYTES", new("size_t*", CLIPBOARD_BYTES))
        terminal.set_option("GLYPH_PROTOCOL", new("bool*", False))
        terminal.set_option("APC_MAX_BYTES", new("size_t*", 64 * 1024))
        self._answer_version(version.encode("ascii", "replace"))
        self._answer_attributes()

    def _string(self, value: Any) -> bytes:
        return bytes(self._ffi.buffer(value.ptr, value.len)[:]) if value.len else b""

    def on_directory(self, function: Callable[[bytes], None]) -> None:
        """Report what a shell says about its directory (OSC 7, OSC 9;9, OSC 1337;CurrentDir)."""
        ffi, lib = self._ffi, self._lib

        def changed(terminal: Any, _userdata: Any) -> None:
            out = ffi.new("GhosttyString*")
            if lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_PWD, out) == 0:
                function(self._string(out))

        self._terminal.on("PWD_CHANGED", "GhosttyTerminalPwdChangedFn", changed)

    def on_clipboard(self, function: Callable[[bytes], None]) -> None:
        """Report text for the clipboard. Reading it has no callback, and so no answer."""
        ffi = self._ffi
        reply = ffi.new("GhosttyClipboardWriteReply*")
        reply.size = ffi.sizeof("GhosttyClipboardWriteReply")
        reply.result = self._lib.GHOSTTY_CLIPBOARD_WRITE_RESULT_SUCCESS

        def write(_terminal: Any, _userdata: Any, request: Any) -> None:
            for index in range(request.contents_len):
                content = request.contents[index]
                if self._string(content.mime).startswith(b"text/plain"):
                    function(self._string(content.data))
                    # Only kitty's protocol hears this; whether the user agrees comes later.
                    request.reply(request, reply)
                    return

        self._terminal.on("CLIPBOARD_WRITE", "GhosttyTerminalClipboardWriteFn", write)

    def on_notification(self, function: Callable[[bytes, bytes], None]) -> None:
        """Report a title (may be empty) and a body that the user should see (OSC 9, OSC 777)."""
        self._terminal.on(
            "DESKTOP_NOTIFICATION",
            "GhosttyTerminalDesktopNotificationFn",
            lambda _t, _u, shown: function(self._string(shown.title), self._string(shown.body)),
        )

    def _answer_version(self, version: bytes) -> None:
        text = self._ffi.new("char[]", version)
        answer = self._ffi.new("GhosttyString*", (text, len(version)))[0]
        self._kept = (text, answer)
        self._terminal.on("XTVERSION", "GhosttyTerminalXtversionFn", lambda _t, _u: answer)

    def _answer_attributes(self) -> None:
        def answer(_terminal: Any, _userdata: Any, out: Any) -> bool:
            out.primary.conformance_level = _LEVEL
            for index, feature in enumerate(_ATTRIBUTES):
                out.primary.features[index] = feature
            out.primary.num_features = len(_ATTRIBUTES)
            out.secondary.device_type, out.secondary.firmware_version = 1, 10
            out.secondary.rom_cartridge = 0
            out.tertiary.unit_id = 0
            return True

        self._terminal.on(
            "DEVICE_ATTRIBUTES", "GhosttyTerminalDeviceAttributesFn", answer, error=False
        )
