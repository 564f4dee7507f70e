"""The generations of a project: what each one changed, and which one to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import generation_words, keys, words
from mnix_tui.ui.dialogs.choosing import Choosing
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import problem, trouble
from mnix_tui.ui.widgets.lines import Lines, Parts
from mnix_tui.ui.widgets.overview import TONES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.domain.generations import Generation, GenerationDiff

DIFFS_KEPT = 32
"""Diffs that are kept while the list is open."""
_QUIET = "$foreground-muted"


@dataclass(frozen=True)
class Source:
    """Where the list gets what it shows."""

    generations: Callable[[], Awaitable[list[Generation]]]
    diff: Callable[[int, int], Awaitable[GenerationDiff]]


class GenerationsScreen(ModalScreen[int | None]):
    """Dismisses with the number of the generation to go back to, or ``None``."""

    AUTO_FOCUS = "#generations"
    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *keys.GENERATIONS]

    @dataclass
    class Listed(Message):
        """The generations are here, or why they are not."""

        found: list[Generation] | None
        error: BaseException | None = None

    @dataclass
    class Compared(Message):
        """What differs between two of them is here, or why it is not."""

        pair: tuple[int, int]
        diff: GenerationDiff | None
        error: BaseException | None = None

    def __init__(self, project: str, source: Source, *, now: float, shells: int = 0) -> None:
        super().__init__()
        self._project = project
        self._source = source
        self._now = now
        self._shells = shells
        self._found: dict[int, Generation] = {}
        self._marked: list[int] = []
        self._diffs: dict[tuple[int, int], GenerationDiff | BaseException] = {}
        self._shown: tuple[int, int] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the list above what differs."""
        with Framed(f"Generations of {self._project}", id="generations-frame"):
            yield Static("Reading the generations…", id="generations-told", classes="quiet")
            yield Choosing(id="generations", markup=False, compact=True)
            yield Static(id="diff-title")
            yield Lines(id="diff")
            yield Static(id="generations-foot", classes="quiet")

    def on_mount(self) -> None:
        """Ask for them."""
        self.query_one("#generations").display = False
        self._foot()
        self.run_worker(self._list(), group="generations", exclusive=True, exit_on_error=False)

    async def _list(self) -> None:
        try:
            self.post_message(self.Listed(await self._source.generations()))
        except Exception as error:
            self.post_message(self.Listed(None, error))

    @on(Listed)
    def _listed(self, event: Listed) -> None:
        event.stop()
        told = self.query_one("#generations-told", Static)
        if event.error is not None:
            told.update(trouble("The generations can't be read", event.error))
            return
        found = sorted(event.found or [], key=lambda one: -one.number)
        if not found:
            told.update("Nothing was built yet: r makes the first generation.")
            return
        told.display = False
        self._found = {one.number: one for one in found}
        table = self.query_one(OptionList)
        table.display = True
        table.focus()
        self._draw_list()
        self.call_after_refresh(self._draw_list)  # it has no size before
        current = next((at for at, one in enumerate(found) if one.current), 0)
        table.highlighted = current

    def _draw_list(self) -> None:
        table = self.query_one(OptionList)
        at = table.highlighted
        width = max(table.size.width or self.size.width - 8, 40)
        options = [
            Option(self._line(one, width), id=str(one.number)) for one in self._found.values()
        ]
        with self.prevent(OptionList.OptionHighlighted):  # the same one stays so
            table.set_options(options)
            if at is not None:
                table.highlighted = at

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        if self._found:
            self.call_after_refresh(self._draw_list)
            self.call_after_refresh(self._draw_diff)

    def _line(self, one: Generation, width: int) -> Content:
        mark = "◆" if one.number in self._marked else " "
        sign = "●" if one.current else "○" if one.kept else "✕"
        tone = "$success" if one.current else _QUIET
        number = f"{one.number:>4}  "
        state = "in use" if one.current else "" if one.kept else "not kept"
        room = width - 2 - len(number) - 10
        shown = generation_words.row(one, self._now, room)
        return Content.assemble(
            (f"{mark}{sign} ", "$accent" if mark != " " else tone),
            (number, "bold" if one.kept else _QUIET),
            (f"{shown:<{room}}", _QUIET),
            (f"{state:>9}", tone),
        )

    # -- what differs

    @property
    def _pair(self) -> tuple[int, int] | None:
        """The two to compare: those that are marked, else the highlighted and the one before."""
        if len(self._marked) == 2:
            return min(self._marked), max(self._marked)
        chosen = self._chosen()
        if chosen is None:
            return None
        before = max((number for number in self._found if number < chosen.number), default=None)
        return (before, chosen.number) if before is not None else None

    def _chosen(self) -> Generation | None:
        option = self.query_one(OptionList).highlighted_option
        return self._found.get(int(option.id)) if option is not None and option.id else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._compare()

    def _compare(self) -> None:
        pair = self._shown = self._pair
        if pair is not None and isinstance(self._diffs.get(pair), BaseException):
            del self._diffs[pair]  # who comes back to it asks again
        self._draw_diff()
        self._foot()
        if pair is None or pair in self._diffs:
            return

        async def compare() -> None:
            try:
                self.post_message(self.Compared(pair, await self._source.diff(*pair)))
            except Exception as error:
                self.post_message(self.Compared(pair, None, error))

        # Exclusive: who goes through the list quickly asks only for where it comes to rest.
        self.run_worker(compare(), group="diff", exclusive=True, exit_on_error=False)

    @on(Compared)
    def _compared(self, event: Compared) -> None:
        event.stop()
        result = event.diff if event.diff is not None else event.error
        assert result is not None
        while len(self._diffs) >= DIFFS_KEPT:
            self._diffs.pop(next(iter(self._diffs)))
        self._diffs[event.pair] = result
        if event.pair == self._shown:
            self._draw_diff()

    def _draw_diff(self) -> None:
        title, lines = self.query_one("#diff-title", Static), self.query_one(Lines)
        pair = self._shown
        width = max(lines.size.width, 40)
        if pair is None:
            chosen = self._chosen()
            first = chosen is not None and chosen.number == min(self._found, default=0)
            title.update("The first one: there is none before it" if first else "")
            lines.show([])
            return
        found = self._diffs.get(pair)
        if found is None:
            title.update(Content.styled(f"{pair[0]} → {pair[1]}  Comparing…", _QUIET))
            lines.show([])
        elif isinstance(found, BaseException):
            title.update(Content.styled(f"{pair[0]} → {pair[1]}", _QUIET))
            shown = problem(found)
            told: list[Parts] = [[(f"✕ {shown.line}", "bad")]]
            lines.show([*told, [(f"→ {shown.hint}", "idle")]] if shown.hint else told)
        else:
            title.update(
                Content.assemble(
                    *((text, TONES[tone]) for text, tone in generation_words.totals(found))
                )
            )
            lines.show(generation_words.lines(found, width))

    # -- what is done

    def action_mark(self) -> None:
        """Mark the highlighted one, or not any more; the third mark takes the oldest's place."""
        chosen = self._chosen()
        if chosen is None:
            return
        if chosen.number in self._marked:
            self._marked.remove(chosen.number)
        else:
            self._marked = [*self._marked[-1:], chosen.number]
        self._draw_list()
        self._compare()

    def action_page(self, by: int) -> None:
        """Scroll what differs."""
        self.query_one(Lines).move(pages=by)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Go back to the highlighted one, if that can be."""
        chosen = self._chosen()
        if chosen is None:
            return
        why = self._refusal(chosen)
        if why:
            self.notify(why, title="Not rolled back", severity="warning", markup=False)
        else:
            self.dismiss(chosen.number)

    def _refusal(self, one: Generation) -> str:
        """Say why nobody can go back to a generation; "" where one can."""
        if one.current:
            return f"Generation {one.number} is in use already"
        if not one.kept:
            return (
                f"Generation {one.number} is not kept any more: its packages may be gone "
                "(keep_generations and keep_days in server.toml say how long)"
            )
        return ""

    def _foot(self) -> None:
        chosen = self._chosen() if self._found else None
        foot = self.query_one("#generations-foot", Static)
        close = ("escape", "closes", "dismiss(None)")
        if chosen is None:
            foot.update(Framed.hints([close]))
            return
        why = self._refusal(chosen)
        it, is_ = ("it is", "stays") if self._shells == 1 else ("they are", "stay")
        shells = words.count(self._shells, "open shell")
        stay = f"{shells} {is_} as {it}: the leader and then e re-enters"
        back = ("enter", f"goes back to {chosen.number}", "accept")
        told = Framed.hints(
            [
                *([] if why else [back]),
                ("space", "marks two", "mark"),
                ("page down", "scrolls", "page(1)"),
                close,
            ]
        )
        note = why or (stay if self._shells else "")
        tone = "$warning" if why and not chosen.current else _QUIET
        foot.update(Content.assemble((f"{note}\n", tone), told) if note else told)
