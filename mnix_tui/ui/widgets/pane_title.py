"""The line above a shell that shares its tab with others: its name, what runs, who else is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.ui.shell_status import Status


class PaneTitle(Widget):
    """Drawn as a line, so that it parts stacked shells too."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(classes="pane-title")
        self._status: Status | None = None
        self._called = ""

    def show(self, name: str, status: Status) -> None:
        """Show another name or status."""
        if (name, status) != (self._called, self._status):
            self._called, self._status = name, status
            self.refresh()

    def render(self) -> Content:
        """Draw the line."""
        width = self.content_size.width
        status = self._status
        right = status.aside if status else ""
        if status and cell_len(right) > width - cell_len(self._called) - 8:
            right = status.aside_short
        tail = cell_len(right) + 3 if right else 0
        name = words.fit(self._called, max(width - 4, 1))
        title = words.fit(status.title if status else "", max(width - cell_len(name) - tail - 7, 0))
        front = self.parent is not None and self.parent.has_class("-front")
        line = "$border" if front else "$foreground-disabled"
        parts: list[tuple[str, str]] = [("─ ", line), (name, "bold")]
        if title:
            parts += [(" ─ ", line), (title, "")]
        used = sum(cell_len(text) for text, _ in parts) + 1
        parts.append((" " + "─" * max(width - used - tail, 0), line))
        if right:
            parts += [(f" {right} ", "$warning" if status and status.behind else ""), ("─", line)]
        return Content.assemble(*parts)
