"""The overview of a project or a server: its state, its facts, what runs, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import keys, words
from mnix_tui.ui.about import About, Fact, Line, Notice, Step

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

TONES = {
    "good": "$success",
    "busy": "$warning",
    "bad": "$error",
    "idle": "$foreground-muted",
    "accent": "$accent",
    "": "$foreground",
}
"""The theme's colour for each tone."""

_QUIET = "$foreground-muted"
_SIDE_BY_SIDE = 108
_FACTS, _GUTTER, _SCROLLBARS = 62, 4, 2
"""Cells of the facts where the list is beside them, of what is between, and of both scrollbars."""
_SHORTEST = 4
"""Cells that a line of what was lately has at least."""
_NOTE = 16
"""Cells of a line of the list beside its name and its last notes."""
_BINDINGS = {binding.id: binding for binding in keys.SCREEN}


class Fitted(Static):
    """Text that is laid out for the width it has: says when that is another one."""

    @dataclass
    class Resized(Message):
        """It is to be laid out anew, because a scrollbar came or went, say."""

    def on_resize(self) -> None:
        """Say so."""
        self.post_message(self.Resized())


class Overview(VerticalScroll, can_focus=False):
    """Shows an ``About``; posts ``Opened`` when a line of its list is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.JOBS)

    @dataclass
    class KillWanted(Message):
        """The highlighted session or job is to be ended."""

        key: str

    @dataclass
    class Opened(Message):
        """A session, build or project of the list was chosen."""

        key: str

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._about: About | None = None

    def compose(self) -> ComposeResult:
        """Lay out the parts: facts and steps beside or above the list."""
        with Vertical(id="about-facts"):
            yield Fitted(id="about-notices")
            yield Fitted(id="about-table")
        with Vertical(id="about-lines"):
            yield Static(id="about-list-title")
            yield OptionList(id="about-list", compact=True, markup=False)
            yield Static(id="about-nothing")
        yield Static(id="about-steps")

    def show(self, about: About) -> None:
        """Show ``about``; only the parts that changed are drawn again."""
        old, self._about = self._about, about
        if old == about:
            return
        self._show_notices(about.notices)
        self._show_facts(about)
        _put(self.query_one("#about-steps", Static), _steps(about.steps))
        _put(self.query_one("#about-list-title", Static), Content(about.list_title))
        nothing = self.query_one("#about-nothing", Static)
        _display(nothing, not about.lines)
        _put(nothing, Content(about.nothing))
        if old is None or old.lines != about.lines:
            self._show_lines(about.lines)

    def _show_notices(self, notices: tuple[Notice, ...]) -> None:
        shown = self.query_one("#about-notices", Static)
        _display(shown, bool(notices))
        width = shown.content_size.width or self.content_size.width or 80
        _put(shown, Content("\n").join(_notice(notice, width) for notice in notices))

    def _show_facts(self, about: About) -> None:
        table = self.query_one("#about-table", Static)
        state = Fact("State", f"{about.glyph} {about.state}", about.state_note, about.tone)
        _put(table, _facts((state, *about.facts), table.content_size.width))

    def _show_lines(self, lines: tuple[Line, ...]) -> None:
        table = self.query_one("#about-list", OptionList)
        chosen = table.highlighted_option.id if table.highlighted_option else None
        _display(table, bool(lines))
        width = self.content_size.width - _SCROLLBARS
        if self.has_class("-wide"):
            width -= _FACTS + _GUTTER
        width = max(width, 20)
        aside = _aside(lines, width)
        table.set_options([Option(_line(line, width, aside), id=line.key) for line in lines])
        ids = [line.key for line in lines]
        table.highlighted = ids.index(chosen) if chosen in ids else (0 if ids else None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key means something now: only jobs can be ended."""
        if action == "kill":
            return self._about is not None and self._about.jobs and bool(self._about.lines)
        return super().check_action(action, parameters)

    def action_kill(self) -> None:
        """Ask for the highlighted job's end."""
        option = self.query_one("#about-list", OptionList).highlighted_option
        if option is not None and option.id:
            self.post_message(self.KillWanted(option.id))

    def on_resize(self, event: events.Resize) -> None:
        """Put the list beside the facts where there is room."""
        self.set_class(event.size.width >= _SIDE_BY_SIDE, "-wide")
        if self._about is not None:
            self.call_after_refresh(self._show_lines, self._about.lines)

    @on(Fitted.Resized)
    def _fit(self, event: Fitted.Resized) -> None:
        event.stop()
        if self._about is not None:
            self._show_notices(self._about.notices)
            self._show_facts(self._about)

    @on(OptionList.OptionSelected, "#about-list")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id:
            self.post_message(self.Opened(event.option_id))


