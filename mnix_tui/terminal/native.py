"""Every call into the native library.

A wrong out-type corrupts the heap, so each data key is read by one method here with its own type.
"""

from __future__ import annotations

import struct
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.grid import Colour, Cursor, CursorShape, Scroll, Style
from mnix_tui.terminal.keys import KeyEvent, MouseButton, MouseEvent
from mnix_tui.terminal.library import library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CELL_PIXELS = (8, 16)
_STYLE = struct.Struct("<8xi4x3B5xi4x3B5x16x8?i4x")


@lru_cache(maxsize=8192)
def parse_style(raw: bytes) -> Style:
    """Read a GhosttyStyle. True-colour programs make thousands: hence the cache."""
    fg, fr, fgreen, fb, bg, br, bgreen, bb, *flags = _STYLE.unpack(raw)
    bold, italic, faint, blink, inverse, invisible, strike, overline, underline = flags
    return Style(
        foreground=_colour(fg, fr, fgreen, fb),
        background=_colour(bg, br, bgreen, bb),
        bold=bold,
        dim=faint,
        italic=italic,
        underline=underline != 0,
        blink=blink,
        reverse=inverse,
        hidden=invisible,
        strike=strike,
        overline=overline,
    )


def _colour(tag: int, red: int, green: int, blue: int) -> Colour:
    if tag == 2:
        return (red, green, blue)
    return red if tag == 1 else None  # a palette index is in the union's first byte


