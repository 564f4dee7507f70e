"""The terminal's mouse: to the program if it asked for it, else history, selection and links."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mnix_tui.terminal import KeyEvent, Modifiers, MouseAction, MouseButton, MouseEvent
from mnix_tui.ui.terminal.history_text import HistoryText
from mnix_tui.ui.terminal.links import address_at, openable
from mnix_tui.ui.terminal.selection import Place, Unit

if TYPE_CHECKING:
    from textual import events
    from textual.screen import Screen

    from mnix_tui.ui.terminal.decorating import Decorating as _Base
else:
    _Base = object

WHEEL_LINES = 3
DOUBLE_SECONDS = 0.4
EDGE_SECONDS = 0.05
"""How often a selection that is pulled over the edge scrolls on."""
_EDGE_MOST = 10
_BUTTONS = {1: MouseButton.LEFT, 2: MouseButton.MIDDLE, 3: MouseButton.RIGHT}
_UNITS = {1: Unit.CHARACTER, 2: Unit.WORD, 3: Unit.LINE}


class MouseHandling(_Base):
    """The mouse part of TerminalView. Shift keeps the mouse from the program."""

    _pressed: tuple[MouseButton, ...] = ()
    """The buttons that the program knows to be held, the latest one last."""
    _at = (0, 0)
    """The cell that the program was told of last."""
    _dragging = False
    _clicks = (0, 0.0, (-1, -1))
    """How often in a row, when and where the button was pressed."""
    _pull = (0, 0)
    """Where the mouse was last while it drags."""
    _edge: asyncio.TimerHandle | None = None
    _link = ""

    # -- what the view does ---------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        raise NotImplementedError

    def scroll_history(self, lines: int) -> None:
        """Move through the history."""
        raise NotImplementedError

    def copy_selection(self) -> None:
        """Put what is selected into the clipboard."""
        raise NotImplementedError

    def follow(self) -> None:
        """Show the newest output again."""
        raise NotImplementedError

    # -- places ---------------------------------------------------------------------------

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        x = int(event.x) - self.margin_width
        return max(0, min(x, self.emulator.cols - 1)), max(
            0, min(int(event.y), self.emulator.rows - 1)
        )

    def _place(self, x: int, y: int) -> Place:
        column = max(0, min(x - self.margin_width, self.emulator.cols - 1))
        window = self.window()
        return Place(window.top + max(0, min(y, window.height - 1)), column)

    # -- buttons --------------------------------------------------------------------------

    def _report(self, event: events.MouseEvent, action: MouseAction, button: MouseButton) -> None:
        modifiers = Modifiers(event.shift, event.ctrl, event.meta)
        self._at = self._cell(event)
        self.send(self.emulator.encode_mouse(MouseEvent(action, button, *self._at, modifiers)))

    def _wanted(self, event: events.MouseEvent) -> bool:
        return self.copying is None and self.emulator.modes.mouse and not event.shift

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Pass a press on, or begin to select."""
        event.stop()
        button = _BUTTONS.get(event.button)
        if button is None:
            return
        x, y = int(event.x), int(event.y)
        if self._wanted(event):
            self.capture_mouse()
            self._drop_selection()
            self._pressed = (*_without(self._pressed, button), button)
            self._report(event, MouseAction.PRESS, button)
        elif button is MouseButton.LEFT:
            if self.on_corner(x, y):
                self.follow()
                return
            self.capture_mouse()
            self._begin(event, x, y)

    def _begin(self, event: events.MouseDown, x: int, y: int) -> None:
        number, when, where = self._clicks
        now = event.time  # when it came, not when there was time for it
        again = where == (x, y) and now - when < DOUBLE_SECONDS
        number = number % 3 + 1 if again else 1
        self._clicks = (number, now, (x, y))
        self._dragging, self._pull = True, (x, y)
        place = self._place(x, y)
        self._link = self._link_at(place) if event.ctrl and number == 1 else ""
        if self.copying is not None:
            self.copying.unit = None
            self.copying.go(place)
        grows = event.shift and not self.emulator.modes.mouse
        if grows and number == 1 and self.selecting.selection is not None:
            self.selecting.extend(place)
        else:
            block = (event.meta or event.ctrl) and number == 1
            unit = Unit.BLOCK if block else _UNITS[number]
            self.selecting.begin(place, unit, at_once=number > 1)
        self._schedule()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pass a movement on, or extend the selection."""
        x, y = int(event.x), int(event.y)
        if not self._dragging:
            if self._wanted(event):
                held = self._pressed[-1] if self._pressed else MouseButton.NONE
                self._report(event, MouseAction.MOTION, held)
            self.point_at(self._link_at(self._place(x, y)) if event.ctrl else "")
            return
        if (x, y) == self._pull and self.selecting.selection is None:
            return
        self._pull, self._link = (x, y), ""
        self._drag()

    def on_leave(self) -> None:
        """Point at nothing any more."""
        self.point_at("")

    def _drag(self) -> None:
        """Extend the selection to the mouse; beyond an edge, scroll on as long as it stays there."""
        self._stop_edge()
        x, y = self._pull
        rows = self.emulator.rows
        over = y if y < 0 else max(0, y - rows + 1)
        if over:
            step = min(1 + abs(over) // 2, _EDGE_MOST)
            self.scroll_history(step if over > 0 else -step)
            self._edge = asyncio.get_running_loop().call_later(EDGE_SECONDS, self._drag)
        self.selecting.extend(self._place(x, y))
        self._schedule()

    def _stop_edge(self) -> None:
        if self._edge is not None:
            self._edge.cancel()
            self._edge = None

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Pass a release on, or copy what is selected."""
        event.stop()
        button = _BUTTONS.get(event.button)
        if button in self._pressed:
            self._pressed = _without(self._pressed, button)
            self._report(event, MouseAction.RELEASE, button)
        elif self._dragging and button is MouseButton.LEFT:
            self._stop_edge()
            self._dragging = False
            if self._link:
                self.app.open_url(self._link)
            elif self.selecting.selection is not None:
                self.copy_selection()
        if not (self._pressed or self._dragging):
            self.release_mouse()

    def on_mount(self) -> None:
        """Let the mouse go when another screen comes up: its buttons are released there."""
        self.app.screen_change_signal.subscribe(self, self._other_screen, immediate=True)

    def on_hide(self) -> None:
        """Let the mouse go."""
        self._let_go()

    def on_unmount(self) -> None:
        """Let the mouse go; the program is not told any more."""
        self._pressed = ()
        self._let_go()

    def _other_screen(self, screen: Screen[Any]) -> None:
        if screen is not self.screen:
            self._let_go()

    def _let_go(self) -> None:
        """Hold the mouse no longer: other widgets get it, and the program has no button held."""
        self.release_mouse()
        self._stop_edge()
        self._dragging = False
        pressed, self._pressed = self._pressed, ()
        for button in pressed:
            release = MouseEvent(MouseAction.RELEASE, button, *self._at)
            self.send(self.emulator.encode_mouse(release))

    def _drop_selection(self) -> None:
        if self.selecting.selection is not None:
            self.selecting.clear()
            self._schedule()

    # -- links ----------------------------------------------------------------------------

    def _link_at(self, place: Place) -> str:
        """Return the address to open for a click here, if it may be opened."""
        text = HistoryText(self.emulator)
        address = self.emulator.link_at(place.row - self.emulator.dropped, place.column)
        if not address:
            address = address_at(*text.logical(place.row, place.column))
        return address if openable(address) else ""

    # -- wheel ----------------------------------------------------------------------------

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Turn the wheel upwards."""
        self._wheel(event, MouseButton.WHEEL_UP, "arrow_up", -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Turn the wheel downwards."""
        self._wheel(event, MouseButton.WHEEL_DOWN, "arrow_down", 1)

    def _wheel(self, event: events.MouseEvent, button: MouseButton, key: str, way: int) -> None:
        event.stop()
        event.prevent_default()
        modes = self.emulator.modes
        if self._wanted(event):
            self._report(event, MouseAction.PRESS, button)
        elif self.copying is None and modes.alternate_screen and not event.shift:
            if modes.alternate_scroll:
                self.send(self.emulator.encode_key(KeyEvent(key)) * WHEEL_LINES)
        else:
            page = max(self.emulator.rows - 2, 1)
            self.scroll_history(way * (page if event.shift else WHEEL_LINES))


def _without(buttons: tuple[MouseButton, ...], button: MouseButton) -> tuple[MouseButton, ...]:
    return tuple(one for one in buttons if one is not button)
