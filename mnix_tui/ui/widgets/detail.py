"""The right side: what is selected, in tabs. It holds the panes; the screen gives it data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message

from mnix_tui.ui import tabs
from mnix_tui.ui.panes.activity import ActivityPane
from mnix_tui.ui.panes.job import JobPane
from mnix_tui.ui.widgets.overview import Overview
from mnix_tui.ui.widgets.tab_bar import TabBar
from mnix_tui.ui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from mnix_tui.ui.tabs import Tab
    from mnix_tui.ui.view_model import Shown


class Detail(Vertical):
    """Tabs of the selected project or server; each project comes back to the tab it was left at."""

    @dataclass
    class PaneWanted(Message):
        """A tab was chosen whose pane does not exist yet; the screen makes it."""

        key: str
        tab: Tab

    @dataclass
    class TabChanged(Message):
        """Another tab is in front."""

        tab: Tab

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown: Shown | None = None
        self._active: dict[str, str] = {}
        self._panes: dict[str, Widget] = {}
        self._focus_next = False

    def compose(self) -> ComposeResult:
        """Lay out the tabs above what they show."""
        yield TabBar(id="tabs")
        with Container(id="body"):
            yield Welcome(id="welcome")
            yield Overview(id="overview")
            yield ActivityPane(id="activity")

    @property
    def active(self) -> Tab | None:
        """The tab in front."""
        if self._shown is None:
            return None
        wanted = self._active.get(self._shown.key, tabs.OVERVIEW)
        found = (tab for tab in self._shown.tabs if tab.id == wanted)
        return next(found, self._shown.tabs[0])

    @property
    def pane(self) -> Widget:
        """The widget below the tabs."""
        tab = self.active
        if tab is None:
            return self.query_one("#welcome")
        fixed = {"overview": "#overview", "log": "#activity"}.get(tab.kind)
        return self.query_one(fixed) if fixed else self._panes.get(tab.id, self)

    @property
    def pane_ids(self) -> frozenset[str]:
        """The jobs that have a pane, in front or not."""
        return frozenset(self._panes)

    def welcome(self, loading: bool) -> None:
        """Show the empty state."""
        self._shown = None
        self._entitle(Content("mnix"))
        self.query_one(Welcome).show(loading)
        self._raise()

    def show(self, shown: Shown) -> None:
        """Show a row of the fleet, at the tab where it was left."""
        self._shown = shown
        self._entitle(Content.assemble((shown.about.title, "bold"), f" ─ {shown.about.summary}"))
        self.query_one(Overview).show(shown.about)
        tab = self.active
        if tab is not None and tab.kind == "log":
            self.query_one(ActivityPane).show(shown.activity)
        builds = sum(job.kind == "rebuild" for job in shown.jobs)
        for job in shown.jobs:
            pane = self._panes.get(job.id)
            if isinstance(pane, JobPane):
                pane.show(job, builds)
        self._raise()

    def activate(self, tab_id: str, *, focus: bool = False) -> None:
        """Bring a tab to the front."""
        if self._shown is None or tab_id not in [tab.id for tab in self._shown.tabs]:
            return
        self._active[self._shown.key] = tab_id
        self._focus_next = focus
        self.show(self._shown)
        if self.active:
            self.post_message(self.TabChanged(self.active))

    def want(self, key: str, tab_id: str) -> None:
        """Remember which tab to show of a row that is not shown (or has not got that tab) yet."""
        self._active[key] = tab_id

    def step(self, by: int) -> None:
        """Go to the next tab, or the one before."""
        if self._shown and self.active:
            ids = [tab.id for tab in self._shown.tabs]
            at = (ids.index(self.active.id) + by) % len(ids)
            self.activate(ids[at], focus=True)

    def number(self, number: int) -> None:
        """Go to the tab with this number, counted from 1."""
        if self._shown and number <= len(self._shown.tabs):
            self.activate(self._shown.tabs[number - 1].id, focus=True)

    def add_pane(self, job: str, pane: Widget) -> None:
        """Take the pane that was asked for."""
        self._panes[job] = pane
        self.query_one("#body").mount(pane)
        self.call_after_refresh(self._raise)

    def drop_pane(self, job: str) -> None:
        """Remove the pane of a job that is not shown any more."""
        pane = self._panes.pop(job, None)
        if pane is not None:
            if pane.has_focus_within:
                self.screen.set_focus(None)
            pane.remove()

    def _entitle(self, title: Content) -> None:
        # Typed as text by Textual, and content is taken as it is: names are never markup.
        self.border_title = title

    def focus_main(self) -> None:
        """Put the keyboard into the pane in front."""
        pane = self.pane
        focus: Callable[[], None] | None = getattr(pane, "focus_main", None)
        if focus is not None:
            focus()
            return
        inner = next((widget for widget in pane.query("*") if widget.focusable), None)
        if inner is not None:
            inner.focus()

    def _raise(self) -> None:
        tab, pane = self.active, None
        bar = self.query_one(TabBar)
        bar.display = tab is not None
        if self._shown is not None and tab is not None:
            bar.show(self._shown.tabs, tab.id)
            if tab.kind in ("shell", "job") and tab.id not in self._panes:
                self.post_message(self.PaneWanted(self._shown.key, tab))
        pane = self.pane
        for child in self.query_one("#body").children:
            child.display = child is pane
        if self._focus_next and pane is not self:
            self._focus_next = False
            self.call_after_refresh(self.focus_main)

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        event.stop()
        self.activate(event.tab, focus=True)
