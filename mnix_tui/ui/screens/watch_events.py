"""What the watches over projects' files tell: many changes are told together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from mnix_tui.sync.watch import Beware, Sending, Synced, Trouble, Waiting, Watching
from mnix_tui.ui import about_sync, preview_words, words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.problems import problem
from mnix_tui.ui.screens.build_events import BuildEvents

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.sync.watch import WatchEvent
    from mnix_tui.ui.workbench.sync_port import WatchNews

GATHERED = 0.5
"""Seconds in which what one watch tells is told together."""

_WARNED = 3
"""Secrets and large files that are named when a watch sends them."""


@dataclass
class _Told:
    """What a watch told since it was last said."""

    project: Project
    last: WatchEvent
    transfers: int = 0
    sent: int = 0
    fetched: int = 0
    deleted: int = 0
    conflicts: set[str] = field(default_factory=set)

    def take(self, event: WatchEvent) -> None:
        # What the first look left as it was is so still when the watch begins.
        if not (isinstance(event, Watching) and about_sync.skipped(self.last)):
            self.last = event
        if isinstance(event, Synced):
            report = event.report
            self.transfers += not report.nothing
            self.sent += len(report.sent)
            self.fetched += len(report.fetched)
            self.deleted += len(report.deleted_there) + len(report.deleted_here)
            self.conflicts = {one.path for one in report.conflicts}

    @property
    def text(self) -> str:
        parts = [f"sent {words.count(self.sent, 'file')}"] if self.sent else []
        parts += [f"fetched {words.count(self.fetched, 'file')}"] if self.fetched else []
        parts += [f"deleted {self.deleted}"] if self.deleted else []
        many = f" in {self.transfers} transfers" if self.transfers > 1 else ""
        return f"⇄ {', '.join(parts)}{many}" if parts else ""


class WatchEvents(BuildEvents):
    """Says what watches do without drawing for each change."""

    _news: dict[str, _Told]
    _clashing: dict[str, frozenset[str]]
    _telling_news: Timer | None = None

    @dataclass
    class WatchTold(Message):
        """A watch over a project's files has news."""

        news: WatchNews

    def hear_watch(self, news: WatchNews) -> None:
        """Take news from the workbench."""
        self.post_message(self.WatchTold(news))

    @on(WatchTold)
    def _watch_told(self, event: WatchTold) -> None:
        event.stop()
        if isinstance(event.news.event, Beware):
            self._warn(event.news.project, event.news.event)
            return
        if self._telling_news is None:
            self._news = {}
            self._telling_news = self.set_timer(GATHERED, self._tell_news)
        project, told = event.news.project, event.news.event
        self._news.setdefault(project.ref, _Told(project, told)).take(told)

    def _tell_news(self) -> None:
        self._telling_news = None
        with self.activity.quietly():  # drawn once, however many projects there is news of
            for told in self._news.values():
                view = self._view_of(told.project)
                if view is not None:
                    self._tell_one(view, told)
        self.redraw()

    def _warn(self, project: Project, event: Beware) -> None:
        lines = [words.plain(each) for each in event.notes[:_WARNED]]
        more = len(event.notes) - len(lines)
        self.notify(
            "\n".join([*lines, *([f"and {more} more"] if more else [])]),
            title=f"{words.plain(project.name)}: sending for the first time",
            severity="warning",
            markup=False,
        )

    def _view_of(self, project: Project) -> ProjectView | None:
        views = self.model.snapshot.projects
        return next((view for view in views if view.project.ref == project.ref), None)

    def _tell_one(self, view: ProjectView, told: _Told) -> None:
        key, last = project_key(view), told.last
        before = self.model.watches.get(key)
        again = isinstance(last, Sending) and isinstance(before, Trouble)  # it may fail again
        if not again and not (isinstance(last, Watching) and about_sync.skipped(before)):
            self.model.watches[key] = last
        if told.text:
            self.activity.add(key, "good", told.text)
        if isinstance(last, Trouble):
            same = isinstance(before, Trouble) and before.error.title == last.error.title
            if not same:
                shown = problem(last.error)
                self.activity.add(key, "bad", f"⇄ {shown.title}", f"{shown.detail}\n{shown.hint}")
        elif isinstance(last, Waiting) and not isinstance(before, Waiting):
            self.activity.add(key, "busy", f"⇄ waiting: {words.plain(last.reason)}")
        if isinstance(last, Synced):
            self._tell_conflicts(key, view, last)

    def _tell_conflicts(self, key: str, view: ProjectView, last: Synced) -> None:
        """Say conflicts once, when they come up."""
        if not hasattr(self, "_clashing"):
            self._clashing = {}
        now = frozenset(one.path for one in last.report.conflicts)
        new = now - self._clashing.get(key, frozenset())
        self._clashing[key] = now
        if new:
            self.notify(
                preview_words.left(last.report),
                title=f"{words.plain(view.project.name)}: changed on both sides",
                severity="warning",
                markup=False,
            )
