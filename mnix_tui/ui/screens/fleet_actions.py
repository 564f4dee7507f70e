"""How the fleet is looked at: filter, order, groups, folds, and what is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from mnix_tui.ui import keys, words
from mnix_tui.ui.screens.navigation import Navigation
from mnix_tui.ui.widgets.fleet_panel import FleetPanel
from mnix_tui.ui.widgets.fleet_tree import FleetTree

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.ui.fleet_index import Index

DWELL = 0.4
"""Seconds that a row is selected before its server is wanted: who scrolls past wants nothing."""


class FleetActions(Navigation):
    """The verbs of looking at the fleet."""

    _wanted = ""
    _dwelling: Timer | None = None

    @property
    def _tree(self) -> FleetTree:
        return self.query_one(FleetTree)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key means something now."""
        if action == "clear":
            fleet = self.model.fleet
            return bool(fleet.chosen or fleet.look.filter) or self._on_page()
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Let words be typed that rows must have."""
        self.show_fleet()
        self.query_one(FleetPanel).start_typing()

    def show_fleet(self) -> None:
        """Show the fleet, if it was hidden."""
        raise NotImplementedError

    @on(FleetPanel.Filtered)
    def _filtered(self, event: FleetPanel.Filtered) -> None:
        event.stop()
        fleet, before = self.model.fleet, self._tree.selected
        fleet.set_filter(event.text)
        self.redraw()
        if not event.text:
            if before is not None:
                self.show_row(before.key)  # where it is, now that all is there again
            return
        found = (place.key for place in fleet.places(self.model.index) if place.found)
        self._tree.select(next(found, ""))

    def action_order(self) -> None:
        """Take the next order."""
        order = self.model.fleet.reorder()
        self.redraw()
        self.notify(f"Sorted {order.words}", timeout=1.5, markup=False)

    def action_group(self) -> None:
        """Group servers by tag, or don't."""
        fleet = self.model.fleet
        fleet.regroup()
        self.redraw()
        if fleet.look.grouped and not any(view.server.tags for view in self.model.snapshot.servers):
            key = keys.of("server.label")
            self.notify(f"No server has a tag yet: {key} gives it some", timeout=3, markup=False)

    def action_fold_all(self) -> None:
        """Fold all servers, or unfold everything."""
        self.model.fleet.fold_all(self.model.index)
        self.redraw()

    @on(FleetTree.MarkToggled)
    def _mark_toggled(self, event: FleetTree.MarkToggled) -> None:
        event.stop()
        at = self._tree.rows.find(event.row.key)
        if at is None:
            return
        if self.model.fleet.mark(self.model.index, self._tree.rows.places[at]):
            self._tree.cursor = at + 1
            self.redraw()
        else:
            self.notify("There is no project below it to mark", timeout=2, markup=False)

    def action_mark_all(self) -> None:
        """Mark all projects that are kept, or take all marks off."""
        self.model.fleet.mark_all(self.model.index)
        self.redraw()
        many = words.count(len(self.model.fleet.chosen), "project")
        self.notify(f"{many} marked", timeout=1.5, markup=False)

    def action_clear(self) -> None:
        """Go back from a page to the fleet; take the marks off; where there are none, end the filter."""
        if self._on_page():
            self.show_fleet()
            self.set_focus(self._tree)
        elif self.model.fleet.chosen:
            self.mark_only(set())
        elif self.model.fleet.look.filter:
            self.query_one(FleetPanel).action_end_filter()

    def _on_page(self) -> bool:
        """Say whether the keyboard is in an overview, or in the log."""
        return any(self.query_one(page).has_focus_within for page in ("#overview", "#activity"))

    def action_wide(self) -> None:
        """Give the fleet the whole width, or share it again."""
        self.show_fleet()
        self.toggle_class("-wide")
        self.set_focus(self._tree)

    # -- what is marked, and wanted

    def marked(self) -> list[ProjectView]:
        """Return the marked projects."""
        return self.model.fleet.marked(self.model.index)

    def mark_only(self, keys: set[str]) -> None:
        """Mark these projects and no others."""
        self.model.fleet.chosen = keys
        self.redraw()

    def fleet_index(self) -> Index:
        """Return what is known now."""
        return self.model.index

    def want_selected(self) -> None:
        """Have the selected row's server connected, if the row stays selected."""
        if self._dwelling is not None:
            self._dwelling.stop()
        self._dwelling = self.set_timer(DWELL, self._want)

    def _want(self) -> None:
        row = self._tree.selected
        name = row.server if row is not None else ""
        if name == self._wanted:
            return
        if self._wanted:
            self.bench.want(self._wanted, False)
        if name:
            self.bench.want(name, True)
        self._wanted = name
