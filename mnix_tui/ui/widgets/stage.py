"""Where the panes are: one in front, or a tab's shells next to each other with lines between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.strip import Strip

from mnix_tui.ui import splits
from mnix_tui.ui.splits import Box, Divider, Leaf, Split

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from textual import events
    from textual.widget import Widget


class _StageLayout(Layout):
    """Gives each pane the box that the tree has for it, and everything else the whole room."""

    name = "stage"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        assert isinstance(parent, Stage)
        boxes = parent.boxes(size)
        whole = Box(0, 0, size.width, size.height)
        return [
            WidgetPlacement(Region(*boxes.get(child, whole)), NULL_OFFSET, NULL_SPACING, child)
            for child in children
        ]


class Stage(Container):
    """Holds all panes; those that are not shown keep their state and cost no drawing."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"stage--line", "stage--line-held"}

    @dataclass
    class Reshaped(Message):
        """A line between two shells was dragged."""

        tree: Leaf | Split

    def __init__(self, *children: Widget, id: str | None = None) -> None:  # noqa: A002
        super().__init__(*children, id=id)
        self._layout = _StageLayout()
        self._tree: Leaf | Split | None = None
        self._panes: dict[str, Widget] = {}
        self._held: Divider | None = None

    @property
    def layout(self) -> Layout:
        """What places the panes."""
        return self._layout

    @property
    def room(self) -> Box:
        """The room that the panes share."""
        return Box(0, 0, self.size.width, self.size.height)

    def show(
        self, front: Widget | None, tree: Leaf | Split | None, panes: Mapping[str, Widget]
    ) -> None:
        """Show ``front`` alone, or with a ``tree`` all its shells."""
        if self._held is not None:
            return  # a hand is on a line: what else changed can wait until it lets go
        shown = dict(panes) if tree is not None else {}
        reshaped = tree != self._tree
        self._tree, self._panes = tree, shown
        visible: set[Widget | None] = {*shown.values()} or {front}
        for child in self.children:
            if child.display is not (child in visible):
                child.display = child in visible
                reshaped = False  # what comes or goes has everything arranged anyway
        if reshaped:
            self._arrange_anew()

    def _arrange_anew(self) -> None:
        self.refresh()
        # A widget's own arrangement is kept until one of its children asks for another.
        for pane in self._panes.values():
            pane.refresh(layout=True)
            break

    def boxes(self, size: Size) -> dict[Widget, Box]:
        """Return where the shells go in so much room."""
        if self._tree is None:
            return {}
        placed, _ = splits.place(self._tree, Box(0, 0, size.width, size.height))
        return {self._panes[job]: box for job, box in placed.items() if job in self._panes}

    def place(self) -> tuple[dict[str, Box], list[Divider]]:
        """Return where the shells are, and the lines between them."""
        return splits.place(self._tree, self.room) if self._tree is not None else ({}, [])

    def render_line(self, y: int) -> Strip:
        """Draw what is between the panes."""
        base = self.rich_style
        if not isinstance(self._tree, Split):
            return Strip.blank(self.size.width, base)
        boxes, dividers = self.place()
        line = base + self.get_component_rich_style("stage--line", partial=True)
        held = base + self.get_component_rich_style("stage--line-held", partial=True)
        cells = {
            divider.box.x: (
                _joint(boxes.values(), divider.box.x, y),
                held if divider == self._held else line,
            )
            for divider in dividers
            if divider.beside and divider.box.y <= y < divider.box.y + divider.box.height
        }
        segments, at = [], 0
        for x, (text, style) in sorted(cells.items()):
            segments += [Segment(" " * (x - at), base), Segment(text, style)]
            at = x + 1
        segments.append(Segment(" " * max(self.size.width - at, 0), base))
        return Strip(segments, self.size.width)

    def _divider_at(self, event: events.MouseEvent) -> Divider | None:
        x, y = event.screen_offset - self.content_region.offset
        for divider in self.place()[1]:
            left, top, width, height = divider.box
            if left <= x < left + width and top <= y < top + height:
                return divider
        return None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a line."""
        self._held = self._divider_at(event) if event.button == 1 else None
        if self._held is not None:
            event.stop()
            self.capture_mouse()
            self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Let the line follow."""
        if self._held is None or self._tree is None:
            return
        event.stop()
        x, y = event.screen_offset - self.content_region.offset
        to = x if self._held.beside else y
        tree = splits.drag(self._tree, self.room, self._held.path, to)
        if tree != self._tree:
            self._tree = tree
            held = [one for one in self.place()[1] if one.path == self._held.path]
            self._held = held[0]
            self._arrange_anew()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let the line go."""
        if self._held is not None and self._tree is not None:
            event.stop()
            self._held = None
            self.capture_mouse(False)
            self.refresh()
            self.post_message(self.Reshaped(self._tree))


def _joint(boxes: Collection[Box], x: int, y: int) -> str:
    """Return the line's shape where panes' title lines meet it."""
    left = any(box.x + box.width == x and box.y == y for box in boxes)
    right = any(box.x == x + 1 and box.y == y for box in boxes)
    if left and right:
        return "┬" if y == 0 else "┼"
    return "┤" if left else "├" if right else "│"
