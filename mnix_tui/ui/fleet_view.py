"""How this person looks at the fleet: kept choices, and what is marked to be told together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.ui import fleet_look, fleet_places
from mnix_tui.ui.fleet_places import Kept, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.ui.fleet_index import Index
    from mnix_tui.ui.fleet_look import Look, Order

SETTING = "fleet"
"""The setting that keeps the look."""


class FleetView:
    """The look at the fleet, its lines in their order, and the projects that are marked."""

    def __init__(
        self,
        read: Callable[[str], str] = lambda key: "",
        keep: Callable[[str, str], None] = lambda key, value: None,
    ) -> None:
        self._keep = keep
        self.look = fleet_look.from_json(read(SETTING))
        self.chosen: set[str] = set()
        """The rows of the projects that are marked."""
        self.kept = Kept()
        """What the filter keeps."""
        self.failed: frozenset[str] = frozenset()
        """The rows of projects that say that a rebuild failed, until somebody looked at it."""
        self._folded_meanwhile: frozenset[str] = frozenset()
        self._loads: dict[str, float] = {}
        """How busy each server counts as."""
        self._places: tuple[Place, ...] = ()
        self._made_of: tuple[Index, Look, frozenset[str]] | None = None

    @property
    def shown(self) -> Look:
        """The look as it counts now: while something is looked for, it is not hidden by folds."""
        return replace(self.look, folded=self._folded_meanwhile) if self.look.filter else self.look

    def places(self, index: Index) -> tuple[Place, ...]:
        """Return the lines of the tree; they are put in order when something changed."""
        made_of = (index, self.shown, self.failed)
        before = self._made_of
        if before is None or before[0] is not index or before[1:] != made_of[1:]:
            self._places, self.kept = fleet_places.places(*made_of, self._loads)
            self._made_of = made_of
        return self._places

    def set_filter(self, text: str) -> None:
        """Keep only what has these words."""
        if text != self.look.filter:
            self._folded_meanwhile = frozenset()
            self._change(filter=text[: fleet_look.LONGEST])

    def regroup(self) -> None:
        """Group by tags, or don't any more."""
        self._change(grouped=not self.look.grouped)

    def reorder(self, order: Order | None = None) -> Order:
        """Take another order, or the one that follows; return it."""
        self._loads = {}
        self._change(order=order or fleet_look.following(self.look.order))
        return self.look.order

    def fold(self, key: str, folded: bool) -> None:
        """Hide or show what is below a server or in a group."""
        before = self.shown.folded
        self._fold(before | {key} if folded else before - {key})

    def fold_all(self, index: Index) -> bool:
        """Hide what is below all servers, or show all if it is hidden; say whether it is hidden."""
        names = {name for name in index.servers if index.of.get(name)}
        folded = not names <= self.shown.folded
        groups = {key for key in self.shown.folded if key.startswith("#")}
        self._fold(frozenset(names | groups) if folded else frozenset())
        return folded

    def reveal(self, index: Index, key: str) -> None:
        """Show the row with this key, whatever hides it now."""
        name = key.partition("/")[0]
        view = index.servers.get(name)
        group = f"#{view.server.tags[0] if view.server.tags else ''}" if view else ""
        self._fold(self.shown.folded - {group} - ({name} if "/" in key else set()))
        if self.look.filter and not any(place.key == key for place in self.places(index)):
            self.set_filter("")
            self._fold(self.shown.folded - {group, name})

    def _fold(self, folded: frozenset[str]) -> None:
        if self.look.filter:
            self._folded_meanwhile = folded
        elif folded != self.look.folded:
            self._change(folded=folded)

    def _change(self, **changes: object) -> None:
        self.look = replace(self.look, **changes)  # type: ignore[arg-type]
        self._keep(SETTING, self.look.to_json())

    # -- what is marked

    def mark(self, index: Index, place: Place) -> bool:
        """Mark a project, or all that is below a server or in a group; or take the marks off."""
        keys = set(self.below(index, place))
        if not keys:
            return False
        if keys <= self.chosen:
            self.chosen -= keys
        else:
            self.chosen |= keys
        return True

    def below(self, index: Index, place: Place) -> tuple[str, ...]:
        """Return the projects that a line stands for, as far as the filter keeps them."""
        if place.kind == "project":
            return (place.key,)
        self.places(index)
        names = place.inside if place.kind == "group" else (place.server,)
        return tuple(key for name in names for key in self.kept.below.get(name, ()))

    def mark_all(self, index: Index) -> None:
        """Mark all projects that the filter keeps, folded ones too; or take all marks off."""
        self.places(index)
        keys = {key for mine in self.kept.below.values() for key in mine}
        self.chosen = set() if keys <= self.chosen else self.chosen | keys

    def marked(self, index: Index) -> list[ProjectView]:
        """Return the projects that are marked and still there, by server and name."""
        self.chosen &= index.projects.keys()
        views = [index.projects[key] for key in self.chosen]
        return sorted(views, key=lambda view: (view.project.server, view.project.name))
