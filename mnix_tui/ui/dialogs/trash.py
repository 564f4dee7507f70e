"""What transfers replaced or deleted, on the server and here: look at it, and bring it back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import paths, sync_keys, words
from mnix_tui.ui.dialogs.choosing import Choosing
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.domain.sync import Trashed

_QUIET = "$foreground-muted"
_KINDS = {"d": "folder", "l": "link"}
Key = tuple[str, str]
"""A transfer's id and a path."""


@dataclass(frozen=True)
class Restoring:
    """What is to be brought back, and on which side."""

    here: bool
    paths: dict[str, list[str]]
    """The paths of each transfer, by its id; none is all of it."""
    count: int = 0
    """How many paths it is."""


def _batches(found: list[Trashed]) -> Iterator[tuple[object, Iterator[Trashed]]]:
    return groupby(found, key=lambda one: (one.id, one.time))


def _number(batch: list[Trashed]) -> int:
    return max(batch[0].of, len(batch))


class TrashScreen(ModalScreen[Restoring | None]):
    """Dismisses with what is to be brought back, or ``None``."""

    AUTO_FOCUS = "#trash"
    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *sync_keys.TRASH]

    @dataclass
    class Listed(Message):
        """What one side's trash holds is here, or why it is not."""

        here: bool
        found: list[Trashed] | None
        error: BaseException | None = None

    def __init__(
        self,
        project: str,
        server: str,
        source: Callable[[bool], Awaitable[list[Trashed]]],
        *,
        now: float,
        has_here: bool = True,
    ) -> None:
        super().__init__()
        self._project = project
        self._server = server
        self._source = source
        self._now = now
        self._has_here = has_here
        self._here = False
        self._sides: dict[bool, list[Trashed] | BaseException] = {}
        self._marked: set[Key] = set()

    def compose(self) -> ComposeResult:
        """Lay out what it is above the list."""
        with Framed(f"Trash of {self._project}", id="trash-frame"):
            yield Static(id="trash-sides", classes="title-row")
            yield Static(id="trash-told", classes="quiet")
            yield Choosing(id="trash", markup=False, compact=True)
            yield Static(id="trash-foot", classes="foot quiet")

    def on_mount(self) -> None:
        """Ask for the server's."""
        self.watch(self.query_one(Choosing), "show_vertical_scrollbar", self.on_resize, init=False)
        self._ask()
        self._show()

    def _ask(self) -> None:
        here = self._here

        async def read() -> None:
            try:
                self.post_message(self.Listed(here, await self._source(here)))
            except Exception as error:
                self.post_message(self.Listed(here, None, error))

        self.run_worker(read(), group="trash", exclusive=True, exit_on_error=False)

    @on(Listed)
    def _listed(self, event: Listed) -> None:
        event.stop()
        if event.error is not None:
            self._sides[event.here] = event.error
        else:
            found = event.found or []
            self._sides[event.here] = sorted(found, key=lambda one: (-one.time, one.id, one.path))
        if event.here == self._here:
            self._show()
            table = self.query_one(Choosing)
            if table.display:
                table.highlighted = 1  # behind the first transfer's heading
                table.focus()
                self.call_after_refresh(self._draw)  # it has no size before

    @property
    def _listing(self) -> list[Trashed]:
        found = self._sides.get(self._here)
        return found if isinstance(found, list) else []

    def _show(self) -> None:
        table, told = self.query_one(Choosing), self.query_one("#trash-told", Static)
        found = self._sides.get(self._here)
        table.display = bool(self._listing)
        if found is None:
            told.update("Reading the trash…")
        elif isinstance(found, BaseException):
            told.update(trouble("The trash can't be read", found))
        elif not found:
            told.update("Nothing was replaced or deleted by a transfer.")
        else:
            total = sum(_number(list(each)) for _, each in _batches(found))
            number = words.count(total, "file")
            if total == len(found):
                number += f", {words.size(sum(one.size for one in found))}"
            told.update(f"{number}. It is cleared after 30 days, or beyond 1 GiB.")
        self._draw_sides()
        self._draw()
        self._foot()

    def _draw_sides(self) -> None:
        sides = [(False, f"on {self._server}"), (True, "on this machine")]
        shown = Content("")
        for here, label in sides if self._has_here else sides[:1]:
            sign, style = ("●", "bold $accent") if here == self._here else ("○", _QUIET)
            shown += Content.from_markup(
                f"[{style}][@click=screen.side]$sign $label[/][/]   ", sign=sign, label=label
            )
        if self._has_here:
            shown += Framed.hints([("tab", "the other side", "side")])
        self.query_one("#trash-sides", Static).update(shown)

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        table = self.query_one(Choosing)
        room, options = table.room, []
        at = 0
        for _, batch in _batches(self._listing):
            each = list(batch)
            options.append(Option(self._heading(each, room), disabled=True))
            for one in each:
                options.append(Option(self._line(one, room), id=str(at)))
                at += 1
            if left := _number(each) - len(each):
                text = f"   … and {left} more: b marks all of it"
                options.append(Option(Content.styled(text, _QUIET), disabled=True))
        table.lay(options)

    def _heading(self, batch: list[Trashed], room: int) -> Content:
        first = batch[0]
        by = f" · by {words.plain(first.by)}" if first.by else ""
        text = f"{words.ago(first.time, self._now)}{by} · {words.count(_number(batch), 'file')}"
        return Content.styled(words.fit(text, room), "bold $foreground-muted")

    def _line(self, one: Trashed, room: int) -> Content:
        marked = (one.id, one.path) in self._marked
        what = _KINDS.get(one.kind) or words.size(one.size)
        width = room - 3 - 10
        return Content.assemble(
            (" ◆ " if marked else "   ", "$accent"),
            (paths.column(one.path, width), "bold" if marked else ""),
            (f"{what:>10}", _QUIET),
        )

    @property
    def _chosen(self) -> Trashed | None:
        at = self.query_one(Choosing).chosen
        return self._listing[int(at)] if at else None

    # -- what is done

    def action_side(self) -> None:
        """Show the other side's trash."""
        if not self._has_here:
            self.notify("This project has no folder on this machine", timeout=3, markup=False)
            return
        self._here = not self._here
        self._marked.clear()
        if not isinstance(self._sides.get(self._here), list):
            self._sides.pop(self._here, None)
            self._ask()
        self._show()
        table = self.query_one(Choosing)
        if table.display:
            table.highlighted = 1

    def action_mark(self) -> None:
        """Mark the highlighted one, or not any more, and go on to the next."""
        one = self._chosen
        if one is None:
            return
        self._marked ^= {(one.id, one.path)}
        self._marked.discard((one.id, ""))
        table = self.query_one(Choosing)
        table.action_cursor_down()
        self._draw()
        self._foot()

    def action_mark_batch(self) -> None:
        """Mark all that one transfer replaced, or none of it any more."""
        one = self._chosen
        if one is None:
            return
        each = {(other.id, other.path) for other in self._listing if other.id == one.id}
        if one.of > len(each):
            each.add((one.id, ""))  # what is not listed too
        self._marked = self._marked - each if each <= self._marked else self._marked | each
        self._draw()
        self._foot()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._foot()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Bring back what is marked, or else the highlighted one."""
        one = self._chosen
        wanted = self._marked or ({(one.id, one.path)} if one is not None else set())
        if not wanted:
            return
        paths: dict[str, list[str]] = {}
        for id_, path in sorted(wanted):
            paths.setdefault(id_, []).append(path)
        whole = {id_: [] if "" in some else some for id_, some in paths.items()}
        self.dismiss(Restoring(self._here, whole, self._count(wanted)))

    def _count(self, wanted: set[Key]) -> int:
        whole = {id_ for id_, path in wanted if not path}
        sizes = {one.id: one.of for one in self._listing if one.id in whole}
        return sum(id_ not in whole for id_, _ in wanted) + sum(sizes.values())

    def _foot(self) -> None:
        hints: list[tuple[str, str, str]] = []
        if self._listing:
            what = words.count(self._count(self._marked), "file") if self._marked else "this one"
            hints = [
                ("enter", f"restores {what}", "accept"),
                ("space", "marks", "mark"),
                ("b", "all of it", "mark_batch"),
            ]
        hints.append(("escape", "closes", "dismiss(None)"))
        note = "What is there now goes to the trash first." if self._listing else ""
        told = Framed.hints(hints)
        foot = self.query_one("#trash-foot", Static)
        foot.update(Content.assemble((f"{note}\n", _QUIET), told) if note else told)
