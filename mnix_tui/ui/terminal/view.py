"""The widget that shows a program's screen and passes keys, mouse, paste and focus to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style as RichStyle
from textual.message import Message
from textual.widget import Widget

from mnix_tui.terminal import (
    SCROLLBACK_BYTES,
    Bell,
    Emulator,
    Event,
    Reply,
    Title,
)
from mnix_tui.ui.terminal.drawing import Drawing
from mnix_tui.ui.terminal.intake import Intake
from mnix_tui.ui.terminal.keyboard import KeyboardHandling
from mnix_tui.ui.terminal.mouse import MouseHandling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual import events
    from textual.geometry import Size


class TerminalView(KeyboardHandling, MouseHandling, Drawing, Widget, can_focus=True):
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
        self.answers = True
        """Whether queries are answered: only the client that leads a session should."""
        self._write: Callable[[bytes], None] | None = write
        self._intake = Intake(self.emulator, self._on_events, self._schedule, self.in_front)
        self._announced = (0, 0)

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
            self.typed()

    def leader_changed(self, active: bool) -> None:
        """Tell that the leader was pressed and a key is awaited, or no longer is."""
        self.post_message(self.LeaderChanged(self, active))

    def leader_key(self, key: str, character: str | None) -> None:
        """Tell which key followed the leader."""
        self.post_message(self.LeaderKey(self, key, character))

    def on_focus(self) -> None:
        """Tell the program, and draw the cursor solid."""
        self.send(self.emulator.encode_focus(True))
        self._redraw_line(self._cursor.y)
        self._schedule()

    def on_blur(self) -> None:
        """Tell the program, and draw the cursor as a mark only."""
        self.drop_leader()
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

    def rows_changed(self, changed: set[int]) -> None:
        """Drop a selection whose text is no longer what it was."""
        if self._selected_changed(changed):
            self.clear_selection()

    def highlights(self, y: int) -> Iterable[tuple[int, int, RichStyle]]:
        """Return what is put over a visible row: the selection."""
        if self.selection is not None:
            start, end = self.selection.columns(y, self.size.width)
            style = self.get_component_rich_style("terminal--selection", partial=True)
            yield start, end, style or RichStyle(reverse=True)

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
