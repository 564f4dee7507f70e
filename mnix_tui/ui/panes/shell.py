"""A shell: a session's stream bound to the terminal widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnix_tui.errors import MnixError
from mnix_tui.ui import keys, words
from mnix_tui.ui.problems import Problem, problem
from mnix_tui.ui.typeahead import HoldsKeys

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.ui.terminal.view import TerminalView
    from mnix_tui.ui.workbench.port import SessionStream, Workbench


class EndBar(Static, can_focus=True):
    """Says why a shell is over; the keyboard goes here, because the shell takes no more keys."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.ENDED)

    class Dismissed(Message):
        """It was read: the tab can go."""

    def say(self, shown: Problem) -> None:
        """Show why, and how to close the tab."""
        hint = f"\n→ {shown.hint}" if shown.hint else ""
        close = Content.from_markup("\n[b $accent]enter[/] [@click=close]closes this tab[/]")
        self.update(Content(f"✕ {shown.line}{hint}") + close)

    def action_close(self) -> None:
        """Let the tab go."""
        self.post_message(self.Dismissed())


class ShellPane(Vertical):
    """Shows one session. It goes on by itself when this widget or the whole dashboard is gone."""

    @dataclass
    class Closed(Message):
        """The session ended as sessions do: its tab can go."""

        job: str
        text: str
        focused: bool

    @dataclass
    class Ended(Message):
        """The stream is over; ``trouble`` is what has to be told, if anything."""

        text: str
        trouble: Problem | None = None

    @dataclass
    class Leader(Message):
        """The leader was pressed (``active``), or its key followed."""

        active: bool

    @dataclass
    class LeaderKey(Message):
        """This key followed the leader."""

        key: str

    def __init__(
        self, bench: Workbench, project: Project, job: Job, *, leader: str, scrollback_mib: int
    ) -> None:
        super().__init__(classes="shell-pane")
        self._scrollback = scrollback_mib << 20
        self.job = job
        self._bench = bench
        self._project = project
        self._leader = leader
        self._stream: SessionStream | None = None
        self._over = False
        self._typed_early = b""

    def compose(self) -> ComposeResult:
        """Lay out the terminal, or say why there is none."""
        from mnix_tui.ui.terminal.view import TerminalView

        try:
            yield TerminalView(
                self._write,
                leader=self._leader,
                scrollback_bytes=self._scrollback,
                classes="shell-terminal",
            )
        except MnixError as error:
            yield Static(problem(error).line, classes="shell-trouble", markup=False)
        yield EndBar(classes="shell-end")

    @property
    def view(self) -> TerminalView | None:
        """The terminal, or ``None`` where this platform has none."""
        from mnix_tui.ui.terminal.view import TerminalView

        return next(iter(self.query(TerminalView)), None)

    def focus_main(self) -> None:
        """Put the keyboard into the shell."""
        if self._over:
            self.query_one(EndBar).focus()
        elif self.view is not None:
            self.view.focus()

    def scroll_back(self) -> None:
        """Scroll the history up by half a page; keys go on going to the shell."""
        if self.view is not None:
            self.view.scroll_history(-max(self.view.size.height // 2, 1))

    def _write(self, data: bytes) -> None:
        if self._stream is None:
            self._typed_early += data
            return
        try:
            self._stream.write(data)
        except MnixError as error:
            self.post_message(self.Ended("", problem(error)))

    async def _run(self, stream: SessionStream, view: TerminalView) -> None:
        """Feed the terminal. Bytes go straight to it, not through messages: that would add a turn
        of the loop to each echo, and the wait in ``feed`` is what slows a flooding program down."""
        from mnix_tui import sessions

        view.replaying = True
        ended = self.Ended("The shell can't be shown any more")
        try:
            async with stream:
                async for event in stream:
                    match event:
                        case sessions.Output(data=data) | sessions.Preamble(data=data):
                            await view.feed(data)
                        case sessions.Attached(mine=mine) | sessions.Leads(mine=mine):
                            view.answers = mine
                        case sessions.Live():
                            await view.drained()
                            view.replaying = False
                        case sessions.LinkDown(reason=reason):
                            view.set_dimmed(True, f"{words.plain(reason)} · reconnecting")
                        case sessions.LinkUp():
                            view.set_dimmed(False)
                        case sessions.Gap(start=start, end=end):
                            await view.feed(_gap(end - start))
                        case sessions.Exited(code=code, reason=reason):
                            await view.drained()
                            ended = self.Ended(*_ending(code, reason))
        except Exception as error:
            ended = self.Ended("The shell can't be shown", problem(error))
        self.post_message(ended)  # last: whoever hears it may remove this pane and end the worker

    @on(Ended)
    def _ended(self, event: Ended) -> None:
        event.stop()
        if event.trouble is None and event.text:
            self.post_message(self.Closed(self.job.id, event.text, self.has_focus_within))
            return
        if event.text and self.view is not None:
            self.view.set_dimmed(True, event.text)
        had_focus = self.has_focus_within
        end = self.query_one(EndBar)
        end.say(event.trouble or Problem(event.text))
        end.add_class("-shown")
        self._over = True
        if had_focus:
            end.focus()

    @on(EndBar.Dismissed)
    def _dismissed(self, event: EndBar.Dismissed) -> None:
        event.stop()
        self.post_message(self.Closed(self.job.id, "", self.has_focus_within))

    def on_terminal_view_resized(self, event: TerminalView.Resized) -> None:
        """Attach when the size is known; later, tell the PTY."""
        event.stop()
        if self._stream is None:
            self._stream = self._bench.attach(
                self._project, self.job, cols=event.cols, rows=event.rows
            )
            self._write(self._typed_early)
            self.run_worker(
                self._run(self._stream, event.view),
                group="session",
                exclusive=True,
                exit_on_error=False,
            )
        else:
            self._stream.resize(event.cols, event.rows)

    def on_terminal_view_leader_changed(self, event: TerminalView.LeaderChanged) -> None:
        """Let the screen show what may follow."""
        event.stop()
        self.post_message(self.Leader(event.active))

    def on_terminal_view_leader_key(self, event: TerminalView.LeaderKey) -> None:
        """Let the screen do it."""
        event.stop()
        self.post_message(self.LeaderKey(event.key))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever looks at a shell leads it: its size is theirs, and what was typed ahead."""
        if isinstance(self.app, HoldsKeys):
            self.app.release_keys()
        if self._stream is not None:
            self._stream.lead()


def _ending(code: int | None, reason: str) -> tuple[str, Problem | None]:
    said = words.plain(reason)
    if said or code is None:
        text = f"The shell ended: {said or 'nobody knows how'}"
        return text, Problem(text, "what it printed is above")
    return f"The shell ended (exit {code})" if code else "The shell ended", None


def _gap(count: int) -> bytes:
    return f"\r\n\x1b[2m… {count} bytes are no longer kept …\x1b[0m\r\n".encode()
