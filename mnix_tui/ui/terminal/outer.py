"""The terminal that the app itself runs in, written to past Textual's compositor.

The compositor takes milliseconds to compose one changed line out of all widgets. A terminal view
that nothing lies over knows what its cells are, so it writes them itself. What the compositor
draws later is the same, because it asks the view.

This is the only module that uses Textual's private parts for that (textual is pinned):
``App._driver``, ``_sync_available``, ``_batch_count``, ``_exit`` and ``_closing``, ``LinuxDriver._writer_thread``,
``Screen._compositor`` with its ``visible_widgets``, ``Widget._styles_cache`` and ``_set_dirty``,
and what ``Screen`` has still to do (``_layout_required`` and the like).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from rich.color import ColorSystem
from textual.filter import ANSIToTruecolor
from textual.geometry import Offset, Region

from mnix_tui.terminal import CursorShape
from mnix_tui.ui.input.driver import USERS_SHAPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import App
    from textual.strip import Strip
    from textual.widget import Widget

    from mnix_tui.terminal import Cursor

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
_SHAPES = {
    CursorShape.BLOCK: 2,
    CursorShape.HOLLOW: 2,
    CursorShape.UNDERLINE: 4,
    CursorShape.BAR: 6,
}
_QUEUED = 2
"""Writes that may wait for the outer terminal before frames are left out. (More than 30 of them
would make Textual's driver block the event loop.)"""


class Place(NamedTuple):
    """Where a widget's content is on the screen, and what lies over it."""

    region: Region
    covers: tuple[Region, ...]

    @property
    def open(self) -> bool:
        """Whether every cell is the widget's own."""
        return not self.covers

    def shows(self, x: int, y: int) -> bool:
        """Whether the cell at ``x``, ``y`` of the content is to be seen."""
        x, y = self.region.x + x, self.region.y + y
        return self.region.contains(x, y) and not any(c.contains(x, y) for c in self.covers)


class Outer:
    """The outer terminal of one app: direct writes, and its cursor, which one view has at most."""

    def __init__(self, app: App[Any]) -> None:
        self._app_ref = ref(app)  # all of this lives as long as the app, not the other way round
        self._cursor_of: Widget | None = None
        self._place = ""
        """What puts the cursor where it stands; empty while it is hidden."""
        self._due = False
        self._map: object = None
        """What the compositor said is where, last time."""
        self._places: dict[Widget, Place | None] = {}
        """Where widgets are by that map."""

    @property
    def _app(self) -> App[Any]:
        app = self._app_ref()
        assert app is not None
        return app

    # -- where and whether ----------------------------------------------------------------

    @property
    def _writer(self) -> Any:
        writer = getattr(self._app._driver, "_writer_thread", None)
        return writer if writer is not None and writer.is_alive() else None

    @property
    def _leaving(self) -> bool:
        """Whether the terminal is, or soon will be, no longer the app's."""
        return self._app._exit or self._app._closing

    @property
    def usable(self) -> bool:
        """Whether there is a real terminal, and no filter changes colours on the way to it."""
        app = self._app
        return (
            self._writer is not None
            and not self._leaving
            and not app.is_inline
            and not app._batch_count
            and all(isinstance(one, ANSIToTruecolor) for one in app.get_line_filters())
        )

    @property
    def crowded(self) -> bool:
        """Whether the outer terminal is behind with what it was sent: another frame can wait."""
        writer = self._writer
        return writer is not None and writer._queue.qsize() > _QUEUED

    @property
    def colour_system(self) -> ColorSystem:
        """How many colours the outer terminal has."""
        return self._app.console._color_system or ColorSystem.TRUECOLOR

    def place(self, widget: Widget) -> Place | None:
        """Return where the widget's content is; None if it is not wholly on the current screen."""
        screen = widget.screen
        if self._app.screen is not screen:
            return None
        # The compositor makes a new map with every layout, and only then.
        widgets = screen._compositor.visible_widgets
        if self._map is not widgets:
            self._map, self._places = widgets, {}
        if widget not in self._places:
            self._places[widget] = _find(widget, widgets)
        return self._places[widget]

    def forget_places(self) -> None:
        """Keep no widget that is no longer there: the next layout has others."""
        self._map, self._places = None, {}

    def in_sight(self, widget: Widget) -> bool:
        """Whether any of the widget is on its screen."""
        return widget in widget.screen._compositor.visible_widgets

    # -- writing --------------------------------------------------------------------------

    def write(self, text: str, *, long: bool = False) -> None:
        """Write to the terminal, as one picture if it can do that; the cursor ends in its place."""
        driver = self._app._driver
        if driver is None or self._writer is None:
            return
        cursor, self._due = self._due, False
        if not text and not cursor:
            return
        # What is long takes a while to draw, and the cursor would be seen running.
        hide = HIDE if long and self._place else ""
        text = f"{hide}{text}{self._place}"
        if self._app._sync_available:
            text = f"{SYNC_START}{text}{SYNC_END}"
        driver.write(text)

    def rendered(self, widget: Widget, strip: Strip) -> str:
        """Return what the compositor would write for a strip of the widget's."""
        background = widget.background_colors[1]
        for one in self._app.get_line_filters():
            strip = strip.apply_filter(one, background)
        return strip.render(self._app.console)

    def painted(self, widget: Widget, lines: Iterable[int]) -> None:
        """Let the compositor ask the widget anew for lines that were written past it."""
        top = widget.gutter.top
        # Only the lines of the regions count there.
        widget._styles_cache.set_dirty(*(Region(0, top + y, 1, 1) for y in lines))

    def compose(self, widget: Widget, regions: list[Region]) -> None:
        """Let the compositor draw parts of a widget at once, unless it has more to do anyway."""
        screen = widget.screen
        busy = screen._layout_required or screen._repaint_required or screen._dirty_widgets
        if busy or not screen.is_current or self._app._batch_count:
            widget.refresh(*regions)
            return
        widget._set_dirty(*regions)
        screen._compositor.update_widgets({widget})
        screen._compositor_refresh()

    # -- the cursor -----------------------------------------------------------------------

    def has_cursor(self, widget: Widget) -> bool:
        """Whether the terminal's own cursor stands in this widget."""
        return self._cursor_of is widget

    def give_cursor(self, widget: Widget, place: Place, cursor: Cursor, left: int) -> None:
        """Put the terminal's own cursor into a widget, with what is written next."""
        x, y = place.region.x + left + cursor.x, place.region.y + cursor.y
        # Textual leaves the cursor there after each of its own updates.
        self._app.cursor_position = Offset(x, y)
        shape = f"\x1b[{_SHAPES[cursor.shape] - cursor.blink} q"
        stands = f"{shape}\x1b[{y + 1};{x + 1}H{SHOW}"
        self._due = self._due or stands != self._place
        self._cursor_of, self._place = widget, stands

    def take_cursor(self, widget: Widget) -> str:
        """Return what hides the cursor, if the widget has it; its shape is the user's again."""
        if self._cursor_of is not widget:
            return ""
        self._cursor_of, self._place = None, ""
        return USERS_SHAPE if self._leaving else HIDE + USERS_SHAPE

    def forget_cursor(self) -> None:
        """Say again where the cursor is and how: somebody else may have had the terminal."""
        self._due = True


_outers: WeakKeyDictionary[App[Any], Outer] = WeakKeyDictionary()


def outer_of(app: App[Any]) -> Outer:
    """Return the app's outer terminal."""
    if app not in _outers:
        _outers[app] = Outer(app)
    return _outers[app]


def _find(widget: Widget, widgets: dict[Widget, tuple[Region, Region]]) -> Place | None:
    covers: list[Region] = []
    for other, (region, clip) in widgets.items():  # from the front to the back
        if other is not widget:
            covers.append(region.intersection(clip))
            continue
        styles = widget.styles
        if not clip.contains_region(region) or widget.opacity < 1 or styles.tint.a:
            return None
        content = region.shrink(styles.gutter)
        return Place(content, tuple(one for one in covers if one and one.overlaps(content)))
    return None
