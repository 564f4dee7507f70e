"""Adds a server: its address, name and tags; then everything that it needs is tried in sight."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Button, Input, OptionList

from mnix_tui.domain.checks import passed
from mnix_tui.domain.servers import Server
from mnix_tui.ui import check_words, words
from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.server_form import ServerForm
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.check_panel import CheckPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.worker import Worker

    from mnix_tui.domain import checks
    from mnix_tui.ui.workbench.port import Workbench


class AddServerDialog(Dialog[Server]):
    """Dismisses with the server once it was added, or ``None``."""

    HEADING = "Add a server"
    YES = "Try it"
    AUTO_FOCUS = "#endpoint"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy", id="add.copy", tooltip="Copy the command", show=False)
    ]

    @dataclass
    class Told(Message):
        """The checks got on."""

        run: int
        checks: tuple[checks.Check, ...]

    @dataclass
    class Checked(Message):
        """Everything was tried."""

        run: int
        checks: tuple[checks.Check, ...]

    @dataclass
    class Added(Message):
        """The server is in the list now."""

        server: Server
        leave: bool
        """Whether nothing is left to be seen here."""

    @dataclass
    class Failed(Message):
        """It could not be tried, or not be added."""

        run: int
        error: BaseException

    def __init__(self, bench: Workbench, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(classes="-form -tight")
        self._bench = bench
        self._clock = clock
        self._run = 0
        """Counts the tries: what an earlier one still tells is nobody's concern."""
        self._trying: Worker[None] | None = None
        self._watching = False
        self._added: Server | None = None

    @property
    def awaits_login(self) -> bool:
        """Whether a question of a server is expected."""
        return self._trying is not None

    def body(self) -> ComposeResult:
        """Show the form with the hosts of the SSH configuration; and, hidden, the checks."""
        servers = (view.server for view in self._bench.snapshot().servers)
        taken = {server.name: server.endpoint for server in servers}
        yield ServerForm(self._bench.ssh_hosts, taken)
        yield Check("outcome")
        yield CheckPanel("checks", copy="c", clock=self._clock)

    def more_buttons(self) -> ComposeResult:
        """Offer to add what could not be reached all the same."""
        yield Button("Add it anyway", id="anyway")

    def on_mount(self) -> None:
        """Begin with the form."""
        self._arrange()

    @on(ServerForm.Checked)
    def _form_checked(self, event: ServerForm.Checked) -> None:
        event.stop()
        if not self._watching:
            self.query_one("#yes", Button).disabled = not event.ready

    @on(ServerForm.Submitted)
    def _form_submitted(self, event: ServerForm.Submitted) -> None:
        event.stop()
        self.accept()

    @property
    def _form(self) -> ServerForm:
        return self.query_one(ServerForm)

    # -- trying

    def accept(self) -> None:
        """Try it, try it again, or leave: as the button says."""
        if self._added is not None:
            self.dismiss(self._added)
        elif self._trying is None and self._form.check():
            self._try()

    def _try(self) -> None:
        endpoint, name = self._form.filled.endpoint, self._form.filled.name
        self._run += 1
        run = self._run

        def tell(found: tuple[checks.Check, ...]) -> None:
            self.post_message(self.Told(run, found))

        async def work() -> None:
            try:
                found = await self._bench.check_server(name, tell, endpoint=endpoint)
            except Exception as error:
                self.post_message(self.Failed(run, error))
            else:
                self.post_message(self.Checked(run, found))

        panel = self.query_one(CheckPanel)
        panel.begin()
        self._watching = True
        self._trying = self.run_worker(work, group="try", exclusive=True, exit_on_error=False)
        where = "" if name == endpoint else f" ({words.plain(endpoint)})"
        self.query_one("#outcome", Check).say(f"◐ Trying {words.plain(name)}{where}…", "busy")
        self._arrange()
        panel.query_one(OptionList).focus()

    @on(Told)
    def _told(self, event: Told) -> None:
        event.stop()
        if event.run == self._run and self._watching:
            self.query_one(CheckPanel).show(event.checks)

    @on(Checked)
    def _checked(self, event: Checked) -> None:
        event.stop()
        if event.run != self._run or not self._watching:
            return
        self._trying = None
        self.query_one(CheckPanel).show(event.checks)
        self.query_one("#outcome", Check).say(*check_words.result(event.checks))
        if passed(event.checks):
            self._add(leave=False)
        else:
            self._arrange()

    @on(OptionList.OptionSelected, "#checks OptionList")
    def _line_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.accept()

    def action_copy(self) -> None:
        """Copy the command that mends what is looked at."""
        self.query_one(CheckPanel).copy_fix()

    # -- adding

    @on(Button.Pressed, "#anyway")
    def _anyway(self, event: Button.Pressed) -> None:
        event.stop()
        self._add(leave=True)

    def _add(self, *, leave: bool) -> None:
        new = self._form.filled
        run = self._run

        async def work() -> None:
            try:
                server = await self._bench.add_server(new.name, new.endpoint, new.tags)
            except Exception as error:
                self.post_message(self.Failed(run, error))
            else:
                self.post_message(self.Added(server, leave))

        self._trying = self.run_worker(work, group="try", exclusive=True, exit_on_error=False)
        self._arrange()

    @on(Added)
    def _is_added(self, event: Added) -> None:
        event.stop()
        self._trying, self._added = None, event.server
        if event.leave:
            self.dismiss(event.server)
            return
        self._arrange()
        self.query_one("#yes", Button).focus()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        event.stop()
        if event.run != self._run:
            return
        self._trying = None
        shown = problem(event.error)
        hint = f"\n→ {words.plain(shown.hint)}" if shown.hint else ""
        self.query_one("#outcome", Check).say(f"✕ {shown.line}{hint}", "bad")
        self._arrange()

    def action_cancel(self) -> None:
        """Stop trying; go back to the form; or close."""
        if self._added is not None:
            self.dismiss(self._added)
        elif self._watching:
            if self._trying is not None:
                self._trying.cancel()
            self._trying, self._watching = None, False
            self._run += 1
            self.query_one("#outcome", Check).say("")
            self._arrange()
            self._form.check()
            self.query_one("#endpoint", Input).focus()
        else:
            super().action_cancel()

    def _arrange(self) -> None:
        """Show what belongs to this step: the form or the checks, and their buttons."""
        watching, busy, added = self._watching, self._trying is not None, self._added is not None
        self._form.display = not watching
        self.query_one(CheckPanel).display = watching
        self.query_one("#outcome").display = watching
        no, yes = self.query_one("#no", Button), self.query_one("#yes", Button)
        no.display = not added
        no.label = "Back" if watching and not busy else "Cancel"
        self.query_one("#anyway").display = watching and not busy and not added
        yes.display = not (watching and busy)
        yes.label = "Done" if added else "Try again" if watching else self.YES
        if watching:
            yes.disabled = False
