"""The right side: what is selected, in tabs. It holds the panes; the screen gives it data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events, on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from mnix_tui.ui import splits, tabs, words
from mnix_tui.ui.panes.activity import ActivityPane
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.splits import Leaf
from mnix_tui.ui.typeahead import HoldsKeys
from mnix_tui.ui.widgets.overview import Overview
from mnix_tui.ui.widgets.stage import Stage
from mnix_tui.ui.widgets.tab_bar import TabBar
from mnix_tui.ui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.layouts import Layouts
    from mnix_tui.ui.splits import Split, Way
    from mnix_tui.ui.tabs import Tab
    from mnix_tui.ui.view_model import Shown


class Detail(Vertical):
    """Tabs of the selected project or server; each project comes back to the tab it was left at."""

    @dataclass
    class PaneWanted(Message):
        """A job comes to the front whose pane does not exist yet; the screen makes it."""

        key: str
        job: str
        kind: str

    @dataclass
    class TabChanged(Message):
        """Another tab, or another shell of it, is in front."""

        tab: Tab

    def __init__(self, layouts: Layouts, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.zoomed = False
        """Of a split tab, only the shell with the keyboard is shown."""
        self._layouts = layouts
        self._shown: Shown | None = None
        self._panes: dict[str, Widget] = {}
        self._follow: dict[str, Callable[[Job, int], None]] = {}
        self._latest: list[str] = []
        self._focus_next = False

    def compose(self) -> ComposeResult:
        """Lay out the tabs above what they show."""
        yield TabBar(id="tabs")
        yield Stage(
            Welcome(id="welcome"), Overview(id="overview"), ActivityPane(id="activity"), id="body"
        )

    @property
    def active(self) -> Tab | None:
        """The tab in front."""
        if self._shown is None:
            return None
        wanted = self._layouts.of(self._shown.key).active or tabs.OVERVIEW
        found = (tab for tab in self._shown.tabs if wanted == tab.id or wanted in tab.jobs)
        return next(found, self._shown.tabs[0])

    @property
    def job(self) -> str:
        """The job in front: of a split tab, the shell that has or had the keyboard."""
        tab = self.active
        if tab is None or not tab.jobs:
            return ""
        wanted = self._layouts.of(self._shown.key).active if self._shown else ""
        return wanted if wanted in tab.jobs else tab.jobs[0]

    @property
    def key(self) -> str:
        """The row of the fleet that is shown; "" for none."""
        return self._shown.key if self._shown is not None else ""

    @property
    def pane(self) -> Widget:
        """The widget below the tabs, or the one of a split tab that the keyboard is for."""
        tab = self.active
        if tab is None:
            return self.query_one("#welcome")
        fixed = {"overview": "#overview", "log": "#activity"}.get(tab.kind)
        return self.query_one(fixed) if fixed else self._panes.get(self.job, self)

    @property
    def shell(self) -> ShellPane | None:
        """The shell in front, if it is one."""
        pane = self.pane
        return pane if isinstance(pane, ShellPane) else None

    @property
    def shape(self) -> Leaf | Split | None:
        """How the shells in front share the room, as it is shown."""
        tab = self.active
        if tab is None or tab.tree is None:
            return None
        return Leaf(self.job) if self.zoomed else tab.tree

    @property
    def in_sight(self) -> frozenset[str]:
        """The jobs whose panes can be seen."""
        tab = self.active
        if self.shape is not None:
            return frozenset(splits.jobs(self.shape))
        return frozenset(tab.jobs) if tab is not None else frozenset()

    @property
    def pane_ids(self) -> frozenset[str]:
        """The jobs that have a pane, in front or not."""
        return frozenset(self._panes)

    def shell_pane(self, job: str) -> ShellPane | None:
        """Return a shell's pane, in front or not."""
        pane = self._panes.get(job)
        return pane if isinstance(pane, ShellPane) else None

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
            if job.id in self._follow:
                self._follow[job.id](job, builds)
            elif isinstance(pane, ShellPane):
                pane.call(shown.names.get(job.id, pane.called))
                pane.reentry.know(shown.ready.get(job.id))
        self._raise()

    def activate(self, wanted: str, *, focus: bool = False) -> None:
        """Bring a tab, or a shell inside one, to the front."""
        if self._shown is None:
            return
        tab = next((tab for tab in self._shown.tabs if wanted in (tab.id, *tab.jobs)), None)
        if tab is None:
            return
        self.want(self._shown.key, wanted)
        self._focus_next = focus
        self.show(self._shown)
        self.post_message(self.TabChanged(tab))

    def want(self, key: str, wanted: str) -> None:
        """Remember what to show of a row that is not shown (or has not got that tab) yet."""
        self._latest = [*(job for job in self._latest[-63:] if job != wanted), wanted]
        self._layouts.put(key, self._layouts.of(key).shown(wanted))

    def _activate_tab(self, tab: Tab) -> None:
        """Bring a tab to the front, a split one at the shell that had the keyboard last."""
        recent = (job for job in reversed(self._latest) if job in tab.jobs)
        self.activate(next(recent, tab.id), focus=True)

    def step(self, by: int) -> None:
        """Go to the next tab, or the one before."""
        if self._shown and self.active:
            ids = [tab.id for tab in self._shown.tabs]
            at = (ids.index(self.active.id) + by) % len(ids)
            self._activate_tab(self._shown.tabs[at])

    def number(self, number: int) -> None:
        """Go to the tab with this number, counted from 1."""
        if self._shown and number <= len(self._shown.tabs):
            self._activate_tab(self._shown.tabs[number - 1])

    def neighbour(self, way: Way | None) -> str:
        """Return the shell on that side of the one in front, or with ``None`` the next one."""
        tab, job = self.active, self.job
        if tab is None or tab.tree is None or len(tab.jobs) < 2:
            return ""
        if way is None:
            return tab.jobs[(tab.jobs.index(job) + 1) % len(tab.jobs)]
        boxes, _ = splits.place(tab.tree, self.query_one(Stage).room)
        return splits.neighbour(boxes, job, way)

    def add_pane(
        self, job: str, pane: Widget, follow: Callable[[Job, int], None] | None = None
    ) -> None:
        """Take the pane that was asked for; ``follow`` is told how its job is, and of how many."""
        self._panes[job] = pane
        if follow is not None:
            self._follow[job] = follow
        pane.display = job in self.in_sight
        self.query_one(Stage).mount(pane)
        pane.call_after_refresh(self._raise)  # the pane's turn comes when it is composed

    def drop_pane(self, job: str) -> None:
        """Remove the pane of a job that is not shown any more."""
        pane = self._panes.pop(job, None)
        self._follow.pop(job, None)
        if pane is not None:
            if pane.has_focus_within:
                self.screen.set_focus(None)
            pane.remove()

    def _entitle(self, title: Content) -> None:
        # Typed as text by Textual, and content is taken as it is: names are never markup.
        self.border_title = title

    def show_status(self) -> None:
        """Say below the shell in front what runs in it and who else is there."""
        shell, tab = self.shell, self.active
        parts: list[tuple[str, str]] = []
        if shell is not None and tab is not None:
            status = shell.status
            alone = len(tab.jobs) == 1 or self.zoomed
            width = self.size.width - 6
            aside = status.aside if len(status.aside) <= width else status.aside_short
            room = min(width // 2, width - len(aside) - 3)
            if alone and status.title and room >= 8:
                parts.append((words.fit(status.title, room), ""))
            if alone and aside:
                parts.append((aside, "$warning" if status.behind else "$accent"))
            if self.zoomed and len(tab.jobs) > 1:
                parts.append((f"zoomed, {len(tab.jobs) - 1} more behind", "$accent"))
        told = Content(" · ").join(Content.styled(text, style) for text, style in parts)
        if self.border_subtitle != told:
            self.border_subtitle = told

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

    def hand_over(self) -> None:
        """Put the keyboard into the pane in front, with what was typed ahead for it."""
        self.focus_main()
        if isinstance(self.app, HoldsKeys):
            self.app.release_keys()

    def _raise(self) -> None:
        tab = self.active
        bar = self.query_one(TabBar)
        bar.display = tab is not None
        if self._shown is not None and tab is not None:
            bar.show(self._shown.tabs, tab.id)
            for job in self.in_sight - self.pane_ids:
                self.post_message(self.PaneWanted(self._shown.key, job, tab.kind))
        pane, tree = self.pane, self.shape
        inside = splits.jobs(tree) if tree is not None else ()
        panes = {job: self._panes[job] for job in inside if job in self._panes}
        for job, each in panes.items():
            each.set_class(len(inside) > 1, "-split")
            each.set_class(job == self.job, "-front")
        self.query_one(Stage).show(pane, tree, panes)
        self.show_status()
        if self._focus_next and pane is not self and pane.is_mounted:
            self._focus_next = False
            self.hand_over()  # before what had it is hidden: that would look for another
        elif self._focus_next and isinstance(self.app, HoldsKeys):
            self.app.hold_keys()  # they are for the pane that is being made

    def on_descendant_blur(self) -> None:
        """The keyboard may have gone to the fleet."""
        self.call_later(self._show_active)

    def _show_active(self) -> None:
        self.set_class(self.has_focus_within, "-active")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What has the keyboard is in front: a click into a half of a split tab puts it there."""
        self._show_active()
        for job in self.in_sight:
            pane = self._panes.get(job)
            if pane is not None and pane in event.widget.ancestors_with_self and job != self.job:
                self.activate(job)

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        event.stop()
        tab = (
            next((one for one in self._shown.tabs if one.id == event.tab), None)
            if (self._shown)
            else None
        )
        if tab is not None:
            self._activate_tab(tab)
