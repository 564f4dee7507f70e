"""The terminal's drawing: what changed, at most so often, straight to the screen."""

from __future__ import annotations

import asyncio
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region
from textual.strip import Strip

from mnix_tui.terminal import Cursor, CursorShape
from mnix_tui.ui.terminal.outer import Outer, Place, outer_of
from mnix_tui.ui.terminal.pace import Pace
from mnix_tui.ui.terminal.painter import Look, Painter, changes, overlaid, width_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.color_triplet import ColorTriplet
    from textual.color import Color
    from textual.signal import Signal
    from textual.widget import Widget as _Base

    from mnix_tui.terminal import Emulator, Row
else:
    _Base = object

HOLD_SECONDS = 0.25
"""How long a program may hold its output back (mode 2026) before it is drawn regardless."""
CROWDED_SECONDS = 0.01


class Drawing(_Base):
    """The drawing half of TerminalView.

    A view that is on the current screen with nothing over it writes its cells to the outer
    terminal itself; else Textual's compositor draws it. Both come from the same pens, and
    ``render_line`` is always right, so that either may take over at any time.
    """

    emulator: Emulator
    margin_width = 0
    """Columns at the left that ``margin`` draws; the emulator has the others."""
    _painter: Painter | None = None
    _dimmed = False
    _cursor = Cursor()
    _draw_timer: asyncio.TimerHandle | None = None
    _hold = (0, 0.0)
    _replaying = False
    _watched: tuple[Signal[Any], ...] = ()

    # -- what the view adds ---------------------------------------------------------------

    def rows_changed(self, changed: set[int]) -> None:
        """Take note of the visible rows whose content changed, before they are drawn."""
        raise NotImplementedError

    def highlights(self, y: int) -> Iterable[tuple[int, int, RichStyle]]:
        """Return what is put over a visible row: first column, the column after the last, style."""
        raise NotImplementedError

    def margin(self, y: int) -> Segment | None:
        """Return what stands left of a visible row, ``margin_width`` cells; None is blank."""
        return None

    def note(self, y: int) -> str:
        """Return what is drawn dim at a row's right end, if nothing else stands there."""
        return ""

    # -- looks ----------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """Draw anew in the new colours."""
        super().notify_style_update()
        self._painter = None

    def _restyle(self) -> None:
        self._painter = None
        if self.is_mounted:
            self.refresh()
            self._review()

    @property
    def painter(self) -> Painter:
        """What draws rows in the current colours."""
        if self._painter is None:
            _, _, background, foreground = self.colors
            native = self.app.native_ansi_color
            look = Look(
                foreground=_own(foreground),
                background=_own(background),
                theme=None if native else self.app.ansi_theme,
                dimmed=self._dimmed,
                system=self._outer.colour_system,
            )
            self.emulator.set_colours(foreground.rgb, background.rgb)
            self._painter = Painter(look)
            self._painted.clear()
        return self._painter

    # -- when -----------------------------------------------------------------------------

    @cached_property
    def _pace(self) -> Pace:
        return Pace()

    @property
    def _outer(self) -> Outer:
        return outer_of(self.app)

    @property
    def replaying(self) -> bool:
        """While true, what is fed is history: replies and bells are dropped, drawing waits."""
        return self._replaying

    @replaying.setter
    def replaying(self, replaying: bool) -> None:
        if replaying and not self._replaying:
            self._pace.replays(time.perf_counter())
        self._replaying = replaying
        if not replaying and self._draw_timer is not None:
            self._draw_timer.cancel()
            self._draw_timer = None
            self._schedule()

    def in_front(self) -> bool:
        """Whether output is interpreted before that of the other terminals."""
        return self.has_focus or (self._replaying and self._in_sight())

    def typed(self) -> None:
        """Take note that a key went to the program: its echo is worth a frame."""
        self._pace.typed(time.perf_counter())

    def _schedule(self) -> None:
        """Draw now, or when the frame rate allows; a widget out of sight is not drawn at all."""
        if self._draw_timer is not None or not self._in_sight():
            return
        wait = self._pace.wait(
            time.perf_counter(), focused=self.has_focus, replaying=self._replaying
        )
        if wait <= 0:
            self._draw()
        else:
            self._draw_in(wait)

    def _draw_in(self, seconds: float) -> None:
        # Not a timer of Textual's: each of those is a task.
        self._draw_timer = asyncio.get_running_loop().call_later(seconds, self._draw)

    def _in_sight(self) -> bool:
        """Whether any of the widget is on the screen: what is on another tab costs nothing."""
        return self.is_attached and self._outer.in_sight(self)

    def on_mount(self) -> None:
        """Watch for what comes to lie over the view, which takes the cursor away from it."""
        self._watched = (self.screen.screen_layout_refresh_signal, self.app.screen_change_signal)
        for signal in self._watched:
            signal.subscribe(self, self._review, immediate=True)

    def on_unmount(self) -> None:
        """Draw no more, and give the cursor back."""
        if self._draw_timer is not None:
            self._draw_timer.cancel()
        self._outer.write(self._outer.take_cursor(self))
        # Textual lets go of what is no longer there only when there is something to tell it.
        for signal in self._watched:
            signal.unsubscribe(self)
        self._outer.forget_places()

    def on_show(self) -> None:
        """Catch up with what happened out of sight."""
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Give the terminal's own cursor to whoever has the keyboard."""
        super().watch_has_focus(has_focus)
        self._review()

    # -- frames ---------------------------------------------------------------------------

    def _draw(self) -> None:
        if self._draw_timer is not None:
            self._draw_timer.cancel()
            self._draw_timer = None
        if not self.is_attached:
            return
        if self._outer.crowded:
            self._draw_in(CROWDED_SECONDS)
            return
        started = time.thread_time()
        frame = self.emulator.frame(force=self._held_too_long())
        changed = set(frame.rows)
        old, self._cursor = self._cursor, frame.cursor
        if old != frame.cursor and not self._outer.has_cursor(self):
            changed |= {old.y, frame.cursor.y}
        self.rows_changed(changed)
        self._paint(changed)
        cost = time.thread_time() - started
        self._pace.drawn(time.perf_counter(), cost, focused=self.has_focus)

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
        self._draw_in(since + HOLD_SECONDS - now)
        return False

    def _paint(self, changed: set[int]) -> None:
        """Bring rows and the cursor to the screen without the detour of messages and timers."""
        outer = self._outer
        place = outer.place(self)
        real = place is not None and self._cursor_is_real(place)
        if real != outer.has_cursor(self):
            changed = changed | {self._cursor.y}  # it is drawn into its cell, or no longer
        text = self._move_cursor(place if real else None)
        if place is not None and place.open and outer.usable:
            outer.write(self._rows(sorted(changed), place) + text, long=len(changed) > 1)
            return
        if changed:
            outer.compose(self, [self._line(y) for y in changed])
        outer.write(text)

    def _line(self, y: int) -> Region:
        return Region(0, y, self.size.width, 1)

    def _redraw_line(self, y: int) -> None:
        if self.is_mounted:
            self.refresh(self._line(y))

    # -- the cursor -----------------------------------------------------------------------

    def _cursor_is_real(self, place: Place) -> bool:
        """Whether the outer terminal's own cursor shows the program's: in its shape, blinking."""
        cursor = self._cursor
        return (
            self.has_focus
            and cursor.visible
            and not self._dimmed
            and self._outer.usable
            and place.shows(self.margin_width + cursor.x, cursor.y)
        )

    def _move_cursor(self, place: Place | None) -> str:
        if place is None:
            return self._outer.take_cursor(self)
        self._outer.give_cursor(self, place, self._cursor, self.margin_width)
        return ""

    def _review(self, _reason: object = None) -> None:
        """See whether the cursor is still the outer terminal's own, after anything around changed."""
        if not self.is_attached:
            return
        outer = self._outer
        place = outer.place(self)
        real = place is not None and self._cursor_is_real(place)
        if real != outer.has_cursor(self):
            self._redraw_line(self._cursor.y)
        outer.write(self._move_cursor(place if real else None))

    # -- to the outer terminal ------------------------------------------------------------

    @cached_property
    def _painted(self) -> dict[int, tuple[Row, Segment | None]]:
        """What was written for each row past the compositor, and is known to stand there still."""
        return {}

    def _rows(self, lines: list[int], place: Place) -> str:
        """Return what writes the changed parts of rows to the outer terminal."""
        painter = self.painter  # also forgets what was painted in other colours
        painted, parts = self._painted, []
        left, top, width, height = place.region
        fits = width == self.margin_width + self.emulator.cols
        for y in lines:
            if not 0 <= y < height:
                continue
            at = f"\x1b[{top + y + 1};"
            if not fits or self._decorated(y):
                painted.pop(y, None)
                parts.append(f"{at}{left + 1}H{self._outer.rendered(self, self.render_line(y))}")
                continue
            row, margin = self.emulator.row(y), self._margin(y)
            known = painted.get(y)
            if margin is not None and (known is None or known[1] != margin):
                strip = Strip([margin], self.margin_width)
                parts.append(f"{at}{left + 1}H{self._outer.rendered(self, strip)}")
            start, runs = changes(known and known[0], row)
            if runs:
                column = left + self.margin_width + start + 1
                parts.append(f"{at}{column}H{painter.sequence(runs, column)}")
            painted[y] = (row, margin)
        self._outer.painted(self, lines)
        return "".join(parts)

    def _decorated(self, y: int) -> bool:
        """Whether anything but its own cells and margin is drawn on a row."""
        cursor = self._cursor
        return (
            y >= self.emulator.rows
            or (cursor.y == y and self._draws_cursor())
            or bool(self.note(y))
            or any(start < end for start, end, _ in self.highlights(y))
        )

    # -- to Textual -----------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw through the compositor: nobody knows any more what else it wrote where."""
        self._painted.clear()
        self._outer.forget_cursor()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen, with cursor and selection put over it."""
        painter = self.painter
        width = self.size.width
        if y >= self.emulator.rows:
            return Strip.blank(width, painter.base)
        row = self.emulator.row(y)
        strip = painter.strip(row)
        if note := self.note(y):
            strip = self._noted(strip, note)
        for start, end, style in self.highlights(y):
            strip = overlaid(strip, start, end, style)
        cursor = self._cursor
        if cursor.y == y and self._draws_cursor():
            end = cursor.x + width_at(row, cursor.x)
            strip = overlaid(strip, cursor.x, end, self._cursor_style(cursor))
        if margin := self._margin(y):
            strip = Strip.join([Strip([margin], self.margin_width), strip])
        return strip.adjust_cell_length(width, painter.base)

    def _margin(self, y: int) -> Segment | None:
        if not self.margin_width:
            return None
        return self.margin(y) or Segment(" " * self.margin_width, self.painter.base)

    def _noted(self, strip: Strip, note: str) -> Strip:
        start = strip.cell_length - len(note)
        if start <= 0 or strip.crop(start - 1).text.strip():
            return strip
        style = self.painter.base + RichStyle(dim=True)
        return Strip.join([strip.crop(0, start), Strip([Segment(note, style)], len(note))])

    def _draws_cursor(self) -> bool:
        return self._cursor.visible and not self._dimmed and not self._outer.has_cursor(self)

    def _cursor_style(self, cursor: Cursor) -> RichStyle:
        if not self.has_focus or cursor.shape in (CursorShape.UNDERLINE, CursorShape.HOLLOW):
            return RichStyle(underline=True)
        return RichStyle(reverse=True)


def _own(colour: Color) -> ColorTriplet | None:
    """Return a colour of the theme's; None if the theme leaves it to the outer terminal."""
    rich = colour.rich_color
    return rich.triplet if rich.triplet is not None or rich.is_default else rich.get_truecolor()
