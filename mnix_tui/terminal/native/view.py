"""A captured picture of a terminal's visible rows."""

from __future__ import annotations

from functools import partial
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.grid import Cursor, CursorShape, Style
from mnix_tui.terminal.native.calls import check, freed_with
from mnix_tui.terminal.native.history import LINK_BYTES
from mnix_tui.terminal.native.library import library
from mnix_tui.terminal.native.style import STYLE_BYTES, parse_style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.terminal.native.terminal import Terminal


class View:
    """A captured picture of a terminal's visible rows, with what changed since the last one."""

    def __init__(self, terminal: Terminal) -> None:
        native = library()
        ffi, lib = self._ffi, self._lib = native.ffi, native.lib
        self._terminal = terminal
        state, rows, cells = (
            ffi.new(f"GhosttyRenderState{kind}*") for kind in ("", "RowIterator", "RowCells")
        )
        check(lib.ghostty_render_state_new(ffi.NULL, state), "new view")
        freed_with(self, lib.ghostty_render_state_free, state[0])
        check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, rows), "new row iterator")
        freed_with(self, lib.ghostty_render_state_row_iterator_free, rows[0])
        check(lib.ghostty_render_state_row_cells_new(ffi.NULL, cells), "new cells")
        freed_with(self, lib.ghostty_render_state_row_cells_free, cells[0])
        self._state, self._rows, self._cells = state[0], rows, cells
        self._y = ffi.new("uint16_t*")
        self._id = ffi.new("GhosttyRenderStateRowId*")
        self._view = ffi.new("GhosttyCellsView*")
        self._style = ffi.new("GhosttyStyle*")
        self._style.size = STYLE_BYTES
        self._many = ffi.new("GhosttyStyle[]", 0)
        self._each: list[Any] = []
        self._text = ffi.new("uint8_t[]", 256)
        self._buffer = ffi.new("GhosttyBuffer*")
        self._cursor = ffi.new("GhosttyRenderStateCursor*")
        self._cursor.size = ffi.sizeof("GhosttyRenderStateCursor")

    def update(self) -> None:
        """Capture the terminal as it is now."""
        check(self._lib.ghostty_render_state_update(self._state, self._terminal.handle), "capture")

    def changed(self) -> Iterator[int]:
        """Go through the changed rows; each is the current one until the next step."""
        lib = self._lib
        key = lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR
        check(lib.ghostty_render_state_get(self._state, key, self._rows), "rows")
        iterator = self._rows[0]
        while lib.ghostty_render_state_row_iterator_next_dirty(iterator, self._y):
            yield self._y[0]

    def clean(self) -> None:
        """Note that all changed rows were read."""
        check(self._lib.ghostty_render_state_clean(self._state), "clean")

    def _row(self, key: int, out: Any) -> None:
        check(self._lib.ghostty_render_state_row_get(self._rows[0], key, out), "row")

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
        check(lib.ghostty_render_state_row_cells_select(cells, x), "select")
        check(lib.ghostty_render_state_row_cells_get(cells, key, out), "cell")

    def style(self, x: int) -> Style:
        """The style of the current row's cell at ``x``."""
        self._cell(x, self._lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, self._style)
        return parse_style(self._ffi.buffer(self._style)[:])

    def styles(self) -> bytes:
        """The packed styles of all of the current row's cells: one by one would take far longer."""
        ffi, lib, cells = self._ffi, self._lib, self._cells[0]
        if len(self._many) < self._view.len:
            self._many = ffi.new("GhosttyStyle[]", self._view.len)
            for x in range(self._view.len):
                self._many[x].size = STYLE_BYTES
            self._each = [self._many + x for x in range(self._view.len)]
        self._row(lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells)
        step = iter(partial(lib.ghostty_render_state_row_cells_next, cells), False)
        # Moves on to each cell and reads it, without a bytecode between: half the time.
        results = map(
            lib.ghostty_render_state_row_cells_get,
            repeat(cells),
            repeat(lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE),
            compress(self._each, step),
        )
        if any(results):
            raise RuntimeError("libghostty: styles failed")
        return bytes(ffi.buffer(self._many, self._view.len * STYLE_BYTES))

    def links(self, y: int, columns: list[int]) -> list[str]:
        """The addresses of links (OSC 8), by the cells of a visible row, as they are right now."""
        ffi, lib, native = self._ffi, self._lib, library()
        point, ref = ffi.new("GhosttyPointS*"), ffi.new("GhosttyGridRef*")
        point.tag, point.value.y = lib.GHOSTTY_POINT_TAG_VIEWPORT, y
        ref.size = ffi.sizeof("GhosttyGridRef")
        uri, size = ffi.new("uint8_t[]", LINK_BYTES), ffi.new("size_t*")
        found = []
        for x in columns:
            point.value.x = x
            known = (
                native.grid_ref(self._terminal.handle, point[0], ref) == 0
                and lib.ghostty_grid_ref_hyperlink_uri(ref, uri, LINK_BYTES, size) == 0
            )
            text = bytes(ffi.buffer(uri, size[0])).decode("utf-8", "replace") if known else ""
            found.append(text if text.isprintable() else "")
        return found

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
        check(self._lib.ghostty_render_state_get(self._state, key, out), "cursor")
        if not out.viewport_has_value:
            return Cursor(visible=False)
        x = out.viewport_x - (1 if out.wide_tail else 0)
        shape = CursorShape(out.visual_style)
        return Cursor(x, out.viewport_y, bool(out.visible), shape, bool(out.blinking))
