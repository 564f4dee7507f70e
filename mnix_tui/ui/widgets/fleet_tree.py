"""The fleet tree: groups, servers and projects. Only what is in sight is made, and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnix_tui.ui import fleet_keys, fleet_notes
from mnix_tui.ui.fleet_rows import Rows
from mnix_tui.ui.typeahead import HoldsKeys
from mnix_tui.ui.widgets import fleet_paint

if TYPE_CHECKING:
    from rich.segment import Segment
    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

    from mnix_tui.ui.fleet_notes import Column
    from mnix_tui.ui.fleet_rows import Row

_KEPT = 500
"""Lines that are kept as they were drawn."""


class FleetTree(ScrollView, can_focus=True):
    """The rows of the fleet. The screen gives it rows; it says which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = list(fleet_keys.FLEET)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fleet--cursor",
        "fleet--cursor-blurred",
        "fleet--hover",
        "fleet--server",
        "fleet--group",
        "fleet--chosen",
        "fleet--stale",
        "fleet--spark",
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

        def can_replace(self, message: Message) -> bool:
            """Say whether only the newer of two is to be handled: so it is when keys come fast."""
            return isinstance(message, FleetTree.Selected)

    @dataclass
    class Opened(Message):
        """The row was chosen with enter or a second click."""

        row: Row

    @dataclass
    class FoldToggled(Message):
        """What is below a server or in a group is to be hidden or shown."""

        key: str
        folded: bool

    @dataclass
    class MarkToggled(Message):
        """A project, or all that is below a row, is to be marked, or not any more."""

        row: Row

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows = Rows()
        self._drawn: dict[int, tuple[Row, str, int, Strip]] = {}
        self._styles: dict[tuple[str, str], Style] = {}

    @property
    def rows(self) -> Rows:
        """The rows as they are shown."""
        return self._rows

    @property
    def selected(self) -> Row | None:
        """The highlighted row, or ``None`` while there is none."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that there is room for."""
        return fleet_notes.columns(self.size.width)

    def show(self, rows: Rows) -> None:
        """Show ``rows``: selection and scroll position stay, only lines that differ are redrawn."""
        before, chosen = self._rows, self.selected
        self._rows = rows
        if self.virtual_size.height != len(rows):
            self.virtual_size = Size(self.size.width, len(rows))
        top = self.scroll_offset.y
        for y in range(top, top + self.size.height):
            # What was never made was never drawn; what is out of sight is drawn when it comes.
            old = before.made(y) if y < len(before) else None
            if old is None or y >= len(rows) or old != rows[y]:
                self.refresh_line(y)
        if chosen is not None:
            self._keep(chosen)
        elif len(rows):
            self.post_message(self.Selected(rows[0]))

    def select(self, key: str) -> bool:
        """Highlight the row with this key; say whether there is one."""
        at = self._rows.find(key)
        if at is not None:
            self.cursor = at
        return at is not None

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

    def move(self, by: int) -> None:
        """Go some rows down, or up."""
        self.cursor += by

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

    def action_mark(self) -> None:
        """Mark the row, and go on to the next one."""
        if self.selected:
            self.post_message(self.MarkToggled(self.selected))

    def action_fold(self) -> None:
        """Go from a project to its server; fold a server, then go to its group; fold a group."""
        row = self.selected
        if row and row.fold == "▾":
            self.post_message(self.FoldToggled(row.key, folded=True))
        elif row and row.kind == "project":
            self.select(row.server)
        elif row and row.kind == "server":
            above = range(self.cursor - 1, -1, -1)
            group = next((y for y in above if self._rows.places[y].kind == "group"), None)
            self.cursor = self.cursor if group is None else group

    def action_unfold(self) -> None:
        """Unfold a server or a group; from an unfolded one, go to what is first in it."""
        row = self.selected
        if row and row.fold == "▸":
            self.post_message(self.FoldToggled(row.key, folded=False))
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
        if row.fold and (at.x < 3 or event.chain == 2):
            self.post_message(self.FoldToggled(row.key, folded=row.fold != "▸"))
        elif event.chain == 2:
            self.post_message(self.Opened(row))

    def render_line(self, y: int) -> Strip:
        """Draw one line, or take it as it was drawn before."""
        width = self.size.width
        y += self.scroll_offset.y
        if y >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row, behind = self._rows[y], self._behind(y)
        known = self._drawn.get(y)
        if known is not None and known[:3] == (row, behind, width):
            return known[3]
        strip = Strip(self._segments(row, width, behind), width)
        if len(self._drawn) > _KEPT:
            self._drawn.clear()
        self._drawn[y] = (row, behind, width, strip)
        return strip

    def notify_style_update(self) -> None:
        """Draw everything anew: the theme is another one."""
        super().notify_style_update()
        self._drawn.clear()
        self._styles.clear()

    def _behind(self, y: int) -> str:
        """Return what lies behind a line, as the stylesheet calls it."""
        if y == self.cursor:
            return "cursor" if self.has_focus else "cursor-blurred"
        return "hover" if y == self.hovered else ""

    def _style(self, name: str, behind: str) -> Style:
        style = self._styles.get((name, behind))
        if style is None:
            style = self.rich_style
            if behind:
                style += self.get_component_rich_style(f"fleet--{behind}")
            if name:
                style += self.get_component_rich_style(f"fleet--{name}", partial=True)
            self._styles[(name, behind)] = style
        return style

    def _segments(self, row: Row, width: int, behind: str) -> list[Segment]:
        return fleet_paint.segments(
            row, width, self.columns, lambda name: self._style(name, behind)
        )
