"""The widget that shows a program's screen and passes keys, mouse, paste and focus to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mnix_tui.terminal import (
    SCROLLBACK_BYTES,
    Bell,
    Cursor,
    CursorShape,
    Emulator,
    Event,
    Reply,
    Title,
)
from mnix_tui.ui.terminal.intake import Intake
from mnix_tui.ui.terminal.keymap import key_event, raw_bytes
from mnix_tui.ui.terminal.mouse import MouseHandling
from mnix_tui.ui.terminal.painter import Look, Painter, overlaid, width_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.timer import Timer

FOCUSED_SECONDS = 1 / 60
UNFOCUSED_SECONDS = 1 / 10
HOLD_SECONDS = 0.25
"""How long a program may hold its output back (mode 2026) before it is drawn regardless."""


class TerminalView(MouseHandling, Widget, can_focus=True):
    """A terminal. Give it output with ``feed``; what is typed goes to ``write``."""

    ALLOW_SELECT = False
    takes_every_key: ClassVar[bool] = True
    """Tells the app to hand over keys without asking any binding."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"terminal--selection", "terminal--message"}
    DEFAULT_CSS = "TerminalView { width: 1fr; height: 1fr; }"

    class TitleChanged(Message):
        """The program named its window."""

        def __init__(self, view: TerminalView, title: str) -> None:
            super().__init__()
            self.view = view
            self.title = title

    class Bell(Message):
        """The program rang the bell."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class LeaderKey(Message):
        """A key was pressed after the leader; ``key`` is Textual's name for it."""

        def __init__(self, view: TerminalView, key: str, character: str | None) -> None:
            super().__init__()
            self.view = view
            self.key = key
            self.character = character

    class LeaderChanged(Message):
        """The leader was pressed and a key is awaited (``active``), or no longer is."""

        def __init__(self, view: TerminalView, active: bool) -> None:
            super().__init__()
            self.view = view
            self.active = active

    class Resized(Message):
        """The terminal has another size, in cells: the program's PTY must follow."""

        def __init__(self, view: TerminalView, cols: int, rows: int) -> None:
            super().__init__()
            self.view = view
            self.cols = cols
            self.rows = rows

    def __init__(
        self,
        write: Callable[[bytes], None] | None = None,
        *,
        leader: str = "ctrl+backslash",
        scrollback_bytes: int = SCROLLBACK_BYTES,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self.emulator = Emulator(80, 24, scrollback_bytes=scrollback_bytes)
        self.leader = leader
        self.replaying = False
        """While true, what is fed is history: replies and bells are dropped."""
        self.answers = True
        """Whether queries are answered: only the client that leads a session should."""
        self._write: Callable[[bytes], None] | None = write
        self._intake = Intake(self.emulator, self._on_events, self._schedule)
        self._leader_pressed = False
        self._painter: Painter | None = None
        self._announced = (0, 0)
        self._dimmed = False
        self._message = ""
        self._cursor = Cursor()
        self._drawn_at = 0.0
        self._draw_timer: Timer | None = None
        self._draw_due = False
        self._hold = (0, 0.0)

    # -- output ---------------------------------------------------------------------------

    async def feed(self, data: bytes) -> None:
        """Show a program's output. Waits while too much of it is not interpreted yet."""
        await self._intake.feed(data, replay=self.replaying)

    async def drained(self) -> None:
        """Wait until everything that was fed is interpreted."""
        await self._intake.drained()

    def set_sink(self, write: Callable[[bytes], None] | None) -> None:
        """Set where input goes; None drops it."""
        self._write = write

    def set_dimmed(self, dimmed: bool, message: str | None = None) -> None:
        """Show the last screen faded, with a line of text, as when the link is lost."""
        self._dimmed = dimmed
        self._message = (message or "") if dimmed else ""
        self._restyle()

    def text(self) -> str:
        """Return the screen as plain text, with all that was interpreted so far."""
        return self.emulator.text()

    def _on_events(self, happened: list[Event], replay: bool) -> None:
        for event in happened:
            if isinstance(event, Title):
                self.post_message(self.TitleChanged(self, event.text))
            elif replay:
                continue
            elif isinstance(event, Reply):
                if self.answers:
                    self.send(event.data)
            elif isinstance(event, Bell):
                self.post_message(self.Bell(self))

    # -- input ----------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        if data and self._write is not None:
            self._write(data)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Claim every key, so that no binding of the app or a screen takes it from the shell."""
        return True

    def on_key(self, event: events.Key) -> None:
        """Send a key to the program; the leader and the key after it go to the screen."""
        event.stop()
        event.prevent_default()
        if self._leader_pressed:
            self._leader_pressed = False
            self.post_message(self.LeaderChanged(self, False))
            if event.key != self.leader:
                self.post_message(self.LeaderKey(self, event.key, event.character))
                return
        elif event.key == self.leader:
            self._leader_pressed = True
            self.post_message(self.LeaderChanged(self, True))
            return
        if not self._scroll_key(event.key):
            self._send_key(event)

    def _send_key(self, event: events.Key) -> None:
        extended = self.emulator.modes.kitty_keyboard
        data = b"" if extended else raw_bytes(event.key, event.character)
        if not data:
            key = key_event(event.key, event.character, extended=extended)
            data = self.emulator.encode_key(key) if key is not None else b""
        if data:
            self.follow()
            self.send(data)

    def _scroll_key(self, key: str) -> bool:
        if key not in ("shift+pageup", "shift+pagedown") or self.emulator.modes.alternate_screen:
            return False
        self.scroll_history((self.size.height - 1 or 1) * (-1 if key == "shift+pageup" else 1))
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, in brackets if the program asked for them."""
        event.stop()
        event.prevent_default()
        self.follow()
        self.send(self.emulator.encode_paste(event.text))

    def on_focus(self) -> None:
        """Tell the program, and draw the cursor solid."""
        self.send(self.emulator.encode_focus(True))
        self._redraw_line(self._cursor.y)
        self._schedule()

    def on_blur(self) -> None:
        """Tell the program, and draw the cursor as a mark only."""
        if self._leader_pressed:
            self._leader_pressed = False
            self.post_message(self.LeaderChanged(self, False))
        self.send(self.emulator.encode_focus(False))
        self._redraw_line(self._cursor.y)

    # -- history --------------------------------------------------------------------------

    def scroll_history(self, lines: int) -> None:
        """Move through the history: up if negative."""
        self.clear_selection()
        self.emulator.scroll(lines)
        self._schedule()

    def follow(self) -> None:
        """Show the newest output again."""
        if not self.emulator.scrollbar.at_bottom:
            self.clear_selection()
            self.emulator.scroll_to_bottom()
            self._schedule()

    # -- size and looks -------------------------------------------------------------------

    def on_mount(self) -> None:
        """Follow the theme's colours."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())

    def on_unmount(self) -> None:
        """Stop interpreting."""
        self._intake.close()

    def on_resize(self, event: events.Resize) -> None:
        """Give the program the widget's size."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        if not size.width or not size.height:
            return
        self.clear_selection()
        self._on_events(self.emulator.resize(size.width, size.height), replay=False)
        fitted = (self.emulator.cols, self.emulator.rows)
        if fitted != self._announced:
            self._announced = fitted
            self.post_message(self.Resized(self, *fitted))
        self._draw()

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

    # -- drawing --------------------------------------------------------------------------

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
        if self._selected_changed(changed):
            self.clear_selection()
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
        if self.selection is not None:
            start, end = self.selection.columns(y, self.size.width)
            style = self.get_component_rich_style("terminal--selection", partial=True)
            strip = overlaid(strip, start, end, style or RichStyle(reverse=True))
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
