"""The tree of a rebuild: only rows in sight are drawn, and the selection stays on its node.

While it follows, nothing is selected and what is being built is kept in sight; who moves, selects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnix_tui.nixlog import NodeState
from mnix_tui.ui import keys
from mnix_tui.ui.widgets import build_paint

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.geometry import Region

    from mnix_tui.nixlog import Row


class BuildTree(ScrollView, can_focus=True):
    """Shows the rows of ``nixlog.Build.tree``."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = list(keys.TREE)
    COMPONENT_CLASSES: ClassVar[set[str]] = build_paint.CLASSES
    claims_keys = True

    following: reactive[bool] = reactive(True, repaint=False)

    @dataclass
    class Selected(Message):
        """Another node is selected; "" for none."""

        key: str

    @dataclass
    class Opened(Message):
        """The whole log of a node is wanted; "" for everything."""

        key: str

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._known = False
        self._at = -1
        self._key = ""
        self._now = 0.0
        self._alive = False
        self._base: Style | None = None

    @property
    def selected(self) -> str:
        """The selected node's key; "" while the tree follows."""
        return self._key

    @property
    def rows(self) -> list[Row]:
        """The rows that are shown."""
        return self._rows

    def show(self, rows: list[Row] | None, now: float, *, alive: bool) -> None:
        """Show ``rows`` as they are at a time; ``None``: nobody knows them yet.

        ``alive``: things go on, as far as is known.
        """
        self._known, rows = rows is not None, rows if rows is not None else []
        moved = rows is not self._rows or alive is not self._alive
        self._rows, self._now, self._alive = rows, now, alive
        if moved:
            before = self._at - round(self.scroll_offset.y)
            self._find()
            size = Size(self.scrollable_content_region.width, len(rows))
            if size != self.virtual_size:
                self.virtual_size = size
            if self._at >= 0:
                self._scroll(self._at - before)  # it stays in the same row of the screen
        if self.following:
            self._scroll_to_action()
        if moved:
            self.refresh()
        else:
            self._refresh_running()

    def _refresh_running(self) -> None:
        """Draw anew what changes while the rows stay: times, phases and bytes of what runs."""
        top = round(self.scroll_offset.y)
        for at, row in enumerate(self._rows[top : top + self.size.height], top):
            if row.node.state is NodeState.RUNNING:
                self.refresh_line(at)

    def _find(self) -> None:
        """Find the selected node among the rows again."""
        if not self._key:
            self._at = -1
        elif not (self._at < len(self._rows) and self._rows[self._at].node.key == self._key):
            found = (at for at, row in enumerate(self._rows) if row.node.key == self._key)
            self._at = next(found, -1)

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=max(min(y, self.max_scroll_y), 0), animate=False, force=True)

    def _action(self) -> int:
        """Return the row where something happens: the first that failed, else that runs."""
        for at, row in enumerate(self._rows):
            if row.node.state in (NodeState.RUNNING, NodeState.FAILED):
                return at
        return 0

    def _scroll_to_action(self) -> None:
        at, top, height = self._action(), round(self.scroll_offset.y), self.size.height
        if not top <= at < top + max(height - 1, 1):
            self._scroll(at - height // 3)

    # -- selecting

    def select(self, key: str) -> bool:
        """Select a node; say whether it is there."""
        at = next((at for at, row in enumerate(self._rows) if row.node.key == key), -1)
        if at >= 0:
            self._select(at)
        return at >= 0

    def _select(self, at: int) -> None:
        if not self._rows:
            return
        self._at = min(max(at, 0), len(self._rows) - 1)
        self.following = False
        top, height = round(self.scroll_offset.y), max(self.size.height, 1)
        if self._at < top:
            self._scroll(self._at)
        elif self._at >= top + height:
            self._scroll(self._at - height + 1)
        key = self._rows[self._at].node.key
        if key != self._key:
            self._key = key
            self.post_message(self.Selected(key))
        self.refresh()

    def follow(self) -> None:
        """Select nothing, and keep what is being built in sight."""
        self._at = -1
        self.following = True
        if self._key:
            self._key = ""
            self.post_message(self.Selected(""))
        self._scroll_to_action()
        self.refresh()

    def action_follow(self) -> None:
        """Follow what is being built, or stay at it."""
        if self.following:
            self._select(self._action())
        else:
            self.follow()

    def action_move(self, by: int) -> None:
        """Go up or down by rows."""
        self._select(self._at + by if self._at >= 0 else self._action())

    def action_page(self, by: int) -> None:
        """Go up or down by pages."""
        at = self._at if self._at >= 0 else self._action()
        self._select(at + by * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self._select(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._select(len(self._rows) - 1)

    def action_open(self) -> None:
        """Ask for the whole log of what is selected."""
        self.post_message(self.Opened(self._key))

    def on_click(self, event: events.Click) -> None:
        """Select the row below the mouse; twice opens its log."""
        event.stop()
        at = event.y + round(self.scroll_offset.y)
        if at < len(self._rows):
            self._select(at)
            if event.chain == 2:
                self.action_open()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._stop_following()
        super()._on_mouse_scroll_down(event)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._stop_following()
        super()._on_mouse_scroll_up(event)

    def _stop_following(self) -> None:
        if self.following and self.max_scroll_y:
            self.following = False

    # -- drawing

    def on_resize(self) -> None:
        """Draw anew at another width."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        if self._at >= 0:
            self._select(self._at)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw rows; the style of all of them is found once, as that takes longer than a row."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        width = self.scrollable_content_region.width
        at = y + round(self.scroll_offset.y)
        base = self._base or self.rich_style
        if at >= len(self._rows):
            told = self._known and not self._rows and not y
            text = " nothing is built or downloaded" + " yet" * self._alive if told else ""
            segment = Segment(text, base + self._styled("quiet"))
            return Strip([segment]).adjust_cell_length(width, base)
        look = build_paint.Look(width, self._now, at == self._at, self._alive)
        return build_paint.paint(self._rows[at], look, self._styled, base)

    def _styled(self, tone: str) -> Style:
        if tone == "cursor":
            name = "cursor" if self.has_focus else "cursor-blurred"
            return self.get_component_rich_style(f"build--{name}", partial=True)
        return self.get_component_rich_style(f"build--{tone}", partial=True)

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor looks different without the keyboard."""
        super().watch_has_focus(has_focus)
        self.refresh()
