"""A list that is narrowed as you type: what ``/`` and ``:`` open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import words
from mnix_tui.ui.widgets.overview import TONES

if TYPE_CHECKING:
    from textual.app import ComposeResult

SHOWN = 60
SCORED = 300
"""Of more candidates, those that have what is typed in one piece are looked at first."""


@dataclass(frozen=True)
class Pick:
    """One line of the list."""

    key: str
    """What the picker is dismissed with."""
    name: str
    note: str = ""
    glyph: str = ""
    tone: str = ""


def ranked(query: str, candidates: list[Pick]) -> list[tuple[Pick, tuple[int, ...]]]:
    """Return what matches ``query``, the best first, with the places of the matching letters."""
    wanted = query.replace(" ", "")
    if not wanted:
        return [(pick, ()) for pick in candidates]
    search = FuzzySearch()
    scored = [(*search.match(wanted, pick.name), pick) for pick in _likely(wanted, candidates)]
    hits = [(score, offsets, pick) for score, offsets, pick in scored if score > 0]
    typed = query.strip().casefold()
    # What begins with what is typed is meant, however many letters others share with it.
    hits.sort(key=lambda hit: (not hit[2].name.casefold().startswith(typed), -hit[0], hit[2].name))
    return [(pick, tuple(offsets)) for _, offsets, pick in hits]


def _likely(wanted: str, candidates: list[Pick]) -> list[Pick]:
    """Return what can match at all, and of very much only so many as are quickly scored."""
    letters = wanted.casefold()
    found = [pick for pick in candidates if _has(letters, pick.name.casefold())]
    if len(found) > SCORED:
        found.sort(key=lambda pick: letters not in pick.name.casefold())
    return found[:SCORED]


def _has(letters: str, name: str) -> bool:
    """Say whether all letters are in a name, in their order."""
    at = -1
    for letter in letters:
        at = name.find(letter, at + 1)
        if at < 0:
            return False
    return True


class Picker(ModalScreen[str | None]):
    """Dismisses with the key of what was chosen, or ``None``."""

    HEADING = ""
    PLACEHOLDER = ""
    NOTHING = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "dismiss(None)", "close", id="picker.close", tooltip="Stay where you are"
        ),
        Binding("down,ctrl+n", "move(1)", "next", id="picker.down", tooltip="The next one"),
        Binding("up,ctrl+p", "move(-1)", "before", id="picker.up", tooltip="The one before"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, picks: list[Pick]) -> None:
        super().__init__()
        self._picks = picks

    def compose(self) -> ComposeResult:
        """Lay out the input above what it finds."""
        with Vertical(id="picker") as box:
            box.border_title = self.HEADING
            yield Input(placeholder=self.PLACEHOLDER)
            yield OptionList(markup=False, compact=True)
            yield Static(self.NOTHING, id="nothing", classes="quiet")

    def on_mount(self) -> None:
        """Show everything, as soon as the width is known."""
        self.query_one("#nothing").display = False
        self.call_after_refresh(self._show, "")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def _show(self, query: str) -> None:
        table = self.query_one(OptionList)
        found = ranked(query, self._picks)[:SHOWN]
        width = max(self.query_one("#picker").content_size.width - 2, 30)
        table.set_options([Option(_line(pick, at, width), id=pick.key) for pick, at in found])
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


def _line(pick: Pick, offsets: tuple[int, ...], width: int) -> Content:
    sign = f"{pick.glyph} " if pick.glyph else ""
    name = Content(pick.name)
    for offset in offsets:
        name = name.stylize("bold $accent", offset, offset + 1)
    used = cell_len(sign) + cell_len(pick.name) + 2
    note = words.fit(pick.note, max(width - used, 0))
    gap = " " * max(width - used - len(note) + 2, 2)
    return Content.assemble((sign, TONES[pick.tone]), name, gap, (note, "$foreground-muted"))