def _put(static: Static, content: Content) -> None:
    """Show ``content``; the screen is laid out again only if it takes another number of lines."""
    before = static.content
    if content == before:
        return
    width = static.content_size.width
    lines = content.plain.splitlines() or [""]
    same = isinstance(before, Content) and len(before.plain.splitlines() or [""]) == len(lines)
    fits = all(cell_len(line) <= width for line in lines) or static.styles.text_wrap == "nowrap"
    was = isinstance(before, Content) and all(
        cell_len(line) <= width for line in before.plain.splitlines()
    )
    static.update(content, layout=not (same and fits and was))


def _display(widget: Widget, on: bool) -> None:
    if widget.display is not on:
        widget.display = on


def _notice(notice: Notice, width: int) -> Content:
    """Return a notice with its bar before every line, wrapped ones too."""
    tone = TONES[notice.tone]
    told = [(notice.title, f"bold {tone}")]
    told += [(text, _QUIET) for text in (*notice.detail.splitlines(), notice.hint) if text]
    lines = [
        Content.assemble(("▌ ", tone), (line, style))
        for text, style in told
        for line in words.wrapped(text, max(width - 2, 20)) or [""]
    ]
    return Content("\n").join(lines)


def _facts(facts: tuple[Fact, ...], width: int) -> Content:
    """Lay the facts out; lines of what was lately are as long as leaves their notes whole."""
    label = max((len(fact.label) for fact in facts), default=0) + 2
    drawn = [fact for fact in facts if fact.line]
    room = [width - label - len(f" {fact.value}  {fact.note}") for fact in drawn]
    cells = max(min(room, default=0), _SHORTEST) if width else 0
    lines = []
    for fact in facts:
        line = fact.line[-cells:] if cells else fact.line
        value = f"{line} {fact.value}" if line else fact.value
        parts = [(fact.label.ljust(label), _QUIET), (value, TONES[fact.tone])]
        if fact.note:
            note, left = fact.note, width - label - len(value) - 2
            while width and len(note) > left and " · " in note:
                note = note.rpartition(" · ")[0]  # better less than a number that is cut
            parts.append((f"  {note}", _QUIET))
        lines.append(Content.assemble(*parts))
    return Content("\n").join(lines)


def _steps(steps: tuple[Step, ...]) -> Content:
    lines = []
    shown = [keys.shown(_BINDINGS[step.binding]) for step in steps]
    width = max(map(len, shown), default=0)
    for step, key in zip(steps, shown, strict=True):
        binding = _BINDINGS[step.binding]
        action = binding.action if "." in binding.action else f"screen.{binding.action}"
        lines.append(
            Content.from_markup(
                f"[b $accent]$key[/]  [@click={action}]$text[/]",
                key=key.rjust(max(width, 2)),
                text=step.text,
            )
        )
    return Content("\n").join(lines)


def _line(line: Line, width: int, aside: int) -> Content:
    """Lay out a line; what is said last takes ``aside`` cells at the right of every line."""
    first = line.notes[0] if line.notes else ""
    space = max(width - _NOTE - aside, 8)
    return Content.assemble(
        (f"{line.glyph} ", TONES[line.tone]),
        f"{words.fit(line.name, space):<{space}} ",
        (f"{first:>11}  ", _QUIET),
        (_rest(line, aside), TONES[line.tone]),
    )


def _rest(line: Line, aside: int) -> str:
    """Return as many of the last notes as fit whole, but at least a part of one."""
    notes = list(line.notes[1:])
    while len(notes) > 1 and len("  ".join(notes)) > aside:
        notes.pop()
    return words.fit("  ".join(notes), aside)


def _aside(lines: tuple[Line, ...], width: int) -> int:
    """Return how many cells the last notes get: what they need, if the names keep enough."""
    room = max(width - _NOTE - 18, 6)
    return max((len(_rest(line, room)) for line in lines), default=0)
