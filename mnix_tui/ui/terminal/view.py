"""The widget that shows a program's screen and passes keys, mouse, paste and focus to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual.widget import Widget

from mnix_tui.terminal import SCROLLBACK_BYTES, Emulator, Event
from mnix_tui.ui.terminal import messages
from mnix_tui.ui.terminal.announcing import Announcer
from mnix_tui.ui.terminal.decorating import Decorating
from mnix_tui.ui.terminal.intake import Intake
from mnix_tui.ui.terminal.keyboard import KeyboardHandling
from mnix_tui.ui.terminal.looking_back import LookingBack
from mnix_tui.ui.terminal.mouse import MouseHandling
from mnix_tui.ui.terminal.pasting import Pasting
from mnix_tui.ui.terminal.selecting import Selecting

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.geometry import Size

MARGIN_FROM = 20
"""A narrower view has no column to spare for the marks beside prompts."""


class TerminalView(
    LookingBack, Pasting, KeyboardHandling, MouseHandling, Decorating, Widget, can_focus=True
):
    """A terminal. Give it output with ``feed``; what is typed goes to ``write``."""

    ALLOW_SELECT = False
    takes_every_key: ClassVar[bool] = True
    """Tells the app to hand over keys without asking any binding."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "terminal--selection",
        "terminal--match",
        "terminal--match-current",
        "terminal--bar",
        "terminal--bar-mode",
        "terminal--bar-key",
        "terminal--bar-bad",
        "terminal--thumb",
        "terminal--corner",
        "terminal--ok",
        "terminal--failed",
    }
    DEFAULT_CSS = "TerminalView { width: 1fr; height: 1fr; }"

    TitleChanged: TypeAlias = messages.TitleChanged
    DirectoryChanged: TypeAlias = messages.DirectoryChanged
    Bell: TypeAlias = messages.Bell
    ClipboardWanted: TypeAlias = messages.ClipboardWanted
    CommandStarted: TypeAlias = messages.CommandStarted
    CommandEnded: TypeAlias = messages.CommandEnded
    Notified: TypeAlias = messages.Notified
    Activity: TypeAlias = messages.Activity
    LeaderKey: TypeAlias = messages.LeaderKey
    LeaderChanged: TypeAlias = messages.LeaderChanged
    Resized: TypeAlias = messages.Resized
    CopyMode: TypeAlias = messages.CopyMode

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
        self.selecting = Selecting(self.emulator)
        self.leader = leader
        self.answers = True
        """Whether queries are answered: only the client that leads a session should."""
        self._write: Callable[[bytes], None] | None = write
        self._announcer = Announcer(self)
        self._intake = Intake(self.emulator, self._on_events, self._fed, self.in_front)
        self._announced = (0, 0)
        self._init_decor()

    # -- output ---------------------------------------------------------------------------

    async def feed(self, data: bytes) -> None:
        """Show a program's output. Waits while too much of it is not interpreted yet."""
        await self._intake.feed(data, replay=self.replaying)

    async def drained(self) -> None:
        """Wait until everything that was fed is interpreted."""
        await self._intake.drained()

    @property
    def replaying(self) -> bool:
        """While true, what is fed is history: no replies, no bells, only the last title."""
        return self._replaying

    @replaying.setter
    def replaying(self, replaying: bool) -> None:
        Decorating.replaying.fset(self, replaying)  # type: ignore[attr-defined]
        if not replaying:
            self._announcer.live()

    def set_sink(self, write: Callable[[bytes], None] | None) -> None:
        """Set where input goes; None drops it."""
        self._write = write

    def set_dimmed(self, dimmed: bool) -> None:
        """Show the last screen faded, as when the link is lost."""
        self._dimmed = dimmed
        self._restyle()

    def text(self) -> str:
        """Return the screen as plain text, with all that was interpreted so far."""
        return self.emulator.text()

    def _on_events(self, happened: list[Event], replay: bool) -> None:
        self._announcer.events(happened, replay)

    def _fed(self) -> None:
        self._announcer.output(self._in_sight())
        if self.copying is not None and not self.copying.keep_still():
            self.leave_copy_mode()
            self.tell("copy mode ended: the program shows another screen")
        self._schedule()

    def on_show(self) -> None:
        """Take note that the view is looked at."""
        self._announcer.shown()

    # -- input ----------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Write bytes to the program."""
        if data and self._write is not None:
            self._write(data)
            self.typed()

    def copying_changed(self, active: bool) -> None:
        """Tell that copy mode began, or ended."""
        self.post_message(self.CopyMode(self, active))

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

    # -- size and looks -------------------------------------------------------------------

    def on_mount(self) -> None:
        """Follow the theme's colours."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())

    def on_unmount(self) -> None:
        """Stop interpreting."""
        self.app.theme_changed_signal.unsubscribe(self)
        self._intake.close()
        if self.copying is not None:
            self.copying.search.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Give the program the widget's size."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        if not size.width or not size.height:
            return
        self.margin_width = 1 if size.width >= MARGIN_FROM else 0
        self._on_events(self.emulator.resize(size.width - self.margin_width, size.height), False)
        fitted = (self.emulator.cols, self.emulator.rows)
        if fitted != self._announced:
            self.leave_copy_mode()
            self._announced = fitted
            self.post_message(self.Resized(self, *fitted))
        self._draw()
