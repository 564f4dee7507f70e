"""The terminal's drawing: what changed, at most so often, straight to the screen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region
from textual.strip import Strip

from mnix_tui.terminal import Cursor, CursorShape
from mnix_tui.ui.terminal.painter import Look, Painter, overlaid, width_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.timer import Timer
    from textual.widget import Widget as _Base

    from mnix_tui.terminal import Emulator
else:
    _Base = object

FOCUSED_SECONDS = 1 / 60
UNFOCUSED_SECONDS = 1 / 10
HOLD_SECONDS = 0.25
"""How long a program may hold its output back (mode 2026) before it is drawn regardless."""


class Drawing(_Base):
    """The drawing half of TerminalView."""

    emulator: Emulator
    _painter: Painter | None = None
    _dimmed = False
    _message = ""
    _cursor = Cursor()
    _drawn_at = 0.0
    _draw_timer: Timer | None = None
    _draw_due = False
    _hold = (0, 0.0)

    def rows_changed(self, changed: set[int]) -> None:
        """Take note of the visible rows whose content changed, before they are drawn."""
        raise NotImplementedError

    def highlights(self, y: int) -> Iterable[tuple[int, int, RichStyle]]:
        """Return what is put over a visible row: first column, the column after the last, style."""
        raise NotImplementedError

    def notify_style_update(self) -> None:
        """Draw anew in the new colours."""
        super().notify_style_update()
        self._painter = None

    def _restyle(self) -> None:
        self._painter = None
        if self.is_mounted:
            self.refresh()

    @property
    def painter(self) -> Painter:
        """What draws rows in the current colours."""
        if self._painter is None:
            _, _, background, foreground = self.colors
            native = self.app.native_ansi_color
            look = Look(
                foreground=ColorTriplet(*foreground.rgb),
                background=ColorTriplet(*background.rgb),
                theme=None if native else self.app.ansi_theme,
                dimmed=self._dimmed,
            )
            self.emulator.set_colours(foreground.rgb, background.rgb)
            self._painter = Painter(look)
        return self._painter

    def _schedule(self) -> None:
        """Draw now, or when the frame rate allows; a widget out of sight is not drawn at all."""
        if self._draw_due or not self.is_mounted or not self._in_sight():
            return
        interval = FOCUSED_SECONDS if self.has_focus else UNFOCUSED_SECONDS
        wait = self._drawn_at + interval - time.perf_counter()
        if wait <= 0:
            self._draw()
        else:
            self._draw_due = True
            self._draw_timer = self.set_timer(wait, self._draw)

    def _in_sight(self) -> bool:
        """Whether any of the widget is on the screen: what is on another tab costs nothing."""
        return self.is_attached and self in self.screen._compositor.visible_widgets

    def on_show(self) -> None:
        """Catch up with what happened out of sight."""
        self._draw()

    def _draw(self) -> None:
        if self._draw_timer is not None:
            self._draw_timer.stop()
        self._draw_timer, self._draw_due = None, False
        self._drawn_at = time.perf_counter()
        frame = self.emulator.frame(force=self._held_too_long())
        changed = set(frame.rows)
        if frame.cursor != self._cursor:
            changed |= {self._cursor.y, frame.cursor.y}
            self._cursor = frame.cursor
        self.rows_changed(changed)
        if changed:
            width = self.size.width
            self._paint([Region(0, y, width, 1) for y in changed])

    def _paint(self, regions: list[Region]) -> None:
        """Bring lines to the screen without the detour of messages and the screen's timer.

        That detour costs up to a frame, and this widget has its own limit of frames. Whenever
        the screen has anything else to do than to paint, it is left to do it in order.
        """
        screen = self.screen
        busy = screen._layout_required or screen._repaint_required or screen._dirty_widgets
        if busy or not screen.is_current or self.app._batch_count or not self.is_attached:
            self.refresh(*regions)
            return
        self._set_dirty(*regions)
        screen._compositor.update_widgets({self})
        screen._compositor_refresh()

    def _held_too_long(self) -> bool:
        """Whether the program holds its output for too long; asks again later if not yet."""
        number, since = self._hold
        current = self.emulator.holding
        now = time.perf_counter()
        if current != number:
            self._hold = (current, now)
            since = now
        if not current:
            return False
        if now - since >= HOLD_SECONDS:
            return True
        self._draw_due = True
        self._draw_timer = self.set_timer(since + HOLD_SECONDS - now, self._draw)
        return False

    def _redraw_line(self, y: int) -> None:
        if self.is_mounted:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen, with cursor, selection and message put over it."""
        painter = self.painter
        if y >= self.emulator.rows:
            return Strip.blank(self.size.width, painter.base)
        row = self.emulator.row(y)
        strip = painter.strip(row)
        for start, end, style in self.highlights(y):
            strip = overlaid(strip, start, end, style)
        if self._message and y == self.emulator.rows - 1:
            return self._message_line()
        cursor = self._cursor
        if cursor.visible and cursor.y == y and not self._dimmed:
            end = cursor.x + width_at(row, cursor.x)
            strip = overlaid(strip, cursor.x, end, self._cursor_style(cursor))
        return strip.adjust_cell_length(self.size.width, painter.base)

    def _cursor_style(self, cursor: Cursor) -> RichStyle:
        if not self.has_focus or cursor.shape in (CursorShape.UNDERLINE, CursorShape.HOLLOW):
            return RichStyle(underline=True)
        return RichStyle(reverse=True)

    def _message_line(self) -> Strip:
        style = self.get_component_rich_style("terminal--message")
        text = Strip([Segment(f" {self._message} ", style)])
        return text.crop(0, self.size.width).adjust_cell_length(self.size.width, style)
