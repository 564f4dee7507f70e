"""One native terminal: bytes in, modes, history and events out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.grid import Scroll
from mnix_tui.terminal.native.calls import CELL_PIXELS, check, freed_with
from mnix_tui.terminal.native.library import library

if TYPE_CHECKING:
    from collections.abc import Callable


class Terminal:
    """One native terminal: bytes in, modes and view out. Callbacks must not call back into it."""

    def __init__(self, cols: int, rows: int) -> None:
        native = library()
        self._ffi, self._lib, self._calls = native.ffi, native.lib, native
        out = self._ffi.new("GhosttyTerminal*")
        check(self._lib.ghostty_terminal_new(self._ffi.NULL, out, cols, rows), "new terminal")
        self.handle = out[0]
        freed_with(self, self._lib.ghostty_terminal_free, self.handle)
        self._kept: list[Any] = []
        self.size = (cols, rows)
        self._screen, self._cols = (
            self._ffi.new("GhosttyTerminalScreen*"),
            self._ffi.new("uint16_t*"),
        )
        # Only the limit of bytes counts: see ``memory``. The library's own is 10 kB.
        self.set_option("SCROLLBACK_MAX_LINES", self._ffi.NULL)
        # No pictures, so that no program is told that it can show some.
        self.set_option("KITTY_IMAGE_STORAGE_LIMIT", self._ffi.new("uint64_t*", 0))
        # Grapheme clustering (mode 2027) stays off until a program asks for it: shells, editors and
        # pagers count the columns of each code point by itself (wcwidth), as tmux and xterm do.
        # Textual draws a joined emoji as one glyph of two columns: the widget takes it apart where
        # the columns would not add up.
        name = self._ffi.new("char[]", b"xterm-256color")
        self.set_option("TERMINFO_NAME", self._ffi.new("GhosttyString*", (name, len(name) - 1)))

    def set_option(self, option: str, value: Any) -> None:
        """Set one of the library's options; the value must have the very type it wants."""
        key = getattr(self._lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(self._lib.ghostty_terminal_set(self.handle, key, value), option)

    def _get(self, key: int, out: Any) -> bool:
        return bool(self._lib.ghostty_terminal_get(self.handle, key, out) == 0)

    def on(self, option: str, ctype: str, function: Callable[..., Any], error: Any = None) -> None:
        """Install a callback; it lives as long as the terminal. ``error`` is what it gives then."""
        callback = self._ffi.callback(ctype, function, error=error)
        self._kept.append(callback)
        self.set_option(option, callback)

    def on_reply(self, function: Callable[[bytes], None]) -> None:
        """Hand over the terminal's answers to queries."""
        buffer = self._ffi.buffer
        self.on(
            "WRITE_PTY",
            "GhosttyTerminalWritePtyFn",
            lambda _t, _u, data, size: function(buffer(data, size)[:]),
        )

    def on_bell(self, function: Callable[[], None]) -> None:
        """Report the bell."""
        self.on("BELL", "GhosttyTerminalBellFn", lambda _t, _u: function())

    def on_title(self, function: Callable[[str], None]) -> None:
        """Report the window's name whenever the program sets it."""
        ffi, lib = self._ffi, self._lib

        def changed(terminal: Any, _userdata: Any) -> None:
            out = ffi.new("GhosttyString*")
            key = lib.GHOSTTY_TERMINAL_DATA_TITLE
            if lib.ghostty_terminal_get(terminal, key, out) == 0:
                text = ffi.buffer(out.ptr, out.len)[:] if out.len else b""
                function(text.decode("utf-8", "replace"))

        self.on("TITLE_CHANGED", "GhosttyTerminalTitleChangedFn", changed)

    def on_size_query(self, size: Callable[[], tuple[int, int]]) -> None:
        """Answer size queries from ``size()``, columns and rows."""

        def answer(_terminal: Any, _userdata: Any, out: Any) -> bool:
            out.columns, out.rows = size()
            out.cell_width, out.cell_height = CELL_PIXELS
            return True

        self.on("SIZE", "GhosttyTerminalSizeFn", answer, error=False)

    def on_scheme_query(self, is_dark: Callable[[], bool]) -> None:
        """Answer whether the colours are light or dark."""

        def answer(_terminal: Any, _userdata: Any, out: Any) -> bool:
            out[0] = int(is_dark())
            return True

        self.on("COLOR_SCHEME", "GhosttyTerminalColorSchemeFn", answer, error=False)

    def on_hold(self, function: Callable[[bool], None]) -> None:
        """Report that synchronized output begins (True) and ends (False)."""
        self.on("RENDER_HOLD", "GhosttyTerminalRenderHoldFn", lambda _t, _u, held: function(held))

    def set_colours(
        self, foreground: tuple[int, int, int], background: tuple[int, int, int]
    ) -> None:
        """Set the default colours, which OSC 10, 11 and 12 queries are answered with."""
        self.set_option("COLOR_FOREGROUND", self._ffi.new("GhosttyColorRgb*", foreground))
        self.set_option("COLOR_CURSOR", self._ffi.new("GhosttyColorRgb*", foreground))
        self.set_option("COLOR_BACKGROUND", self._ffi.new("GhosttyColorRgb*", background))

    def feed(self, data: bytes) -> None:
        """Let the terminal interpret bytes. The GIL is released meanwhile."""
        self._lib.ghostty_terminal_vt_write(self.handle, data, len(data))

    def has_its_size(self) -> bool:
        """Whether the library still has the size that it was given."""
        lib, out = self._lib, self._cols
        return self._get(lib.GHOSTTY_TERMINAL_DATA_COLS, out) and int(out[0]) == self.size[0]

    def resize(self, cols: int, rows: int) -> None:
        """Change the size; lines of the primary screen are wrapped anew."""
        self.size = (cols, rows)
        check(
            self._lib.ghostty_terminal_resize(self.handle, cols, rows, *CELL_PIXELS),
            "resize",
        )

    def limit_history(self, size: int) -> None:
        """Keep history up to so many bytes, uncompressed; what is more is dropped at once."""
        self.set_option("SCROLLBACK_MAX_BYTES", self._ffi.new("size_t*", size))

    def compress(self) -> bool:
        """Compress one more page of history; return whether there may be more to do."""
        lib, out = self._lib, self._ffi.new("GhosttyTerminalCompressionResult*")
        mode = lib.GHOSTTY_TERMINAL_COMPRESSION_MODE_INCREMENTAL
        check(lib.ghostty_terminal_compress(self.handle, mode, out), "compress")
        return bool(out[0] == lib.GHOSTTY_TERMINAL_COMPRESSION_RESULT_PENDING)

    def mode(self, number: int) -> bool:
        """Whether a DEC private mode is set."""
        out = self._ffi.new("GhosttyTerminalModeConfig*")
        out.mode = number
        return self._get(self._lib.GHOSTTY_TERMINAL_DATA_MODE, out) and bool(out.value)

    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        out = self._screen
        self._get(self._lib.GHOSTTY_TERMINAL_DATA_ACTIVE_SCREEN, out)
        return bool(out[0] == self._lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)

    def mouse(self) -> bool:
        """Whether the program wants mouse events."""
        out = self._ffi.new("bool*")
        return self._get(self._lib.GHOSTTY_TERMINAL_DATA_MOUSE_TRACKING, out) and bool(out[0])

    def kitty_keyboard(self) -> bool:
        """Whether the program turned the kitty keyboard protocol on."""
        out = self._ffi.new("uint8_t*")
        return self._get(self._lib.GHOSTTY_TERMINAL_DATA_KITTY_KEYBOARD_FLAGS, out) and out[0] != 0

    def scroll(self, lines: int) -> None:
        """Move the view by lines, up if negative."""
        self._scroll(self._lib.GHOSTTY_SCROLL_VIEWPORT_DELTA, lines)

    def scroll_to(self, row: int) -> None:
        """Put an absolute row at the top of the view."""
        self._scroll(self._lib.GHOSTTY_SCROLL_VIEWPORT_ROW, row)

    def scroll_to_bottom(self) -> None:
        """Let the view follow the screen again."""
        self._scroll(self._lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM, 0)

    def _scroll(self, tag: int, value: int) -> None:
        out = self._ffi.new("MnixScrollViewport*")
        out.tag, out.value = tag, value
        self._calls.scroll_viewport(self.handle, out[0])

    def scrollbar(self) -> Scroll:
        """The view's place in the history."""
        out = self._ffi.new("GhosttyTerminalScrollbar*")
        self._get(self._lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, out)
        return Scroll(out.total, out.offset, out.len)

    def touched_rows(self, rows: int) -> list[bool]:
        """Which visible rows the program wrote to since the view was last captured."""
        ffi, lib, handle, grid_ref = self._ffi, self._lib, self.handle, self._calls.grid_ref
        point = ffi.new("GhosttyPointS*")
        point.tag = lib.GHOSTTY_POINT_TAG_VIEWPORT
        ref = ffi.new("GhosttyGridRef*")
        ref.size = ffi.sizeof("GhosttyGridRef")
        row, dirty = ffi.new("GhosttyRow*"), ffi.new("bool*")
        touched = []
        for y in range(rows):
            point.value.y = y
            known = (
                grid_ref(handle, point[0], ref) == 0
                and lib.ghostty_grid_ref_row(ref, row) == 0
                and lib.ghostty_row_get(row[0], lib.GHOSTTY_ROW_DATA_DIRTY, dirty) == 0
            )
            touched.append(bool(dirty[0]) or not known)
        return touched
