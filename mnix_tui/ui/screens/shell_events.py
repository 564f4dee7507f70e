"""What shells tell the screen: titles, marks, the end, the leader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from textual import events, on

from mnix_tui.domain.leader import parse_leader
from mnix_tui.ui import keys, splits, tabs, words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.marks import LONG
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.screens.reentering import Reentering
from mnix_tui.ui.typeahead import HoldsKeys
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.workbench.port import Workbench

TOASTS_APART = 5.0
"""Seconds between two toasts of the same shell."""
BELLS_APART = 0.1
"""Seconds between two bells: each one is written to the outer terminal, which may be slow."""
SOON = 0.1
"""Seconds in which many small changes become one redraw."""


class ShellEvents(Reentering):
    """Keeps tabs, marks and footer true while shells come, go and print."""

    _redraw_timer: Timer | None = None
    _leading = False

    def __init__(
        self, bench: Workbench, clock: Callable[[], float], leader: str, scrollback_mib: int
    ) -> None:
        super().__init__(bench, clock, leader, scrollback_mib)
        self._toasted: dict[str, float] = {}
        self._rung = -BELLS_APART

    def redraw_soon(self) -> None:
        """Redraw once for all that changes within a moment."""
        if self._redraw_timer is None:
            self._redraw_timer = self.set_timer(SOON, self._redraw_now)

    def _redraw_now(self) -> None:
        self._redraw_timer = None
        self.redraw()

    def look(self) -> bool:
        """Take the marks off what is in sight; say whether there were any."""
        marks = self.model.marks
        seen = [job for job in self.detail.in_sight if marks.seen(job)]
        return bool(seen)

    def ending(self, job: str) -> None:
        """Take note that a shell is ended on purpose."""
        pane = self.detail.shell_pane(job)
        if pane is not None:
            pane.expect_end()

    def close_shell(self, job_id: str, *, detach: bool = False) -> None:
        """Take a shell's tab, or its half of one, away; ``detach``: it runs on."""
        detail, job = self.detail, self.model.job(job_id)
        view = self.model.project_of(job) if job is not None else None
        pane = detail.shell_pane(job_id)
        focused = pane is not None and pane.has_focus_within
        after = ""
        if view is not None:
            key = project_key(view)
            arranged = self.model.arranged(key, detail.pane_ids)
            after = _after(arranged.windows, job_id)
            active = (after or tabs.OVERVIEW) if arranged.active == job_id else arranged.active
            left = arranged.without(job_id, closed=detach)
            self.model.layouts.put(key, replace(left, active=active))
        self._toasted.pop(job_id, None)
        if detach:
            self.model.forget_pane(job_id)
        else:
            self.model.closed(job_id)
        detail.drop_pane(job_id)
        self.redraw()
        if focused and after:
            detail.activate(after, focus=True)
        elif focused:
            self.action_fleet()

    @on(Detail.TabChanged)
    def _tab_changed(self, event: Detail.TabChanged) -> None:
        event.stop()
        self.redraw()

    @on(ShellPane.Closed)
    def _shell_closed(self, event: ShellPane.Closed) -> None:
        event.stop()
        self.close_shell(event.job)

    @on(ShellPane.Over)
    def _shell_over(self, event: ShellPane.Over) -> None:
        event.stop()
        self.model.marks.ended(event.job, event.status)
        self.redraw()

    @on(ShellPane.AnotherWanted)
    def _another_wanted(self, event: ShellPane.AnotherWanted) -> None:
        event.stop()
        old = self.model.job(event.job)
        view = self.model.project_of(old) if old is not None else None
        if view is None:
            return
        key = project_key(view)

        def opened(job: Job) -> None:
            self.put_beside(key, job, event.job, beside=True)
            self.close_shell(event.job)
            self.show_job(key, job)

        self.open_shell(view, then=opened)

    @on(ShellPane.StatusChanged)
    def _status_changed(self, event: ShellPane.StatusChanged) -> None:
        event.stop()
        pane = self.detail.shell_pane(event.job)
        if pane is not None:
            self.model.titles[event.job] = pane.status.title
            if event.job == self.detail.job:
                self.detail.show_status()
            self.redraw_soon()

    # -- what happens in shells that nobody looks at

    def _hidden(self, job: str) -> bool:
        return job not in self.detail.in_sight

    @on(ShellPane.Printed)
    def _printed(self, event: ShellPane.Printed) -> None:
        event.stop()
        if self._hidden(event.job):
            self.model.marks.activity(event.job)
            self.redraw_soon()

    @on(ShellPane.Rang)
    def _rang(self, event: ShellPane.Rang) -> None:
        event.stop()
        if self._hidden(event.job):
            self.model.marks.bell(event.job)
            self.redraw_soon()
        elif not 0 <= self.clock() - self._rung < BELLS_APART:
            self._rung = self.clock()
            self.app.bell()

    @on(ShellPane.CommandEnded)
    def _command_ended(self, event: ShellPane.CommandEnded) -> None:
        event.stop()
        if not self._hidden(event.job):
            return
        self.model.marks.finished(event.job, event.status)
        self.redraw_soon()
        if event.seconds > LONG:
            how = "done" if not event.status else f"failed with {event.status}"
            took = words.took(event.seconds)
            self._toast(event.job, f"A command is {how} after {took}", bad=bool(event.status))

    @on(ShellPane.Notified)
    def _notified(self, event: ShellPane.Notified) -> None:
        event.stop()
        if self._hidden(event.job):
            self.model.marks.bell(event.job)
            self.redraw_soon()
            text = " · ".join(part for part in (event.title, event.body) if part)
            self._toast(event.job, words.fit(text, 200))

    def _toast(self, job_id: str, text: str, *, bad: bool = False) -> None:
        """Tell something of a hidden shell; one that never stops talking is not let to."""
        now = self.clock()
        if now - self._toasted.get(job_id, -TOASTS_APART) < TOASTS_APART:
            return
        self._toasted[job_id] = now
        job, pane = self.model.job(job_id), self.detail.shell_pane(job_id)
        view = self.model.project_of(job) if job is not None else None
        if view is not None and pane is not None:
            self.notify(
                text,
                title=f"{words.plain(view.project.name)} · {pane.called}",
                severity="warning" if bad else "information",
                markup=False,
            )

    @on(ShellPane.Leader)
    def _leader_changed(self, event: ShellPane.Leader) -> None:
        event.stop()
        self.query_one(KeyBar).leading = event.active

    @on(ShellPane.LeaderKey)
    async def _leader_key(self, event: ShellPane.LeaderKey) -> None:
        event.stop()
        found = next((one for one in keys.LEADER if event.key in one.key.split(",")), None)
        try:
            if found is not None:
                await self.app.run_action(found.action, default_namespace=self)
        finally:
            if isinstance(self.app, HoldsKeys):
                self.app.leader_done()
        if found is None and event.key != "escape":
            self.notify(
                f"{keys.display(event.key)} does nothing after the leader", timeout=2, markup=False
            )

    def lead(self, key: str) -> Literal["leader", "key", ""]:
        """Take the leader, or the key after it, where no shell has the keyboard to do so."""
        focused, leader = self.focused, parse_leader(self.leader).name
        if focused is not None and any(isinstance(one, ShellPane) for one in focused.ancestors):
            return ""
        if not self._leading and key != leader:
            return ""
        self._set_leading(not self._leading)
        if key == leader:
            return "leader"
        self.post_message(ShellPane.LeaderKey(key))
        return "key"

    def _set_leading(self, leading: bool) -> None:
        self._leading = self.query_one(KeyBar).leading = leading

    def on_screen_suspend(self) -> None:
        """Wait no longer for the key after the leader: something else is on top."""
        if self._leading:
            self._set_leading(False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the keys of what has the keyboard; it takes no leader that was another's."""
        if self._leading:
            self._set_leading(False)
        self.query_one(KeyBar).in_shell = any(
            isinstance(node, ShellPane) for node in event.widget.ancestors
        )


def _after(windows: tuple[splits.Leaf | splits.Split, ...], job: str) -> str:
    """Return the shell that comes to the front when ``job`` goes; "" where there is none."""
    for at, window in enumerate(windows):
        inside = splits.jobs(window)
        if job in inside:
            beside = [other for other in inside if other != job]
            if beside:
                return beside[max(inside.index(job) - 1, 0)]
            others = (*windows[:at][::-1][:1], *windows[at + 1 :][:1])
            return splits.jobs(others[0])[0] if others else ""
    return ""
