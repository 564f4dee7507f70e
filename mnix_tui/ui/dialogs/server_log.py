"""What this machine ran on a server: when, what, how long it took and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.ui import server_keys, words
from mnix_tui.ui.check_words import quick
from mnix_tui.ui.dialogs.choosing import Choosing
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker, WorkType

    from mnix_tui.domain.audit import Ran

_QUIET = "$foreground-muted"
MOST = 500
"""Records that are shown."""
REREAD = 2.0
"""Seconds after which what was done meanwhile is read."""
KIND, TIME, RESULT = 7, 10, 16
"""Columns of what it was, how long it took, and what came of it."""
KINDS = ("", "connect", "deliver", "request", "command")
"""What can be shown alone; "" is all of it."""


class ServerLogScreen(ModalScreen[None]):
    """Lists the newest first, and shows all of the one that is chosen."""

    AUTO_FOCUS = "#server-log"
    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *server_keys.SERVER_LOG]

    @dataclass
    class Read(Message):
        """The log was read, or could not be."""

        found: list[Ran]
        error: BaseException | None = None

    def __init__(
        self, server: str, source: Callable[[], Awaitable[list[Ran]]], *, now: Callable[[], float]
    ) -> None:
        super().__init__()
        self._server = server
        self._source = source
        self._now = now
        self._log: list[Ran] | None = None
        self._error: BaseException | None = None
        self._reading: Worker[None] | None = None
        self._failed_only = False
        self._kind = ""

    def compose(self) -> ComposeResult:
        """Lay out the list above the whole of one record."""
        with Framed(f"Log · {self._server}", id="server-log-frame"):
            yield Static(id="server-log-told", classes="quiet")
            yield Choosing(id="server-log", markup=False, compact=True)
            with VerticalScroll(id="server-log-about", can_focus=False):
                yield Static(id="server-log-text")
            yield Static(id="server-log-foot", classes="foot quiet")

    def on_mount(self) -> None:
        """Read it, and then what comes."""
        self._show()
        self.action_again()
        self.set_interval(REREAD, self.action_again)

    def action_again(self) -> None:
        """Read the log again; a reading that takes long is not begun anew."""
        if self._reading is not None and not self._reading.is_finished:
            return

        async def read() -> None:
            try:
                self.post_message(self.Read(await self._source()))
            except Exception as error:
                self.post_message(self.Read([], error))

        work: WorkType[None] = read  # not read(): it may be cancelled before it begins
        self._reading = self.run_worker(work, group="server-log", exit_on_error=False)

    @on(Read)
    def _read(self, event: Read) -> None:
        event.stop()
        self._error = event.error
        if event.error is None and event.found != self._log:
            chosen, self._log = self._chosen, event.found
            self._show(chosen)
        else:
            self._tell()

    # -- what is shown

    @property
    def _listed(self) -> list[Ran]:
        return [
            one
            for one in self._log or ()
            if not (self._failed_only and one.ok) and self._kind in ("", one.what)
        ]

    @property
    def _chosen(self) -> Ran | None:
        at, listed = self.query_one(Choosing).highlighted, self._listed
        return listed[at] if at is not None and at < len(listed) else None

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self.call_after_refresh(self._show)

    def _show(self, chosen: Ran | None = None) -> None:
        """Draw the list; the record that was chosen stays so, wherever it is now."""
        table, listed = self.query_one(Choosing), self._listed
        chosen = chosen or self._chosen
        times = _times(listed, self._now())
        lines = [_line(one, table.room, at) for one, at in zip(listed, times, strict=True)]
        table.lay([Option(line) for line in lines])
        table.display = bool(listed)
        if listed:
            at = listed.index(chosen) if chosen in listed else 0
            with self.prevent(OptionList.OptionHighlighted):
                table.highlighted = at
        self._tell()
        self._about()

    def _tell(self) -> None:
        told = self.query_one("#server-log-told", Static)
        if self._error is not None:
            told.update(trouble("The log can't be read", self._error))
        elif self._log is None:
            told.update("Reading the log…")
        elif not self._log:
            told.update("Nothing was run there from this machine yet.")
        else:
            failed = sum(not one.ok for one in self._log)
            newest = "the newest " if len(self._log) >= MOST else ""
            parts = [newest + words.count(len(self._log), "entry", "entries")]
            parts.append(f"{failed} failed" if failed else "none failed")
            if self._failed_only or self._kind:
                parts.append(f"{len(self._listed)} shown")
            told.update(" · ".join(parts))

    def _about(self) -> None:
        one, foot = self._chosen, self.query_one("#server-log-foot", Static)
        self.query_one("#server-log-text", Static).update(_whole(one) if one else "")
        hints: list[tuple[str, str, str]] = []
        if self._log:
            hints.append(("f", "all" if self._failed_only else "failed only", "failed"))
            hints.append(("o", f"only {self._kind}" if self._kind else "all kinds", "kinds"))
        if one is not None:
            hints.append(("c", "copies it", "copy"))
        foot.update(Framed.hints([*hints, ("escape", "closes", "dismiss(None)")]))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._about()

    # -- what is done

    def action_failed(self) -> None:
        """Show only what failed, or everything."""
        self._failed_only = not self._failed_only
        self._show()

    def action_kinds(self) -> None:
        """Show the next kind alone, or everything."""
        self._kind = KINDS[(KINDS.index(self._kind) + 1) % len(KINDS)]
        self._show()

    def action_copy(self) -> None:
        """Copy the whole of what is chosen."""
        if (one := self._chosen) is not None:
            self.app.copy_to_clipboard(words.visible(one.detail))
            self.app.notify("It is in the clipboard", timeout=2, markup=False)


def _line(one: Ran, room: int, when: str) -> Content:
    result = words.fit(words.plain(one.result), RESULT)
    left = max(room - len(when) - KIND - TIME - RESULT - 4, 0)
    detail = words.fit(words.plain(one.detail), left)
    return Content.assemble(
        (f"{when} ", _QUIET),
        (f"{words.fit(words.plain(one.what), KIND):<{KIND}} ", _QUIET),
        (f"{detail:<{left}}", "" if one.ok else "$error"),
        (f"{quick(one.seconds):>{TIME}}  ", _QUIET),
        (result, "$success" if one.ok else "$error"),
    )


def _times(log: list[Ran], now: float) -> list[str]:
    """Return when each was: the time of day, with the day where they aren't all of today."""
    places = [time.localtime(one.at) for one in log]
    today = time.strftime("%F", time.localtime(now))
    same = all(time.strftime("%F", place) == today for place in places)
    return [time.strftime("%H:%M:%S" if same else "%F %H:%M", place) for place in places]


def _whole(one: Ran) -> Content:
    detail = "\n".join(words.visible(line) for line in one.detail.splitlines())
    result = words.plain(one.result)
    return Content.assemble(
        (time.strftime("%F %H:%M:%S", time.localtime(one.at)), _QUIET),
        (f" · {words.plain(one.what)} · {quick(one.seconds)} · ", _QUIET),
        (result, "$success" if one.ok else "$error"),
        "\n",
        detail,
    )
