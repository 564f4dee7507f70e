"""The tabs of what is selected, on one line; with too many, those around the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from textual import events

    from mnix_tui.ui.tabs import Tab


class TabBar(Widget):
    """Shows tabs; posts ``Chosen`` when one is clicked."""

    ALLOW_SELECT = False

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        tab: str

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs: tuple[Tab, ...] = ()
        self._active = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, tabs: tuple[Tab, ...], active: str) -> None:
        """Show ``tabs`` with one of them as the active one."""
        if (tabs, active) != (self._tabs, self._active):
            self._tabs, self._active = tabs, active
            self.refresh()

    def render(self) -> Content:
        """Draw the tabs; where they are is kept for clicks."""
        self._places = []
        parts: list[tuple[str, str]] = []
        x = 0
        tabs, before, after = self._fitting()
        if before:
            parts.append(("‹ ", "$foreground-muted"))
            x += 2
        for tab in tabs:
            label = f" {tab.label} "
            chosen = tab.id == self._active
            style = (
                "bold $block-cursor-foreground on $block-cursor-background"
                if chosen
                else ({"busy": "$warning", "bad": "$error"}.get(tab.tone, "$foreground-muted"))
            )
            parts += [(label, style), (" ", "")]
            self._places.append((x, x + len(label), tab.id))
            x += len(label) + 1
        if after:
            parts.append(("›", "$foreground-muted"))
        return Content.assemble(*parts)

    def _fitting(self) -> tuple[tuple[Tab, ...], bool, bool]:
        ids = [tab.id for tab in self._tabs]
        active = ids.index(self._active) if self._active in ids else 0
        first = 0
        while first < active and _width(self._tabs[first : active + 1]) > self.size.width - 4:
            first += 1
        last = len(self._tabs)
        while last > active + 1 and _width(self._tabs[first:last]) > self.size.width - 4 * (
            first > 0 or last < len(self._tabs)
        ):
            last -= 1
        return self._tabs[first:last], first > 0, last < len(self._tabs)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab below the mouse."""
        at = event.get_content_offset(self)
        for left, right, tab in self._places if at else []:
            if at and left <= at.x < right:
                self.post_message(self.Chosen(tab))


def _width(tabs: tuple[Tab, ...]) -> int:
    return sum(len(tab.label) + 3 for tab in tabs)
