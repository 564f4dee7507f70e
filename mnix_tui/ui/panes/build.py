"""A rebuild as it goes on, or as it went: a tree of what is built, beside it the log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.message import Message

from mnix_tui.ui import build_text, keys
from mnix_tui.ui.panes.build_cancel import CancelStrip
from mnix_tui.ui.panes.build_clock import BuildClock
from mnix_tui.ui.panes.build_log import BuildLog
from mnix_tui.ui.panes.build_standing import Around, Facts, head
from mnix_tui.ui.widgets.build_head import BuildHead
from mnix_tui.ui.widgets.build_tree import BuildTree
from mnix_tui.ui.widgets.problem_panel import ProblemPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.fleet import BuildWatch
    from mnix_tui.nixlog import Problem
    from mnix_tui.ui.workbench.port import Workbench

WIDE = 110
"""Columns from which on the log is beside the tree."""
LOW = 24
"""Rows below which no row is spent on gaps."""
REST = 60.0
"""Seconds that the log of an ended rebuild is kept while nobody looks at it."""
AGAIN = 5.0
"""Seconds after which a log that could not be read is tried again."""
TICK = 0.25
"""Seconds between two drawings while nothing is printed: times go on."""


class BuildPane(Vertical):
    """Shows one rebuild; ``Navigation`` makes it."""

    @dataclass
    class Changed(Message):
        """The log has grown, or the connection changed."""

    @dataclass
    class OtherWanted(Message):
        """Another of the project's builds is to be shown: 1 for the one before, -1 after."""

        job: Job
        step: int

    # An ended rebuild keeps its key: it must not be the one that stops the project.
    _OVER = Binding("x", "over", show=False)
    # Last: only what means nothing else here leads out.
    _LEAVE = Binding("escape", "leave", show=False)
    BINDINGS: ClassVar[list[BindingType]] = [*keys.BUILD, *keys.SEARCH, _OVER, _LEAVE]
    claims_keys = True

    def __init__(
        self,
        bench: Workbench,
        project: Project,
        job: Job,
        *,
        siblings: int,
        clock: Callable[[], float],
        around: Callable[[Job], Around] = lambda _: Around(),
    ) -> None:
        super().__init__(classes="build-pane")
        self.job = job
        self._bench = bench
        self._project = project
        self._siblings = siblings
        self._clock = clock
        self._around = around
        self._watch: BuildWatch | None = None
        self._problems: Sequence[Problem] = ()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._times: BuildClock | None = None
        self._side = BuildLog(lambda key: bench.build_log(project, self.job, key))
        self._error: BaseException | None = None
        self._told = False
        self._ticker: Timer | None = None
        self._drawn = self._begun = 0.0
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the head and the problems above the tree and the log."""
        yield BuildHead()
        yield CancelStrip(self._bench, self._project, self.job)
        yield ProblemPanel()
        with Container(classes="build-parts"):
            yield BuildTree()
            yield self._side

    def on_mount(self) -> None:
        """Begin to watch."""
        self._begin()
        self._ticker = self.set_interval(TICK, self._tick)
        self.call_after_refresh(self.draw)

    def _begin(self) -> None:
        self._begun = time.monotonic()
        try:
            watch = self._bench.watch_build(self._project, self.job)
        except Exception as error:
            self._error = error
        else:
            if watch is not self._watch:
                self._take(watch)
        self.draw()

    def _take(self, watch: BuildWatch) -> None:
        self._unsubscribe()
        self._error, self._watch = None, watch
        self._times = BuildClock(watch, self._clock)
        self._side.attach(watch)
        self._unsubscribe = watch.subscribe(self._heard)

    def on_unmount(self) -> None:
        """Stop watching."""
        self._unsubscribe()

    def show(self, job: Job, siblings: int) -> None:
        """Show what is known of the job now."""
        if (job, siblings) != (self.job, self._siblings):
            self.job, self._siblings = job, siblings
            if self._ticker is not None:  # else it is drawn as soon as it is laid out
                self.query_one(CancelStrip).show(job)
                self.draw()
        self._rest_if_over()

    def focus_main(self) -> None:
        """Put the keyboard into the tree, or into the log that is open."""
        if self._ticker is None:
            return
        if self._side.is_mounted and self.query(BuildTree):
            view, tree = self._side.panel.view, self.query_one(BuildTree)
            self.screen.set_focus(view if self.reading else tree)
        else:
            self.call_after_refresh(self.focus_main)

    @property
    def reading(self) -> bool:
        """Whether a log has all the room."""
        return self.has_class("-reading")

    # -- what comes

    def _heard(self) -> None:
        if not self._told:
            self._told = True
            self.post_message(self.Changed())

    @on(Changed)
    def _changed(self, event: Changed) -> None:
        event.stop()
        self._told = False
        self.draw()

    def on_show(self) -> None:
        """Catch up: nothing was drawn while nobody looked."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self._ticker is not None and self._watch is None:
            self._begin()
        self.draw()

    def on_hide(self) -> None:
        """Let go of the log of an ended rebuild, unless somebody soon looks again."""
        self._rest_if_over()

    def _rest_if_over(self) -> None:
        """Let go soon, if it has ended and nobody looks; it may end while nobody does."""
        if not (self.job.live or self.display or self._rest or self._watch is None):
            self._rest = self.set_timer(REST, self.let_go)

    def let_go(self) -> None:
        """Keep nothing of the log; it is read again when somebody looks."""
        if self.job.live or self.display:
            return
        self._unsubscribe()
        self._watch = self._times = None
        self.remove_class("-reading")
        self._side.attach(None)
        self.query_one(BuildTree).show(None, 0.0, alive=False)

    def on_resize(self) -> None:
        """Put the log beside the tree where there is room."""
        self.set_class(self.size.width >= WIDE, "-wide")
        self.set_class(self.size.height < LOW, "-low")
        self.draw()

    def _tick(self) -> None:
        watch = self._watch
        if watch is None or (watch.error is not None and self.job.live):
            self._again()
        elif watch.live and time.monotonic() - self._drawn > TICK / 2:
            self.draw()

    def _again(self) -> None:
        """Try now and then to read what could not be read."""
        if self.display and time.monotonic() - self._begun > AGAIN:
            self._begin()

    def draw(self) -> None:
        """Show how things are; only what is in sight costs anything."""
        if not self.display or not self.is_mounted or not self._side.is_mounted:
            return
        self._drawn = time.monotonic()
        facts = self._facts()
        self.query_one(BuildHead).show(head(facts))
        self.set_class(bool(facts.down), "-lost")
        watch = self._watch
        self._side.show(facts, full=self.reading)
        if watch is None:
            return
        build = watch.build
        if facts.ending:
            self.query_one(CancelStrip).running = build_text.doing(build.summary())
        self._problems = facts.problems
        self.query_one(ProblemPanel).show(self._problems, max(self.size.height // 3, 3))
        tree, rows = self.query_one(BuildTree), build.tree()
        unknown = not rows and bool(facts.coming)
        tree.show(None if unknown else rows, facts.now, alive=facts.live and not facts.down)

    def _facts(self) -> Facts:
        if self._times is not None:
            self._times.heard()
        now = self._times.now if self._times is not None else self._clock()
        lost = self._times.lost if self._times is not None else 0.0
        ending = self.query_one(CancelStrip).ending
        around = self._around(self.job)
        return Facts(self.job, self._watch, now, lost, around, self._error, ending)

    # -- the tree and the log

    @on(BuildTree.Selected)
    def _selected(self, event: BuildTree.Selected) -> None:
        event.stop()
        if not self.reading:
            self._side.turn_to(event.key)

    @on(BuildTree.Opened)
    def _opened(self, event: BuildTree.Opened) -> None:
        event.stop()
        failed = {problem.node_key for problem in self._problems if problem.node_key}
        self.open_log(event.key, at_error=event.key in failed)

    @on(ProblemPanel.Opened)
    def _problem_opened(self, event: ProblemPanel.Opened) -> None:
        event.stop()
        chosen = self.query_one(ProblemPanel).problem
        if chosen is not None:
            self.open_log(chosen.node_key, at_error=True)

    @on(ProblemPanel.Left)
    def _problem_left(self, event: ProblemPanel.Left) -> None:
        event.stop()
        self.screen.set_focus(self.query_one(BuildTree))

    def open_log(self, key: str, *, at_error: bool = False) -> None:
        """Give a node's whole log all the room."""
        if self._watch is None:
            return
        self._side.turn_to(key)
        self.add_class("-reading")
        self.screen.set_focus(self._side.panel.view)
        self._side.read_all(at_error=at_error)
        self.draw()
        self.refresh_bindings()

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say which keys mean something now."""
        if action == "next_error":
            return self._watch is not None and bool(self._problems)
        if action == "back":
            if not self.query(BuildTree):
                return False
            asking = self.query_one(CancelStrip).asking
            return self.reading or asking or not self.query_one(BuildTree).following
        if action == "leave":
            back = self.check_action("back", ()) or self.check_action("end_search", ())
            return not back and bool(self.query("BuildTree:focus"))
        if action in ("cancel", "over"):
            live = self.job.live and not (self._watch is not None and self._watch.done)
            return live if action == "cancel" else not live
        if action in ("older", "newer"):
            return self._siblings > 1
        if action in ("match", "end_search"):
            return self._side.panel.check_action(action, parameters)
        return True

    def action_older(self) -> None:
        """Show the build before this one."""
        self.post_message(self.OtherWanted(self.job, 1))

    def action_newer(self) -> None:
        """Show the build after this one."""
        self.post_message(self.OtherWanted(self.job, -1))

    def action_next_error(self) -> None:
        """Go to the next thing that failed."""
        panel, tree = self.query_one(ProblemPanel), self.query_one(BuildTree)
        if self.reading:
            self.action_back()
        panel.go(panel.number + 1 if panel.has_focus else panel.number)
        self.screen.set_focus(panel)
        if panel.problem is not None and panel.problem.node_key:
            tree.select(panel.problem.node_key)

    @on(CancelStrip.Changed)
    def _cancel_changed(self, event: CancelStrip.Changed) -> None:
        event.stop()
        self.draw()

    def action_back(self) -> None:
        """Go back: from the question, from the log to the tree, from a node to everything."""
        tree, strip = self.query_one(BuildTree), self.query_one(CancelStrip)
        if strip.asking:
            strip.action_keep()
        elif self.reading:
            self.remove_class("-reading")
            self.screen.set_focus(tree)
            self._side.turn_to(tree.selected)
        else:
            tree.follow()
        self.draw()
        self.refresh_bindings()

    async def action_leave(self) -> None:
        """Go back to the fleet."""
        await self.app.run_action("fleet", default_namespace=self.screen)

    def action_wrap(self) -> None:
        """Wrap the log's long lines, or cut them."""
        self._side.panel.view.action_wrap()

    def action_over(self) -> None:
        """Say that there is nothing to cancel."""
        self.notify("This rebuild has ended already", timeout=2, markup=False)

    def action_cancel(self) -> None:
        """Ask whether to cancel the rebuild; do it at the second press."""
        self.query_one(CancelStrip).press()
        self.draw()

    def action_search(self) -> None:
        """Search in the log that is shown."""
        self._side.panel.action_search()

    def action_match(self, step: int) -> None:
        """Go to another match."""
        self._side.panel.action_match(step)

    def action_end_search(self) -> None:
        """Stop searching."""
        self._side.panel.action_end_search()
