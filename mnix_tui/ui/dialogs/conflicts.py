"""What was changed on both sides: how it differs, and which copy stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import conflict_words, paths, sync_keys, words
from mnix_tui.ui.dialogs.choosing import Choosing
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import problem, trouble
from mnix_tui.ui.widgets.lines import Lines, Parts
from mnix_tui.ui.widgets.overview import TONES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.domain.sync import Choice, ConflictDiff
    from mnix_tui.sync.model import Conflict

DIFFS_KEPT = 64
"""Differences that are kept while the list is open."""
_QUIET = "$foreground-muted"
_CHOICE = 10


@dataclass(frozen=True)
class Source:
    """Where the list gets what it shows."""

    conflicts: Callable[[], Awaitable[list[Conflict]]]
    diff: Callable[[str], Awaitable[ConflictDiff]]


class ConflictsScreen(ModalScreen["dict[str, Choice] | None"]):
    """Dismisses with the choice for each path that was decided, or ``None``."""

    AUTO_FOCUS = "#conflicts"
    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *sync_keys.CONFLICTS]

    @dataclass
    class Listed(Message):
        """The conflicts are here, or why they are not."""

        found: list[Conflict] | None
        error: BaseException | None = None

    @dataclass
    class Compared(Message):
        """How the copies of one differ is here, or why it is not."""

        path: str
        diff: ConflictDiff | None
        error: BaseException | None = None

    def __init__(self, project: str, server: str, source: Source, *, now: float) -> None:
        super().__init__()
        self._project = project
        self._server = server
        self._source = source
        self._now = now
        self._found: list[Conflict] = []
        self._choices: dict[str, Choice] = {}
        self._diffs: dict[str, ConflictDiff | BaseException] = {}

    def compose(self) -> ComposeResult:
        """Lay out the list above the difference."""
        with Framed(f"Conflicts of {self._project}", id="conflicts-frame"):
            yield Static(
                "Looking for conflicts, here and there…", id="conflicts-told", classes="quiet"
            )
            yield Choosing(id="conflicts", markup=False, compact=True)
            yield Static(id="conflict-title", classes="title")
            yield Lines(id="conflict")
            yield Static(id="conflicts-foot", classes="foot quiet")

    def on_mount(self) -> None:
        """Ask for them."""
        table = self.query_one(Choosing)
        table.display = False
        self.watch(table, "show_vertical_scrollbar", self.on_resize, init=False)
        self._foot()
        self.run_worker(self._list(), group="conflicts", exclusive=True, exit_on_error=False)

    async def _list(self) -> None:
        try:
            self.post_message(self.Listed(await self._source.conflicts()))
        except Exception as error:
            self.post_message(self.Listed(None, error))

    @on(Listed)
    def _listed(self, event: Listed) -> None:
        event.stop()
        told, table = self.query_one("#conflicts-told", Static), self.query_one(Choosing)
        if event.error is not None:
            told.update(trouble("The conflicts can't be read", event.error))
            return
        self._found = event.found or []
        if not self._found:
            told.update(
                Content.assemble(
                    ("● ", TONES["good"]),
                    "No conflicts: nothing was changed on both sides.",
                )
            )
            return
        number = words.count(len(self._found), "conflict")
        told.update(f"{number}: changed here and on {self._server}. Nothing was overwritten.")
        table.display = True
        table.focus()
        self._draw()
        self.call_after_refresh(self._draw)  # it has no size before
        table.highlighted = 0

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        if self._found:
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        table = self.query_one(Choosing)
        room = table.room
        table.lay([Option(self._line(one, room), id=str(at)) for at, one in enumerate(self._found)])

    def _line(self, one: Conflict, room: int) -> Content:
        chosen = self._choices.get(one.path, "")
        why = "" if one.kind == "changed" else conflict_words.reason(one.kind, self._server)
        width = room - _CHOICE - 1
        why = words.fit(why, max(width // 2, 8))
        path = paths.column(one.path, width - len(why) - 2)
        return Content.assemble(
            (f"{conflict_words.CHOICES[chosen]:<{_CHOICE}}", TONES[conflict_words.TONES[chosen]]),
            (f"{path}  ", ""),
            (why, _QUIET),
        )

    @property
    def _chosen(self) -> Conflict | None:
        at = self.query_one(Choosing).chosen
        return self._found[int(at)] if at else None

    # -- the difference

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        one = self._chosen
        if one is None:
            return
        path = one.path
        if isinstance(self._diffs.get(path), BaseException):
            del self._diffs[path]  # who comes back to it asks again
        self._draw_diff()
        self._foot()
        if path in self._diffs:
            return

        async def compare() -> None:
            try:
                self.post_message(self.Compared(path, await self._source.diff(path)))
            except Exception as error:
                self.post_message(self.Compared(path, None, error))

        # Exclusive: who goes through the list quickly asks only for where it comes to rest.
        self.run_worker(compare(), group="diff", exclusive=True, exit_on_error=False)

    @on(Compared)
    def _compared(self, event: Compared) -> None:
        event.stop()
        result = event.diff if event.diff is not None else event.error
        assert result is not None
        while len(self._diffs) >= DIFFS_KEPT:
            self._diffs.pop(next(iter(self._diffs)))
        self._diffs[event.path] = result
        self._draw_diff()

    def _draw_diff(self) -> None:
        title, lines = self.query_one("#conflict-title", Static), self.query_one(Lines)
        one = self._chosen
        if one is None:
            return
        value = self._choices.get(one.path, "")
        sign, tone = conflict_words.CHOICES[value], TONES[conflict_words.TONES[value]]
        title.update(
            Content.assemble(
                (f"{sign}  ", tone), (conflict_words.choice(value, self._server), _QUIET)
            )
        )
        found = self._diffs.get(one.path)
        if found is None:
            lines.show([[("Comparing…", "idle")]])
        elif isinstance(found, BaseException):
            shown = problem(found)
            told: list[Parts] = [[(f"✕ {shown.line}", "bad")]]
            lines.show([*told, [(f"→ {shown.hint}", "idle")]] if shown.hint else told)
        else:
            lines.show(conflict_words.diff_lines(found, self._server, self._now))

    # -- what is done

    def action_choose(self, value: Choice | Literal[""]) -> None:
        """Choose for the highlighted one, which stays so: the next key is not for another."""
        one = self._chosen
        if one is None:
            return
        self._put(one.path, value)
        self._draw()
        self._draw_diff()
        self._foot()

    def action_choose_all(self, value: Choice) -> None:
        """Choose for all of them."""
        for one in self._found:
            self._put(one.path, value)
        if self._found:
            self._draw()
            self._draw_diff()
            self._foot()

    def _put(self, path: str, value: Choice | Literal[""]) -> None:
        if value:
            self._choices[path] = value
        else:
            self._choices.pop(path, None)

    def action_page(self, by: int) -> None:
        """Scroll the difference."""
        self.query_one(Lines).move(pages=by)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Do what was chosen."""
        if self._choices:
            self.dismiss(dict(self._choices))
        elif self._found:
            self.notify("Choose first: h here, t there, b both", timeout=3, markup=False)

    def _foot(self) -> None:
        hints: list[tuple[str, str, str]] = []
        decided = len(self._choices)
        if self._found:
            hints = [
                ("h", "here", "choose('here')"),
                ("t", "there", "choose('there')"),
                ("b", "both", "choose('both')"),
            ]
        if decided:
            hints.append(("enter", f"applies {decided}", "accept"))
        if self._found:
            hints.append(("J", "scrolls", "page(1)"))
        hints.append(("escape", "closes", "dismiss(None)"))
        self.query_one("#conflicts-foot", Static).update(Framed.hints(hints))
