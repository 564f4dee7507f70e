"""What the view adds to the program's picture: selection, matches, prompt marks, scroll thumb, bars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.strip import Strip

from mnix_tui.ui.terminal.decor import Decor, Window
from mnix_tui.ui.terminal.drawing import Drawing
from mnix_tui.ui.terminal.margin import mark_prompts
from mnix_tui.ui.terminal.status_line import corner, status_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.segment import Segment
    from rich.style import Style as RichStyle

    from mnix_tui.ui.terminal.copy_mode import CopyMode
    from mnix_tui.ui.terminal.selecting import Selecting

TOLD_SECONDS = 2.0


class Decorating(Drawing):
    """The part of TerminalView that works out, once a frame, what is drawn over and beside rows."""

    copying: CopyMode | None = None
    selecting: Selecting
    _decor = Decor()
    _told = ""
    _untell: asyncio.TimerHandle | None = None
    _pointed = ""

    def _init_decor(self) -> None:
        self._styles_of: dict[str, RichStyle] = {}

    # -- texts in the corner --------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Show a short text for a moment, in the corner."""
        if self._untell is not None:
            self._untell.cancel()
        self._told = text
        self._untell = asyncio.get_running_loop().call_later(TOLD_SECONDS, self._told_enough)
        self._schedule()

    def _told_enough(self) -> None:
        self._untell, self._told = None, ""
        self._schedule()

    def point_at(self, address: str) -> None:
        """Show where the link below the mouse leads."""
        if address != self._pointed:
            self._pointed = address
            self._schedule()

    def on_unmount(self) -> None:
        """Tell nothing any more."""
        if self._untell is not None:
            self._untell.cancel()

    # -- once a frame ---------------------------------------------------------------------

    def window(self) -> Window:
        """Return which rows are visible."""
        emulator = self.emulator
        dropped = emulator.dropped
        total, offset, _ = emulator.scrollbar
        newest = dropped + total - 1
        return Window(dropped + offset, emulator.rows, emulator.cols, dropped, newest)

    def rows_changed(self, changed: set[int]) -> None:
        """Work out what is drawn beside the rows; add those that look different now."""
        self.selecting.check()
        if self.copying is not None:
            old, self._cursor = self._cursor, self.copying.cursor()
            changed |= {old.y, self._cursor.y}
        decor = self._decorate(self.window())
        changed |= decor.differing(self._decor)
        self._decor = decor

    def _decorate(self, window: Window) -> Decor:
        decor = Decor()
        mark_prompts(self.emulator, decor, window, self.style_of)
        self._show_selection(decor, window)
        if self.copying is not None:
            self._show_matches(self.copying, decor, window)
            if window.height > 1:
                y = 0 if self.copying.bar_on_top else window.height - 1
                decor.bars[y] = status_line(self.copying, self.size.width, self.style_of)
        self._show_thumb(decor, window)
        self._show_corner(decor, window)
        return decor

    def _show_selection(self, decor: Decor, window: Window) -> None:
        selection = self.selecting.selection
        if selection is None:
            return
        style = self.style_of("terminal--selection")
        last = min(window.top + window.height - 1, selection.last.row)
        for row in range(max(window.top, selection.first.row), last + 1):
            decor.light(row - window.top, *selection.columns(row, window.width), style)

    def _show_matches(self, copying: CopyMode, decor: Decor, window: Window) -> None:
        top = window.top - window.oldest
        plain, strong = self.style_of("terminal--match"), self.style_of("terminal--match-current")
        for match in copying.search.visible(top, window.height):
            style = strong if copying.search.is_current(match) else plain
            for row, start, end in match.spans:
                if 0 <= row - top < window.height:
                    decor.light(row - top, start, end, style)

    def _show_thumb(self, decor: Decor, window: Window) -> None:
        total = window.newest - window.oldest + 1
        if window.at_bottom or total <= window.height:
            return
        size = max(1, window.height * window.height // total)
        room = total - window.height
        first = (window.top - window.oldest) * (window.height - size) // room
        style = self.style_of("terminal--thumb")
        for y in range(first, first + size):
            decor.light(y, window.width - 1, window.width, style)

    def _show_corner(self, decor: Decor, window: Window) -> None:
        y = window.height - 1
        below = window.newest - window.top - window.height + 1
        text = self._told or self._pointed
        if not text and below > 0 and self.copying is None:
            decor.way_down = y
            text = f"↓ {below:,} line{'s' if below != 1 else ''} below"
        if text:
            if y in decor.bars:
                y = max(0, y - 1)
            decor.bars[y] = corner(text, self.size.width, self.style_of("terminal--corner"))

    def on_corner(self, x: int, y: int) -> bool:
        """Whether a place of the widget is the hint that leads down."""
        if y != self._decor.way_down or self.copying is not None:
            return False
        return x >= self.size.width - self._decor.bars[y].cell_length

    # -- looks ----------------------------------------------------------------------------

    def style_of(self, name: str) -> RichStyle:
        """Return the style of one of our component classes, for now."""
        style = self._styles_of.get(name)
        if style is None:
            style = self.get_component_rich_style(name)
            self._styles_of[name] = style
        return style

    def notify_style_update(self) -> None:
        """Work out everything in the new colours."""
        self._styles_of = {}
        super().notify_style_update()

    def _restyle(self) -> None:
        self._styles_of = {}
        super()._restyle()
        self._schedule()

    # -- what drawing asks ----------------------------------------------------------------

    def highlights(self, y: int) -> Iterable[tuple[int, int, RichStyle]]:
        """Return what is put over a visible row."""
        return self._decor.highlights.get(y, ())

    def margin(self, y: int) -> Segment | None:
        """Return the mark beside a prompt."""
        return self._decor.margins.get(y)

    def note(self, y: int) -> str:
        """Return a failed command's status."""
        return self._decor.notes.get(y, "")

    def _decorated(self, y: int) -> bool:
        return y in self._decor.bars or super()._decorated(y)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen, with our bars over it."""
        strip = super().render_line(y)
        bar = self._decor.bars.get(y)
        if bar is None:
            return strip
        start = self.size.width - bar.cell_length
        return Strip.join([strip.crop(0, start), bar]) if start > 0 else bar
