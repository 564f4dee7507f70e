"""All rows of a terminal, those that scrolled out of sight too: text, wraps, links, positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.terminal.native.calls import check, freed_with
from mnix_tui.terminal.native.library import library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.terminal.native.terminal import Terminal

LINK_BYTES = 2048
_CELL_TEXT = 64


class Pin:
    """A place in the primary screen that moves along with what is printed there."""

    def __init__(self, terminal: Terminal, handle: Any) -> None:
        native = library()
        self._lib, self._handle = native.lib, handle
        self._point = native.ffi.new("GhosttyPointCoordinate*")
        # The terminal must outlive its pins: what frees them keeps it.
        freed_with(self, self._lib.ghostty_tracked_grid_ref_free, handle, terminal)

    def row(self) -> int | None:
        """The absolute row, or None once it is gone.

        Rows are those of the pin's own screen, whichever is shown. What was erased together with
        the whole history says row 0.
        """
        lib = self._lib
        tag = lib.GHOSTTY_POINT_TAG_SCREEN
        if not lib.ghostty_tracked_grid_ref_has_value(self._handle):
            return None
        if lib.ghostty_tracked_grid_ref_point(self._handle, tag, self._point):
            return None
        return int(self._point.y)


class History:
    """Reads one terminal's rows. Row 0 is the oldest one that is kept."""

    def __init__(self, terminal: Terminal) -> None:
        native = library()
        self._ffi, self._lib, self._native = native.ffi, native.lib, native
        self._terminal = terminal
        new = self._ffi.new
        self._size = new("size_t*")
        self._number = new("uint16_t*")
        self._row, self._flag = new("GhosttyRow*"), new("bool*")
        self._cell, self._semantic = new("GhosttyCell*"), new("GhosttyRowSemanticPrompt*")
        self._content = new("GhosttyCellSemanticContent*")
        self.OUTPUT = int(self._lib.GHOSTTY_CELL_SEMANTIC_OUTPUT)
        self.INPUT = int(self._lib.GHOSTTY_CELL_SEMANTIC_INPUT)
        self.PROMPT = int(self._lib.GHOSTTY_CELL_SEMANTIC_PROMPT)
        self._points = new("uint32_t[]", _CELL_TEXT)
        self._uri = new("uint8_t[]", LINK_BYTES)
        self._place = new("GhosttyPointS*")
        self._ref_type = self._ffi.typeof("GhosttyGridRef*")
        self._ref_size = self._ffi.sizeof("GhosttyGridRef")
        self._pin_type = self._ffi.typeof("GhosttyTrackedGridRef*")

    # -- sizes ----------------------------------------------------------------------------

    def _count(self, key: int) -> int:
        check(self._lib.ghostty_terminal_get(self._terminal.handle, key, self._size), "count")
        return int(self._size[0])

    def total(self) -> int:
        """How many rows there are: those that scrolled out of sight, and the screen's."""
        return self._count(self._lib.GHOSTTY_TERMINAL_DATA_TOTAL_ROWS)

    def scrolled(self) -> int:
        """How many rows scrolled out of sight."""
        return self._count(self._lib.GHOSTTY_TERMINAL_DATA_SCROLLBACK_ROWS)

    def cursor(self) -> tuple[int, int]:
        """The cursor's row on the screen and its column."""
        lib, out = self._lib, self._number
        found = []
        for key in (lib.GHOSTTY_TERMINAL_DATA_CURSOR_Y, lib.GHOSTTY_TERMINAL_DATA_CURSOR_X):
            check(lib.ghostty_terminal_get(self._terminal.handle, key, out), "cursor")
            found.append(int(out[0]))
        return found[0], found[1]

    # -- places ---------------------------------------------------------------------------

    def _point(self, row: int, col: int, tag: int) -> Any:
        place = self._place
        place.tag, place.value.x, place.value.y = tag, col, row
        return place[0]

    def _ref(self, row: int, col: int = 0) -> Any:
        ref = self._ffi.new(self._ref_type)
        ref.size = self._ref_size
        point = self._point(row, col, self._lib.GHOSTTY_POINT_TAG_SCREEN)
        check(self._native.grid_ref(self._terminal.handle, point, ref), f"row {row}")
        return ref

    def pin(self, row: int) -> Pin:
        """Follow an absolute row of the screen that is shown."""
        return self._pin(row, self._lib.GHOSTTY_POINT_TAG_SCREEN)

    def pin_on_screen(self, y: int) -> Pin:
        """Follow a row, counted from the screen's top. Faster than ``pin``."""
        return self._pin(y, self._lib.GHOSTTY_POINT_TAG_ACTIVE)

    def _pin(self, row: int, tag: int) -> Pin:
        out = self._ffi.new(self._pin_type)
        point = self._point(row, 0, tag)
        check(self._native.track(self._terminal.handle, point, out), f"follow row {row}")
        return Pin(self._terminal, out[0])

    # -- reading --------------------------------------------------------------------------

    def text(self, start: int, stop: int) -> list[str]:
        """The rows' text as it was printed (not made safe), blanks at their ends removed."""
        if stop <= start:
            return []
        last = self._terminal.size[0] - 1
        lines = self.between((start, 0), (stop - 1, last), unwrap=False).split("\n")
        # Empty rows at the end of a selection are left out.
        return lines + [""] * (stop - start - len(lines))

    def between(
        self, first: tuple[int, int], last: tuple[int, int], *, unwrap: bool, block: bool = False
    ) -> str:
        """The text from one cell to another, both included, blanks at line ends removed."""
        ffi, lib = self._ffi, self._lib
        selection = ffi.new("GhosttySelection*")
        selection.size = ffi.sizeof("GhosttySelection")
        start, end = self._ref(*first), self._ref(*last)
        selection.start, selection.end, selection.rectangle = start[0], end[0], block
        options = ffi.new("GhosttyTerminalSelectionFormatOptions*")
        options.size = ffi.sizeof("GhosttyTerminalSelectionFormatOptions")
        options.emit = lib.GHOSTTY_FORMATTER_FORMAT_PLAIN
        options.unwrap, options.trim, options.selection = unwrap, True, selection
        out = ffi.new("uint8_t**")
        check(
            lib.ghostty_terminal_selection_format_alloc(
                self._terminal.handle, ffi.NULL, options[0], out, self._size
            ),
            "read text",
        )
        length = int(self._size[0])
        try:
            return bytes(ffi.buffer(out[0], length)).decode("utf-8", "replace") if length else ""
        finally:
            lib.ghostty_free(ffi.NULL, out[0], length)

    def wraps(self, start: int, stop: int) -> list[bool]:
        """Whether each row goes on in the next one (a soft wrap)."""
        lib, row, flag = self._lib, self._row, self._flag
        key = lib.GHOSTTY_ROW_DATA_WRAP
        found = []
        for ref, count in self._pieces(start, stop):
            for _ in range(count):
                check(lib.ghostty_grid_ref_row(ref, row), "row")
                check(lib.ghostty_row_get(row[0], key, flag), "wrap")
                found.append(bool(flag[0]))
                ref.y += 1
        return found

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[Any, int]]:
        """Cut a range where the library's pages end: within one, going on is adding one.

        To find a row from its number, the library goes through all pages.
        """
        while start < stop:
            first, low, high = self._ref(start), start, stop
            if self._ref(stop - 1).node == first.node:
                low = stop - 1
            while high - low > 1:
                middle = (low + high) // 2
                if self._ref(middle).node == first.node:
                    low = middle
                else:
                    high = middle
            yield first, low + 1 - start
            start = low + 1

    def cells(self, row: int) -> list[tuple[int, int]]:
        """A row's cells: the packed cell, and how many code points its text has."""
        ffi, lib, cell = self._ffi, self._lib, self._cell
        ref = self._ref(row)
        found = []
        for x in range(self._terminal.size[0]):
            ref.x = x
            check(lib.ghostty_grid_ref_cell(ref, cell), "cell")
            raw = int(cell[0])
            count = 1
            if raw & 3 == lib.GHOSTTY_CELL_CONTENT_CODEPOINT_GRAPHEME:
                lib.ghostty_grid_ref_graphemes(ref, ffi.NULL, 0, self._size)
                count = int(self._size[0])
            found.append((raw, count))
        return found

    def link(self, row: int, col: int) -> str:
        """The link of a cell; empty if it has none, or a longer one than LINK_BYTES."""
        ref = self._ref(row, col)
        call = self._lib.ghostty_grid_ref_hyperlink_uri
        if call(ref, self._uri, LINK_BYTES, self._size):
            return ""
        return bytes(self._ffi.buffer(self._uri, self._size[0])).decode("utf-8", "replace")

    def prompt_rows(self, start: int, stop: int) -> set[int]:
        """The rows in which a prompt begins: none does any more where it was erased."""
        lib, row, flag = self._lib, self._row, self._semantic
        key, prompt = lib.GHOSTTY_ROW_DATA_SEMANTIC_PROMPT, lib.GHOSTTY_ROW_SEMANTIC_PROMPT
        found = set()
        for ref, count in self._pieces(start, stop):
            for y in range(start, start + count):
                check(lib.ghostty_grid_ref_row(ref, row), "row")
                check(lib.ghostty_row_get(row[0], key, flag), "prompt")
                if flag[0] == prompt:
                    found.add(y)
                ref.y += 1
            start += count
        return found

    def begins_as_output(self, row: int) -> bool:
        """Whether a row's first cell was printed by a command: not a prompt, not typed at one."""
        return self.kind(row, 0) == self.OUTPUT

    def kind(self, row: int, col: int) -> int:
        """What a cell is part of: OUTPUT, a PROMPT, or the INPUT that was typed at one."""
        lib = self._lib
        check(lib.ghostty_grid_ref_cell(self._ref(row, col), self._cell), "cell")
        key = lib.GHOSTTY_CELL_DATA_SEMANTIC_CONTENT
        check(lib.ghostty_cell_get(self._cell[0], key, self._content), "kind of cell")
        return int(self._content[0])
