"""Removing a server: only from the list here, or with all that mnix has there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.confirm import ConfirmDialog, forget_question, listing
from mnix_tui.ui.problems import trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.worker import WorkType

    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.servers import Server

Wish = Literal["forget", "purge"]
MOST = 12
"""Projects and paths that are listed by name."""


class RemoveServerDialog(Dialog[Wish]):
    """Dismisses with what is to be done: forget it here, or look at what a purge would remove."""

    VARIANT = "error"
    YES = "Forget"
    AUTO_FOCUS = "#no"

    def __init__(self, server: Server, projects: int) -> None:
        super().__init__(classes="-careful")
        self._question = forget_question(server, projects)
        self.HEADING = self._question.title

    def body(self) -> ComposeResult:
        """Show what goes and what stays."""
        yield from ConfirmDialog.told(self._question)

    def more_buttons(self) -> ComposeResult:
        """Offer to remove what is on the server, too."""
        yield Button("Remove all there, too…", id="purge")

    @on(Button.Pressed, "#purge")
    def _purge(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss("purge")

    def accept(self) -> None:
        """Forget it."""
        self.dismiss("forget")


class PurgeDialog(Dialog["Purged"]):
    """Shows what a purge removes; dismisses with that once the server's name was typed."""

    VARIANT = "error"
    YES = "Remove it all"
    AUTO_FOCUS = "#name"

    @dataclass
    class Looked(Message):
        """What is there, or why nobody can say."""

        found: Purged | None
        error: BaseException | None = None

    def __init__(self, server: Server, look: Callable[[], Awaitable[Purged]]) -> None:
        super().__init__(classes="-bad -form")
        self._typed_for = server.name
        self._look = look
        self._found: Purged | None = None
        self.HEADING = f"Remove all of mnix from {words.plain(server.name)}?"

    def body(self) -> ComposeResult:
        """Show what goes, and take the name."""
        with VerticalScroll(id="purge-goes", can_focus=False):
            yield Static("Looking at what is there…", classes="text", id="purge-told")
        yield Static(
            f"Type {words.plain(self._typed_for)} to remove it:", classes="label", markup=False
        )
        yield Input(id="name")
        yield Check("name-check")

    def on_mount(self) -> None:
        """Look at what is there."""
        self.query_one("#yes", Button).disabled = True

        async def look() -> None:
            try:
                self.post_message(self.Looked(await self._look()))
            except Exception as error:
                self.post_message(self.Looked(None, error))

        work: WorkType[None] = look  # not look(): it may be cancelled before it begins
        self.run_worker(work, group="purge", exclusive=True, exit_on_error=False)

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        event.stop()
        self._found = event.found
        told = self.query_one("#purge-told", Static)
        if event.found is None:
            assert event.error is not None
            told.update(trouble("Nobody can say what is there", event.error))
        else:
            told.update(goes(event.found))
        self._validate()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._validate()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def _validate(self) -> bool:
        typed = self.query_one(Input).value.strip()
        other = bool(typed) and not self._typed_for.startswith(typed)
        self.query_one("#name-check", Check).say("That is another name." if other else "", "bad")
        ready = self._found is not None and typed == self._typed_for
        self.query_one("#yes", Button).disabled = not ready
        return ready

    def accept(self) -> None:
        """Remove it all."""
        if self._validate():
            self.dismiss(self._found)


def goes(found: Purged) -> Content:
    """Return all that a purge removes, and what stays."""
    lines = []
    if found.projects:
        count = words.count(len(found.projects), "project")
        lines.append(f"{count} with all files there, {size(found.bytes)}:")
        lines += [
            f"  {words.plain(one.name)}, {size(one.bytes)}" + _shells(one.sessions)
            for one in found.projects[:MOST]
        ]
        lines += _more(len(found.projects))
    if found.sessions:
        lines.append(f"{words.count(found.sessions, 'running session')} with all that runs in it")
    if found.volumes:
        lines.append(words.count(len(found.volumes), "volume of packages", "volumes of packages"))
    lines += [words.plain(path) for path in found.paths[:MOST]]
    lines += _more(len(found.paths))
    kept = tuple(words.plain(each) for each in found.kept[:MOST])
    stays = (*kept, "the folders on this machine", "what other users have there")
    return Content("\n\n").join(
        (listing("Goes", "$error", tuple(lines) or ("nothing: mnix has nothing there",)),
         listing("Stays", "$success", stays))
    )  # fmt: skip


def size(found: int | None) -> str:
    """Return how much goes, or that nobody knows."""
    return "size unknown" if found is None else words.size(found)


def _shells(number: int) -> str:
    return f", {words.count(number, 'session')}" if number else ""


def _more(number: int) -> list[str]:
    return [f"  … and {number - MOST} more"] if number > MOST else []
