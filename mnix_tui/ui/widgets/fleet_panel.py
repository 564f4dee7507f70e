"""The left side: the fleet tree below a line to narrow it in, with what was chosen on its border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mnix_tui.ui import fleet_keys, fleet_notes, words
from mnix_tui.ui.fleet_look import LONGEST, Order
from mnix_tui.ui.widgets.fleet_tree import FleetTree

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.ui.fleet_rows import Rows
    from mnix_tui.ui.fleet_view import FleetView

_MOVES = {"down": 1, "up": -1, "pagedown": 20, "pageup": -20}
_NARROW = 32


class FilterField(Input):
    """What is to be found in a row while it is typed: no key of the screen's gets in between."""

    takes_every_key = True

    @dataclass
    class Moved(Message):
        """The selection is to move, while one goes on typing."""

        by: int

    def on_key(self, event: events.Key) -> None:
        """Move through what is found without leaving the field."""
        if event.key in _MOVES:
            event.stop()
            event.prevent_default()
            self.post_message(self.Moved(_MOVES[event.key]))


class FleetPanel(Vertical):
    """Shows the tree and how it is looked at; says what is typed into the filter."""

    BINDINGS: ClassVar[list[BindingType]] = list(fleet_keys.FILTER)
    claims_keys = True

    @dataclass
    class Filtered(Message):
        """Other words are to be looked for."""

        text: str

    def compose(self) -> ComposeResult:
        """Lay out the filter, the headings and the tree."""
        with Horizontal(id="fleet-filter"):
            yield Static("≡", classes="fleet-sign")
            yield FilterField(
                placeholder="a name, state, #tag, @server", max_length=LONGEST, compact=True
            )
        yield Static(id="fleet-head")
        yield Static("Nothing has these words.\nescape shows all again.", id="fleet-none")
        yield FleetTree(id="fleet-tree")

    def on_mount(self) -> None:
        """Begin without a filter."""
        self.query_one("#fleet-filter").display = False
        self.query_one("#fleet-none").display = False

    @property
    def typing(self) -> bool:
        """Whether words are being typed."""
        return self.query_one(FilterField).has_focus

    def show(self, rows: Rows, view: FleetView) -> None:
        """Show the rows, and how they were chosen."""
        tree, field = self.query_one(FleetTree), self.query_one(FilterField)
        wanted = view.look.filter
        if not self.typing and field.value != wanted:
            with field.prevent(Input.Changed):
                field.value = wanted
        self._display("#fleet-filter", bool(wanted) or self.typing)
        self._display("#fleet-none", bool(wanted) and not len(rows))
        self._show_head()
        tree.show(rows)
        self._entitle(view)

    def _display(self, part: str, on: bool) -> None:
        widget = self.query_one(part)
        if widget.display is not on:
            widget.display = on

    def _show_head(self) -> None:
        tree = self.query_one(FleetTree)
        head = self.query_one("#fleet-head", Static)
        text = fleet_notes.header(tree.columns)
        shown = f"{text:>{max(tree.size.width - 1, 0)}} " if text else ""
        self._display("#fleet-head", bool(shown))
        if shown and head.content != shown:
            head.update(shown, layout=False)

    def _entitle(self, view: FleetView) -> None:
        look, narrow = view.look, self.size.width < _NARROW
        title = [("Fleet", "")]
        if look.order is not Order.NAME and not narrow:
            title.append((f" · {look.order.words}", "$foreground-muted"))
        said = ""
        if view.chosen:
            said = f"{len(view.chosen):,} marked"
            said += "" if narrow else " · S x r tell all"
        elif look.filter:
            found = ((view.kept.servers, "server"), (view.kept.projects, "project"))
            said = " · ".join(words.count(number, what) for number, what in found if number)
            said = said if not narrow else f"{view.kept.servers + view.kept.projects:,} found"
        # Names are never markup: content is taken as it is.
        texts = {
            "border_title": Content.assemble(*title),
            "border_subtitle": Content(said),
        }
        for name, text in texts.items():
            if getattr(self, name) != text.markup:
                setattr(self, name, text)

    def on_resize(self) -> None:
        """Lay the headings out anew."""
        self.call_after_refresh(self._show_head)

    # -- typing

    def start_typing(self) -> None:
        """Let words be typed; what is typed right behind the key is one of them."""
        field = self.query_one(FilterField)
        self.query_one("#fleet-filter").display = True
        self.screen.set_focus(field)
        field.action_end()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key means something now."""
        return self.typing if action == "end_filter" else True

    def action_end_filter(self) -> None:
        """Forget the words, and go back to the tree."""
        self.query_one(FilterField).value = ""
        self.screen.set_focus(self.query_one(FleetTree))
        self.post_message(self.Filtered(""))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Filtered(event.value))

    @on(Input.Submitted)
    def _accepted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.set_focus(self.query_one(FleetTree))
        self.post_message(self.Filtered(event.value))

    @on(FilterField.Moved)
    def _moved(self, event: FilterField.Moved) -> None:
        event.stop()
        self.query_one(FleetTree).move(event.by)

    def on_descendant_focus(self) -> None:
        """Say that the keyboard is here."""
        self.call_later(self._show_active)

    def on_descendant_blur(self) -> None:
        """The keyboard may have gone to the right side."""
        self.call_later(self._show_active)

    def _show_active(self) -> None:
        self.set_class(self.has_focus_within, "-active")
