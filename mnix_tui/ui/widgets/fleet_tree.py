"""The fleet tree: servers and their projects, drawn line by line, redrawn where they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnix_tui.ui import fleet_notes, keys, words
from mnix_tui.ui.typeahead import HoldsKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from mnix_tui.ui.fleet_rows import Row

_ROOMY = 30
"""From this width on, projects are indented below their server."""


class FleetTree(ScrollView, can_focus=True):
    """The rows of the fleet. The screen gives it rows; it says which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.FLEET)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fleet--cursor",
        "fleet--cursor-blurred",
        "fleet--hover",
        "fleet--server",
        "fleet--project",
        "fleet--note",
        "fleet--guide",
        "fleet--host",
        "fleet--drift",
        "fleet--watch",
        "fleet--good",
        "fleet--busy",
        "fleet--bad",
        "fleet--idle",
        "fleet--accent",
    }

    cursor: reactive[int] = reactive(0, repaint=False)
    hovered: reactive[int] = reactive(-1, repaint=False)

    @dataclass
    class Selected(Message):
        """The highlighted row is another one now."""

        row: Row

    @dataclass
    class Opened(Message):
        """The row was chosen with enter or a second click."""

        row: Row

    @dataclass
    class FoldToggled(Message):
        """A server's projects are to be hidden or shown."""

        server: str
        folded: bool

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as they are shown."""
        return self._rows

    @property
    def selected(self) -> Row | None:
        """The highlighted row, or ``None`` while there is none."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Show ``rows``: selection and scroll position stay, only lines that differ are redrawn."""
        before, chosen = self._rows, self.selected
        self._rows = tuple(rows)
        if self.virtual_size.height != len(rows):
            self.virtual_size = Size(self.size.width, len(rows))
        for y in range(max(len(before), len(rows))):
            if y >= len(before) or y >= len(rows) or before[y] != rows[y]:
                self.refresh_line(y)
        if chosen is not None:
            self._keep(chosen)
        elif rows:
            self.post_message(self.Selected(self._rows[0]))

    def select(self, key: str) -> bool:
        """Highlight the row with this key; say whether there is one."""
        for y, row in enumerate(self._rows):
            if row.key == key:
                self.cursor = y
                return True
        return False

    def _keep(self, chosen: Row) -> None:
        if self.select(chosen.key):
            return
        if not self.select(chosen.server):
            self.cursor = max(min(self.cursor, len(self._rows) - 1), 0)
            if self.selected:
                self.post_message(self.Selected(self.selected))

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(min(cursor, len(self._rows) - 1), 0)

    def watch_cursor(self, old: int, new: int) -> None:
        """Redraw both rows, and bring the new one into view."""
        self.refresh_line(old)
        self.refresh_line(new)
        self.scroll_to_region(Region(0, new, 1, 1), animate=False, force=True)
        if self.selected is not None:
            self.post_message(self.Selected(self.selected))

    def watch_hovered(self, old: int, new: int) -> None:
        """Redraw the rows that the mouse left and entered."""
        self.refresh_line(old)
        self.refresh_line(new)

    def on_focus(self) -> None:
        """Draw the cursor as the one that keys move."""
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        """Draw the cursor more quietly."""
        self.refresh_line(self.cursor)

    def on_resize(self) -> None:
        """Lines are laid out anew for another width."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self.refresh()

    def action_down(self) -> None:
        """Go to the next row."""
        self.cursor += 1

    def action_up(self) -> None:
        """Go to the row above."""
        self.cursor -= 1

    def action_first(self) -> None:
        """Go to the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last row."""
        self.cursor = len(self._rows) - 1

    def action_page(self, direction: int) -> None:
        """Go down or up by a page."""
        self.cursor += direction * max(self.size.height - 1, 1)

    def action_open(self) -> None:
        """Go to what the row shows."""
        if self.selected:
            if isinstance(self.app, HoldsKeys):
                self.app.hold_keys()  # what is typed now is for what is opened
            self.post_message(self.Opened(self.selected))

    def action_toggle_fold(self) -> None:
        """Fold or unfold the server."""
        row = self.selected
        if row:
            self.post_message(self.FoldToggled(row.server, folded=row.fold != "▸"))

    def action_fold(self) -> None:
        """Go from a project to its server; fold a server."""
        row = self.selected
        if row and row.is_server:
            self.post_message(self.FoldToggled(row.server, folded=True))
        elif row:
            self.select(row.server)

    def action_unfold(self) -> None:
        """Unfold a server; from an unfolded one, go to its first project."""
        row = self.selected
        if row and row.fold == "▸":
            self.post_message(self.FoldToggled(row.server, folded=False))
        elif row:
            self.cursor += 1

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which row a click would choose."""
        at = event.get_content_offset(self)
        self.hovered = at.y + self.scroll_offset.y if at else -1

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self.hovered = -1

    def on_click(self, event: events.Click) -> None:
        """Choose a row; its arrow folds it, a second click opens it."""
        at = event.get_content_offset(self)
        if at is None or at.y + self.scroll_offset.y >= len(self._rows):
            return
        y = at.y + self.scroll_offset.y
        self.cursor = y
        row = self._rows[y]
        if row.is_server and (at.x < 3 or event.chain == 2):
            self.post_message(self.FoldToggled(row.server, folded=row.fold != "▸"))
        elif event.chain == 2:
            self.post_message(self.Opened(row))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        y += self.scroll_offset.y
        if y >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[y]
        base = self.rich_style + self._background(y)
        return Strip(self._segments(row, width, base), width)

    def _background(self, y: int) -> Style:
        if y == self.cursor:
            name = "fleet--cursor" if self.has_focus else "fleet--cursor-blurred"
            return self.get_component_rich_style(name)
        if y == self.hovered:
            return self.get_component_rich_style("fleet--hover")
        return Style()

    def _segments(self, row: Row, width: int, base: Style) -> list[Segment]:
        def style(name: str) -> Style:
            return base + self.get_component_rich_style(f"fleet--{name}", partial=True)

        indent = "     " if width >= _ROOMY else "   "
        lead = f" {row.fold} " if row.is_server else indent
        space = width - len(lead) - 2 - 1
        signs = fleet_notes.signs(row)
        room = space - sum(len(sign) + 1 for sign, _ in signs)
        notes = fleet_notes.notes(row, room)
        taken = sum(cell_len(note) + 2 for note, _ in notes)
        name = words.fit(row.name, max(room - taken, 4))
        name_style = style("server" if row.is_server else "idle" if row.stale else "project")
        return [
            Segment(lead, style("guide")),
            Segment(f"{row.glyph} ", style(row.tone)),
            Segment(name, name_style),
            *(Segment(f" {sign}", style(tone) + Style(bold=True)) for sign, tone in signs),
            Segment(" " * max(room - taken - cell_len(name), 0), base),
            *(Segment(f"  {note}", style(tone)) for note, tone in notes),
            Segment(" ", base),
        ]
