"""What went wrong in a rebuild: its title, the last lines of who failed, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mnix_tui.ui import ansi, keys, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.geometry import Size

    from mnix_tui.nixlog import Problem

_LINES = 12
_LONGEST = 1000
_COMMAND = re.compile(r"the whole log: `mnix logs [^`]*`")
"""What to type elsewhere is a key here."""


class ProblemPanel(Widget, can_focus=True):
    """Shows one problem of several; ``room`` is how many rows it may take."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = list(keys.PROBLEM)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "problem--title", "problem--count", "problem--hint", "problem--place",
    }  # fmt: skip
    claims_keys = True

    @dataclass
    class Opened(Message):
        """The log of what failed is wanted, at the error."""

        number: int

    @dataclass
    class Left(Message):
        """The keyboard is to go on to the tree."""

    def __init__(self) -> None:
        super().__init__()
        self._problems: Sequence[Problem] = ()
        self._room = 6
        self.number = 0
        """Which problem is shown, counted from 0."""
        self.set_class(True, "-none")

    @property
    def problem(self) -> Problem | None:
        """The problem that is shown."""
        return self._problems[self.number] if self._problems else None

    def show(self, problems: Sequence[Problem], room: int) -> None:
        """Show one of these problems."""
        if (tuple(problems), room) == (tuple(self._problems), self._room):
            return
        self._problems, self._room = tuple(problems), room
        self.number = min(self.number, max(len(problems) - 1, 0))
        # A class, as the pane has its own reason to hide it.
        self.set_class(not problems, "-none")
        self.refresh(layout=True)

    def go(self, number: int) -> None:
        """Show another problem."""
        if self._problems:
            self.number = number % len(self._problems)
            self.refresh(layout=True)

    def action_open(self) -> None:
        """Ask for the log."""
        self.post_message(self.Opened(self.number))

    def action_leave(self) -> None:
        """Give the keyboard to the tree."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """A click goes there, a second one opens its log."""
        event.stop()
        if event.chain == 2:
            self.action_open()

    # -- drawing

    def _shown(self) -> list[str]:
        """Return the last lines, as many as there is room for."""
        problem = self.problem
        if problem is None:
            return []
        room = self._room - 1 - len(self._hint())
        lines = [line for line in problem.lines if line.strip()]
        return lines[-min(max(room, 1), _LINES) :]

    def _hint(self) -> list[str]:
        """Return what to do, on a line or two."""
        problem = self.problem
        if problem is None or not problem.hint:
            return []
        hint = _COMMAND.sub("enter shows the whole log", words.plain(problem.hint))
        return wrap(
            f"→ {hint}",
            max(self.size.width, 20),
            subsequent_indent="  ",
            max_lines=2,
            placeholder="…",
        )

    def on_resize(self) -> None:
        """What to do may take another number of lines."""
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many rows the problem takes."""
        problem = self.problem
        return 1 + len(self._shown()) + len(self._hint()) if problem is not None else 0

    def render_line(self, y: int) -> Strip:
        """Draw the title, a line, or what to do."""
        width, base, problem = self.size.width, self.rich_style, self.problem
        if problem is None:
            return Strip.blank(width, base)
        lines = self._shown()
        if y == 0:
            segments = self._title(problem, width, base)
        elif y <= len(lines):
            segments = _line(lines[y - 1], base)
        else:
            hint = self._hint()[y - len(lines) - 1 :]
            segments = [Segment(hint[0] if hint else "", base + self._style("hint"))]
        return Strip(segments).adjust_cell_length(width, base)

    def _title(self, problem: Problem, width: int, base: Style) -> list[Segment]:
        several = len(self._problems) > 1
        aside = f"{self.number + 1} of {len(self._problems)} · e next · " if several else ""
        aside += "enter its log"
        if width < 60:
            aside = f"{self.number + 1}/{len(self._problems)}" if several else ""
        place = ""
        if problem.file:
            place = f"  {words.plain(problem.file).removeprefix('/workspace/')}"
            place += f":{problem.line}" if problem.line else ""
            place += f":{problem.column}" if problem.line and problem.column else ""
        room = width - cell_len(aside) - 2
        title = words.fit(f"✕ {words.plain(problem.title)}", room)
        place = words.fit(place, room - cell_len(title)) if room - cell_len(title) > 8 else ""
        gap = width - cell_len(title) - cell_len(place) - cell_len(aside)
        return [
            Segment(title, base + self._style("title")),
            Segment(place, base + self._style("place")),
            Segment(" " * max(gap, 0), base),
            Segment(aside, base + self._style("count")),
        ]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"problem--{name}", partial=True)


def _line(text: str, base: Style) -> list[Segment]:
    coloured = ansi.parse(text, _LONGEST)
    segments, at = [], 0
    for start, end, style in coloured.spans:
        segments.append(Segment(coloured.plain[at:start], base))
        segments.append(Segment(coloured.plain[start:end], base + style))
        at = end
    return [*segments, Segment(coloured.plain[at:], base)]
