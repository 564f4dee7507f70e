"""Finds any project on any server as you type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import glyph, project_key, server_key, tone
from mnix_tui.ui.widgets.overview import TONES

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.fleet import FleetSnapshot

SHOWN = 50


@dataclass(frozen=True)
class Place:
    """Somewhere to go."""

    key: str
    name: str
    glyph: str
    tone: str
    state: str


def places(snapshot: FleetSnapshot) -> list[Place]:
    """Return all projects, and then all servers."""
    found = [
        Place(
            project_key(view),
            f"{words.plain(view.project.name)} @ {words.plain(view.project.server)}",
            glyph(view.status.state),
            tone(view.status.state),
            view.status.state.value,
        )
        for view in sorted(snapshot.projects, key=lambda view: view.project.ref)
    ]
    found += [
        Place(
            server_key(view.server.name),
            words.plain(view.server.name),
            glyph(view.status.state),
            tone(view.status.state),
            f"server · {view.status.state.value}",
        )
        for view in snapshot.servers
    ]
    return found


def ranked(query: str, candidates: list[Place]) -> list[tuple[Place, tuple[int, ...]]]:
    """Return what matches ``query``, the best first, with the places of the matching letters."""
    wanted = query.replace(" ", "")
    if not wanted:
        return [(place, ()) for place in candidates]
    search = FuzzySearch()
    scored = [(*search.match(wanted, place.name), place) for place in candidates]
    hits = [(score, offsets, place) for score, offsets, place in scored if score > 0]
    hits.sort(key=lambda hit: (-hit[0], hit[2].name))
    return [(place, tuple(offsets)) for _, offsets, place in hits]


class FindScreen(ModalScreen[str | None]):
    """Dismisses with the row's key of the place to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", id="find.close", tooltip="Stay where you are"),
        Binding("down,ctrl+n", "move(1)", "next", id="find.down", tooltip="The next one"),
        Binding("up,ctrl+p", "move(-1)", "before", id="find.up", tooltip="The one before"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, snapshot: FleetSnapshot) -> None:
        super().__init__()
        self._places = places(snapshot)

    def compose(self) -> ComposeResult:
        """Lay out the input above what it finds."""
        with Vertical(id="find") as box:
            box.border_title = "Find"
            yield Input(placeholder="a project or server; letters may be left out")
            yield OptionList(markup=False, compact=True)
            yield Static("Nothing is called like that.", id="nothing", classes="quiet")

    def on_mount(self) -> None:
        """Show everything, as soon as the width is known."""
        self.call_after_refresh(self._show, "")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def _show(self, query: str) -> None:
        table = self.query_one(OptionList)
        found = ranked(query, self._places)[:SHOWN]
        width = max(self.query_one("#find").content_size.width - 4, 30)
        table.set_options([Option(_line(place, at, width), id=place.key) for place, at in found])
        table.highlighted = 0 if found else None
        self.query_one("#nothing").display = not found

    def action_move(self, by: int) -> None:
        """Highlight another one."""
        table = self.query_one(OptionList)
        (table.action_cursor_down if by > 0 else table.action_cursor_up)()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        option = self.query_one(OptionList).highlighted_option
        if option is not None:
            self.dismiss(option.id)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)


def _line(place: Place, offsets: tuple[int, ...], width: int) -> Content:
    name = Content(place.name)
    for offset in offsets:
        name = name.stylize("bold $accent", offset, offset + 1)
    gap = " " * max(width - len(place.name) - len(place.state) - 2, 2)
    return Content.assemble(
        (f"{place.glyph} ", TONES[place.tone]), name, gap, (place.state, "$foreground-muted")
    )