class Terminal:
    """One native terminal: bytes in, modes and view out. Callbacks must not call back into it."""

    def __init__(self, cols: int, rows: int, scrollback_bytes: int) -> None:
        native = library()
        self._ffi, self._lib, self._calls = native.ffi, native.lib, native
        out = self._ffi.new("GhosttyTerminal*")
        _check(self._lib.ghostty_terminal_new(self._ffi.NULL, out, cols, rows), "new terminal")
        self.handle = out[0]
        _freed_with(self, self._lib.ghostty_terminal_free, self.handle)
        self._kept: list[Any] = []
        self.size = (cols, rows)
        self._set("SCROLLBACK_MAX_BYTES", self._ffi.new("size_t*", scrollback_bytes))
        # Only the byte limit counts: a line limit as well makes feeding five times slower.
        self._set("SCROLLBACK_MAX_LINES", self._ffi.NULL)
        # No pictures, so that no program is told that it can show some.
        self._set("KITTY_IMAGE_STORAGE_LIMIT", self._ffi.new("uint64_t*", 0))
        name = self._ffi.new("char[]", b"xterm-256color")
        self._set("TERMINFO_NAME", self._ffi.new("GhosttyString*", (name, len(name) - 1)))

    def _set(self, option: str, value: Any) -> None:
        key = getattr(self._lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        _check(self._lib.ghostty_terminal_set(self.handle, key, value), option)

    def _get(self, key: int, out: Any) -> bool:
        return bool(self._lib.ghostty_terminal_get(self.handle, key, out) == 0)

    def on(self, option: str, ctype: str, function: Callable[..., Any], error: Any = None) -> None:
        """Install a callback; it lives as long as the terminal. ``error`` is what it gives then."""
        callback = self._ffi.callback(ctype, function, error=error)
        self._kept.append(callback)
        self._set(option, callback)

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
        """Set the default colours, which OSC 10 and 11 queries are answered with."""
        self._set("COLOR_FOREGROUND", self._ffi.new("GhosttyColorRgb*", foreground))
        self._set("COLOR_BACKGROUND", self._ffi.new("GhosttyColorRgb*", background))

    def feed(self, data: bytes) -> None:
        """Let the terminal interpret bytes. The GIL is released meanwhile."""
        self._lib.ghostty_terminal_vt_write(self.handle, data, len(data))

    def resize(self, cols: int, rows: int) -> None:
        """Change the size; lines of the primary screen are wrapped anew."""
        self.size = (cols, rows)
        _check(
            self._lib.ghostty_terminal_resize(self.handle, cols, rows, *CELL_PIXELS),
            "resize",
        )

    def mode(self, number: int) -> bool:
        """Whether a DEC private mode is set."""
        out = self._ffi.new("GhosttyTerminalModeConfig*")
        out.mode = number
        return self._get(self._lib.GHOSTTY_TERMINAL_DATA_MODE, out) and bool(out.value)

    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        out = self._ffi.new("GhosttyTerminalScreen*")
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

    def scroll(self, lines: int | None) -> None:
        """Move the view by lines, up if negative; None goes to the bottom."""
        out = self._ffi.new("MnixScrollViewport*")
        out.tag = (
            self._lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM
            if lines is None
            else self._lib.GHOSTTY_SCROLL_VIEWPORT_DELTA
        )
        out.value = lines or 0
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


class View:
    """A captured picture of a terminal's visible rows, with what changed since the last one."""

    def __init__(self, terminal: Terminal) -> None:
        native = library()
        ffi, lib = self._ffi, self._lib = native.ffi, native.lib
        self._terminal = terminal
        state, rows, cells = (
            ffi.new(f"GhosttyRenderState{kind}*") for kind in ("", "RowIterator", "RowCells")
        )
        _check(lib.ghostty_render_state_new(ffi.NULL, state), "new view")
        _freed_with(self, lib.ghostty_render_state_free, state[0])
        _check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, rows), "new row iterator")
        _freed_with(self, lib.ghostty_render_state_row_iterator_free, rows[0])
        _check(lib.ghostty_render_state_row_cells_new(ffi.NULL, cells), "new cells")
        _freed_with(self, lib.ghostty_render_state_row_cells_free, cells[0])
        self._state, self._rows, self._cells = state[0], rows, cells
        self._y = ffi.new("uint16_t*")
        self._id = ffi.new("GhosttyRenderStateRowId*")
        self._view = ffi.new("GhosttyCellsView*")
        self._style = ffi.new("GhosttyStyle*")
        self._style.size = ffi.sizeof("GhosttyStyle")
        self._text = ffi.new("uint8_t[]", 256)
        self._buffer = ffi.new("GhosttyBuffer*")
        self._cursor = ffi.new("GhosttyRenderStateCursor*")
        self._cursor.size = ffi.sizeof("GhosttyRenderStateCursor")

    def update(self) -> None:
        """Capture the terminal as it is now."""
        _check(self._lib.ghostty_render_state_update(self._state, self._terminal.handle), "capture")

    def changed(self) -> Iterator[int]:
        """Go through the changed rows; each is the current one until the next step."""
        lib = self._lib
        key = lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR
        _check(lib.ghostty_render_state_get(self._state, key, self._rows), "rows")
        iterator = self._rows[0]
        while lib.ghostty_render_state_row_iterator_next_dirty(iterator, self._y):
            yield self._y[0]

    def clean(self) -> None:
        """Note that all changed rows were read."""
        _check(self._lib.ghostty_render_state_clean(self._state), "clean")

    def _row(self, key: int, out: Any) -> None:
        _check(self._lib.ghostty_render_state_row_get(self._rows[0], key, out), "row")

    def row_id(self) -> tuple[int, int]:
        """The current row's identity, which it keeps when it scrolls."""
        self._row(self._lib.GHOSTTY_RENDER_STATE_ROW_DATA_ID, self._id)
        return self._id.bits[0], self._id.bits[1]

    def row_cells(self) -> bytes:
        """The current row's packed cells; also makes it the row of ``style`` and ``grapheme``."""
        self._row(self._lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, self._view)
        self._row(self._lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells)
        return bytes(self._ffi.buffer(self._view.ptr, self._view.len * 8))

    def _cell(self, x: int, key: int, out: Any) -> None:
        lib, cells = self._lib, self._cells[0]
        _check(lib.ghostty_render_state_row_cells_select(cells, x), "select")
        _check(lib.ghostty_render_state_row_cells_get(cells, key, out), "cell")

    def style(self, x: int) -> Style:
        """The style of the current row's cell at ``x``."""
        self._cell(x, self._lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, self._style)
        return parse_style(self._ffi.buffer(self._style)[:])

    def grapheme(self, x: int) -> str:
        """The text of a cell that has several code points; at most 256 bytes of it."""
        out = self._buffer
        out.ptr, out.cap, out.len = self._text, len(self._text), 0
        try:
            self._cell(x, self._lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_UTF8, out)
        except RuntimeError:
            # Longer than any real character: a flood of combining marks.
            return "\ufffd"
        return bytes(self._ffi.buffer(self._text, out.len)).decode("utf-8", "replace")

    def cursor(self) -> Cursor:
        """The cursor as captured."""
        out = self._cursor
        key = self._lib.GHOSTTY_RENDER_STATE_DATA_CURSOR
        _check(self._lib.ghostty_render_state_get(self._state, key, out), "cursor")
        if not out.viewport_has_value:
            return Cursor(visible=False)
        x = out.viewport_x - (1 if out.wide_tail else 0)
        return Cursor(x, out.viewport_y, bool(out.visible), CursorShape(out.visual_style))


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
            _check(getattr(lib, f"ghostty_{kind}_new")(ffi.NULL, out), kind)
            _freed_with(self, getattr(lib, f"ghostty_{kind}_free"), out[0])
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
        _check(call(encoder, event, self._out, len(self._out), self._length), "encode")
        return bytes(self._ffi.buffer(self._out, self._length[0]))


def _check(result: int, what: str) -> None:
    if result:
        raise RuntimeError(f"libghostty: {what} failed ({result})")


def _freed_with(owner: object, free: Callable[..., Any], handle: Any) -> None:
    # Not at exit: the process frees it all then, and callbacks may already be gone.
    weakref.finalize(owner, free, handle).atexit = False
