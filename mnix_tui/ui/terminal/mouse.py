"""The terminal's mouse: to the program if it asked for it, else history and selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region

from mnix_tui.terminal import (
    Emulator,
    KeyEvent,
    Modifiers,
    MouseAction,
    MouseButton,
    MouseEvent,
)
from mnix_tui.ui.terminal.selection import Selection

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget as _Base
else:
    _Base = object

WHEEL_LINES = 3
_BUTTONS = {1: MouseButton.LEFT, 2: MouseButton.MIDDLE, 3: MouseButton.RIGHT}


class MouseHandling(_Base):
    """The mouse half of TerminalView. Shift keeps the mouse from the program."""

    emulator: Emulator
    selection: Selection | None = None
    _anchor: tuple[int, int] | None = None
    _pressed = MouseButton.NONE

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        raise NotImplementedError

    def scroll_history(self, lines: int) -> None:
        """Move through the history."""
        raise NotImplementedError

    def _report(self, event: events.MouseEvent, action: MouseAction, button: MouseButton) -> None:
        modifiers = Modifiers(event.shift, event.ctrl, event.meta)
        x = max(0, min(int(event.x), self.emulator.cols - 1))
        y = max(0, min(int(event.y), self.emulator.rows - 1))
        self.send(self.emulator.encode_mouse(MouseEvent(action, button, x, y, modifiers)))

    def _wanted(self, event: events.MouseEvent) -> bool:
        return self.emulator.modes.mouse and not event.shift

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Pass a press on, or begin to select."""
        event.stop()
        self.clear_selection()
        button = _BUTTONS.get(event.button)
        if button is None:
            return
        self.capture_mouse()
        if self._wanted(event):
            self._pressed = button
            self._report(event, MouseAction.PRESS, button)
        elif button is MouseButton.LEFT:
            self._anchor = (int(event.x), int(event.y))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pass a movement on, or extend the selection."""
        if self._anchor is not None:
            head = (
                max(0, min(int(event.x), self.emulator.cols - 1)),
                max(0, min(int(event.y), self.emulator.rows - 1)),
            )
            if head != self._anchor or self.selection is not None:
                self._select(Selection(self._anchor, head))
        elif self._wanted(event):
            self._report(event, MouseAction.MOTION, self._pressed)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Pass a release on, or copy what is selected."""
        event.stop()
        self.release_mouse()
        if self._anchor is not None:
            self._anchor = None
            if self.selection is not None:
                text = self.selection.text(
                    self.emulator.row, self.emulator.cols, self.emulator.rows
                )
                if text:
                    self.app.copy_to_clipboard(text)
        elif self._pressed is not MouseButton.NONE:
            button, self._pressed = self._pressed, MouseButton.NONE
            self._report(event, MouseAction.RELEASE, button)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Turn the wheel upwards."""
        self._wheel(event, MouseButton.WHEEL_UP, "arrow_up", -WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Turn the wheel downwards."""
        self._wheel(event, MouseButton.WHEEL_DOWN, "arrow_down", WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, button: MouseButton, key: str, lines: int) -> None:
        event.stop()
        event.prevent_default()
        modes = self.emulator.modes
        if self._wanted(event):
            self._report(event, MouseAction.PRESS, button)
        elif modes.alternate_screen and modes.alternate_scroll and not event.shift:
            self.send(self.emulator.encode_key(KeyEvent(key)) * WHEEL_LINES)
        else:
            self.scroll_history(lines)

    def _select(self, selection: Selection | None) -> None:
        old, self.selection = self.selection, selection
        width = self.size.width
        lines = {y for one in (old, selection) if one is not None for y in one.lines}
        self.refresh(*(Region(0, y, width, 1) for y in lines))

    def clear_selection(self) -> None:
        """Select nothing."""
        if self.selection is not None:
            self._select(None)

    def _selected_changed(self, changed: set[int]) -> bool:
        return self.selection is not None and any(y in changed for y in self.selection.lines)
