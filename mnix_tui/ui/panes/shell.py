"""A shell: a session's stream bound to the terminal widget, with what has to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events, on
from textual.message import Message
from textual.widgets import Static

from mnix_tui.errors import MnixError
from mnix_tui.ui import words
from mnix_tui.ui.panes.clipboard import Clipboard
from mnix_tui.ui.panes.end_bar import EndBar
from mnix_tui.ui.panes.frame import Frame
from mnix_tui.ui.panes.link_watch import LinkWatch
from mnix_tui.ui.panes.reentry import Reentry
from mnix_tui.ui.panes.told import Told
from mnix_tui.ui.panes.typing import Typing
from mnix_tui.ui.problems import Problem, problem
from mnix_tui.ui.typeahead import HoldsKeys
from mnix_tui.ui.widgets.banner import Banner
from mnix_tui.ui.widgets.pane_title import PaneTitle

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.sessions import AttachEvent
    from mnix_tui.ui.terminal.view import TerminalView
    from mnix_tui.ui.workbench.port import SessionStream, Workbench


@dataclass(frozen=True)
class ShellOptions:
    """What all shells of the dashboard have in common."""

    leader: str
    scrollback_mib: int
    clock: Callable[[], float]


class ShellPane(Told):
    """Shows one session. It goes on by itself when this widget or the whole dashboard is gone."""

    @dataclass
    class Closed(Message):
        """The tab can go: the session ended as sessions do, or its end was read."""

        job: str
        text: str
        focused: bool

    @dataclass
    class Ended(Message):
        """The stream is over; ``trouble`` is what has to be told, if anything."""

        text: str
        trouble: Problem | None = None
        status: int | None = None
        unsent: int = 0

    @dataclass
    class Over(Message):
        """The shell ended, and its tab stays until somebody has read how."""

        job: str
        status: int | None

    @dataclass
    class AnotherWanted(Message):
        """A new shell is wanted in the place of this one."""

        job: str

    @dataclass
    class Heard(Message):
        """The stream told something that is not output."""

        event: AttachEvent

    def __init__(
        self, bench: Workbench, project: Project, job: Job, name: str, options: ShellOptions
    ) -> None:
        super().__init__(classes="shell-pane")
        self.job = job
        self.called = name
        """What people call this shell."""
        self.view: TerminalView | None = None
        """The terminal, or ``None`` where this platform has none."""
        self.over = False
        """The session has ended, or can't be shown any more."""
        self._bench = bench
        self._project = project
        self._options = options
        self._stream: SessionStream | None = None
        self._ending_wanted = False
        self._mine = True
        self.banner = Banner()
        self._title = PaneTitle()
        self.show_title()
        self.typing = Typing(self._refused, self._paste)
        self.link = LinkWatch(self, options)
        self.clipboard = Clipboard(self, bench, project.server, options)
        self.reentry = Reentry(self, options.leader)

    def compose(self) -> ComposeResult:
        """Lay out the terminal, or say why there is none."""
        from mnix_tui.ui.terminal.view import TerminalView

        yield self._title
        try:
            self.view = TerminalView(
                self.typing.write,
                leader=self._options.leader,
                scrollback_bytes=self._options.scrollback_mib << 20,
                classes="shell-terminal",
            )
        except MnixError as error:
            yield Static(problem(error).line, classes="shell-trouble", markup=False)
        else:
            yield Frame(self.view, self.banner)
        yield EndBar(self._options.leader)

    def call(self, name: str) -> None:
        """Take another name."""
        if name != self.called:
            self.called = name
            self.show_title()

    def focus_main(self) -> None:
        """Put the keyboard into the shell."""
        # At once: keys that are typed behind what brought it here are for it.
        target = self.query_one(EndBar) if self.over else self.view
        self.screen.set_focus(target, scroll_visible=False)

    def expect_end(self) -> None:
        """Note that the shell is ended on purpose: there is nothing to read then."""
        self._ending_wanted = True

    def retry_now(self) -> None:
        """Try to reach the server now."""
        if self._stream is not None:
            self._stream.retry_now()

    def _refused(self, error: MnixError) -> None:
        shown = problem(error)
        self.banner.flash(f"✕ {shown.line} · what you type now is not taken")

    def _paste(self, sending: object) -> None:
        self.run_worker(sending, group="paste", exit_on_error=False)  # type: ignore[arg-type]

    # -- the stream

    async def _run(self, stream: SessionStream, view: TerminalView) -> None:
        """Feed the terminal. Bytes go straight to it, not through messages: that would add a turn
        of the loop to each echo, and the wait in ``feed`` is what slows a flooding program down."""
        from mnix_tui import sessions

        view.replaying = True
        ended = self.Ended("The shell can't be shown any more", Problem("The stream is over"))
        try:
            async with stream:
                async for event in stream:
                    match event:
                        case sessions.Output(data=data):
                            await view.feed(data)
                        case sessions.Preamble(data=data):
                            view.replaying = True  # also for who looks again after long
                            await view.feed(data)
                        case sessions.Gap(start=start, end=end):
                            await view.feed(_gap(end - start))
                        case sessions.Live():
                            await view.drained()
                            view.replaying = False
                        case sessions.Exited():
                            await view.drained()
                            ended = self.Ended(*_ending(event.code, event.reason, event.unsent))
                        case _:
                            if isinstance(event, (sessions.Attached, sessions.Leads)):
                                view.answers = event.mine
                            self.post_message(self.Heard(event))
        except Exception as error:
            ended = self.Ended("The shell can't be shown", problem(error))
        self.post_message(ended)  # last: whoever hears it may remove this pane and end the worker

    @on(Heard)
    def _heard(self, heard: Heard) -> None:
        from mnix_tui import sessions

        heard.stop()
        match heard.event:
            case (
                sessions.Attached(mine=mine, cols=cols, rows=rows)
                | sessions.Leads(mine=mine, cols=cols, rows=rows)
            ):
                self._leads(None if mine else (cols, rows))
            case sessions.Clients(others=others):
                names = tuple(words.fit(words.plain(other.name), 40) or "?" for other in others)
                self.set_status(others=names)
                if not others and not self._mine and self._stream is not None:
                    self._stream.lead()  # whoever led is gone, and its size with it
            case _:
                self.link.heard(heard.event)

    def _leads(self, size: tuple[int, int] | None) -> None:
        """Show the screen at its leader's size, which is ours unless ``size`` says otherwise."""
        self._mine = size is None
        frame = self.query_one(Frame)
        frame.fix(size)
        self.set_status(size=size if size != frame.room else None)

    @on(Ended)
    def _ended(self, event: Ended) -> None:
        event.stop()
        self.over = True
        self.link.over()
        watched = self.has_focus_within
        quiet = event.trouble is None and not event.unsent
        if self._ending_wanted or (quiet and watched and not event.status):
            self.post_message(self.Closed(self.job.id, event.text, watched))
            return
        if self.view is not None:
            self.view.set_dimmed(True)
        end = self.query_one(EndBar)
        calm = Problem(event.text, severity="error" if event.status else "warning")
        end.say(event.trouble or calm, event.unsent)
        end.add_class("-shown")
        self.post_message(self.Over(self.job.id, event.status))
        if watched:
            end.focus()

    @on(EndBar.Dismissed)
    def _dismissed(self, event: EndBar.Dismissed) -> None:
        event.stop()
        self.post_message(self.Closed(self.job.id, "", self.has_focus_within))

    @on(EndBar.Leader)
    def _end_leader(self, event: EndBar.Leader) -> None:
        event.stop()
        self.post_message(self.Leader(event.active))
        if event.key:
            self.post_message(self.LeaderKey(event.key))

    @on(EndBar.AnotherWanted)
    def _another_wanted(self, event: EndBar.AnotherWanted) -> None:
        event.stop()
        self.post_message(self.AnotherWanted(self.job.id))

    @on(Frame.Resized)
    def _resized(self, event: Frame.Resized) -> None:
        """Attach when the size is known; later, tell the PTY."""
        event.stop()
        if self._stream is not None:
            self._stream.resize(event.cols, event.rows)
        elif self.view is not None:
            self._stream = self._bench.attach(
                self._project, self.job, cols=event.cols, rows=event.rows
            )
            self._stream.pace(True)
            self.typing.attach(self._stream)
            self.run_worker(
                self._run(self._stream, self.view),
                group="session",
                exclusive=True,
                exit_on_error=False,
            )

    def show_title(self) -> None:
        """Show the name and the status."""
        self._title.show(self.called, self.status)

    def on_show(self) -> None:
        """Show what happens now: an hour without a network may lie behind."""
        if self._stream is not None:
            self._stream.catch_up()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever looks at a shell leads it: its size is theirs, and what was typed ahead."""
        if isinstance(self.app, HoldsKeys):
            self.app.release_keys()
        if self._stream is not None:
            self._stream.lead()


def _ending(
    code: int | None, reason: str, unsent: int
) -> tuple[str, Problem | None, int | None, int]:
    said = words.plain(reason)
    if said or code is None:
        text = f"The shell ended: {said or 'nobody knows how'}"
        return text, Problem(text, "what it printed is above"), code, unsent
    return f"The shell ended (exit {code})" if code else "The shell ended", None, code, unsent


def _gap(count: int) -> bytes:
    return f"\r\n\x1b[2m… {count} bytes are no longer kept …\x1b[0m\r\n".encode()
