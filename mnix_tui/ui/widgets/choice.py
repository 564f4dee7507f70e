"""One of a few: all of them on one line where they fit, else the chosen one between arrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from textual import events


class Choice(Widget, can_focus=True):
    """Left and right (or a click) choose; posts ``Changed``."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "step(1)", "next", id="choice.next", tooltip="The next one"),
        Binding("left,h", "step(-1)", "before", id="choice.before", tooltip="The one before"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--chosen", "choice--other"}

    at: reactive[int] = reactive(0)

    @dataclass
    class Changed(Message):
        """Another one is chosen."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            """The widget, for selectors of handlers."""
            return self.choice

    def __init__(
        self,
        options: list[tuple[str, str]],
        value: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._options = options
        self._places: list[tuple[int, int, int]] = []
        values = [one for one, _ in options]
        self.set_reactive(Choice.at, values.index(value) if value in values else 0)

    @property
    def value(self) -> str:
        """The chosen value; "" while there is nothing to choose from."""
        return self._options[self.at][0] if self.at < len(self._options) else ""

    def offer(self, options: list[tuple[str, str]], value: str = "") -> None:
        """Offer other options; the value stays where it is among them."""
        wanted = value or self.value
        self._options = options
        values = [one for one, _ in options]
        self.at = values.index(wanted) if wanted in values else 0
        self.refresh()

    def validate_at(self, at: int) -> int:
        """Go round."""
        return at % len(self._options) if self._options else 0

    def watch_at(self) -> None:
        """Tell who listens."""
        self.post_message(self.Changed(self, self.value))

    def action_step(self, by: int) -> None:
        """Choose the next one, or the one before."""
        self.at += by

    def on_click(self, event: events.Click) -> None:
        """Choose what is below the mouse."""
        at = event.get_content_offset(self)
        for left, right, index in self._places if at else []:
            if at and left <= at.x < right:
                self.at = index

    def render(self) -> Content:
        """Draw the options."""
        labels = [label for _, label in self._options]
        if not labels:
            return Content.styled("none", "$foreground-muted")
        chosen = "bold $block-cursor-foreground on $block-cursor-background"
        if not self.has_focus:
            chosen = "bold $foreground"
        width = sum(cell_len(label) + 4 for label in labels)
        if width > self.content_size.width:
            return self._compact(labels, chosen)
        parts: list[tuple[str, str]] = []
        self._places = []
        x = 0
        for index, label in enumerate(labels):
            here = index == self.at
            text = f"{'●' if here else '○'} {label}"
            parts += [(text, chosen if here else "$foreground-muted"), ("  ", "")]
            self._places.append((x, x + cell_len(text), index))
            x += cell_len(text) + 2
        return Content.assemble(*parts)

    def _compact(self, labels: list[str], chosen: str) -> Content:
        count = len(labels)
        end = 4 + cell_len(labels[self.at])
        before, after = (self.at - 1) % count, (self.at + 1) % count
        self._places = [(0, 2, before), (end - 2, end, after)]
        return Content.assemble(
            ("‹ ", "$accent"),
            (labels[self.at], chosen),
            (" ›", "$accent"),
            (f"  {self.at + 1} of {count}", "$foreground-muted"),
        )
