"""Adds a server: its address, name and tags; then everything that it needs is tried in sight."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, OptionList
from textual.widgets.option_list import Option

from mnix_tui.domain.checks import passed
from mnix_tui.domain.names import suggest
from mnix_tui.domain.servers import Server, parse_endpoint
from mnix_tui.errors import UsageError
from mnix_tui.ui import check_words, words
from mnix_tui.ui.dialogs.base import Check, Dialog, field
from mnix_tui.ui.dialogs.checks import endpoint_problem, name_problem, split_tags, tags_problem
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.check_panel import CheckPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.worker import Worker, WorkType

    from mnix_tui.domain import checks
    from mnix_tui.ui.workbench.port import Workbench

_SOURCE = "Login, keys and jump hosts come from your SSH configuration."
_QUIET = "$foreground-muted"
_OR_ONE_OF = "or one of your SSH configuration (↓):"
MOST = 50
"""Hosts that are offered at the same time."""
WIDTH, AROUND = 110, 23
"""Columns of the dialog, at most, and those of it that the list does not have."""
COLUMN = 22
"""Columns of a host's name in the list."""


class AddServerDialog(Dialog[Server]):
    """Dismisses with the server once it was added, or ``None``."""

    HEADING = "Add a server"
    YES = "Try it"
    AUTO_FOCUS = "#endpoint"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy", id="add.copy", tooltip="Copy the command", show=False)
    ]

    @dataclass
    class HostsRead(Message):
        """The hosts of the SSH configuration, each with where it leads."""

        hosts: Mapping[str, str]

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
        seconds: float

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
        self._hosts: Mapping[str, str] = {}
        self._taken = {view.server.name for view in bench.snapshot().servers}
        self._named = ""
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
        with Vertical(id="form"):
            yield field("Address", Input(placeholder="[user@]host[:port]", id="endpoint"))
            yield Check("endpoint-check")
            yield OptionList(id="hosts", markup=False, compact=True)
            yield field("Name", Input(placeholder="how it is called here", id="name"))
            yield Check("name-check")
            yield field("Tags", Input(placeholder="to group servers by: work eu", id="tags"))
            yield Check("tags-check")
        yield Check("outcome")
        yield CheckPanel("checks", copy="c", clock=self._clock)

    def more_buttons(self) -> ComposeResult:
        """Offer to add what could not be reached all the same."""
        yield Button("Add it anyway", id="anyway")

    def on_mount(self) -> None:
        """Offer the known hosts, as soon as they have been read."""

        async def read() -> None:
            self.post_message(self.HostsRead(await self._bench.ssh_hosts()))

        work: WorkType[None] = read  # not read(): it may be cancelled before it begins
        self.run_worker(work, group="hosts", exclusive=True, exit_on_error=False)
        self.query_one("#hosts").display = False
        self._validate()
        self._arrange()

    # -- the form

    @on(HostsRead)
    def _hosts_read(self, event: HostsRead) -> None:
        event.stop()
        self._hosts = event.hosts
        self._offer(self._filled()[0])
        self._validate()

    def _offer(self, typed: str) -> None:
        table, wanted = self.query_one("#hosts", OptionList), typed.lower()
        found = [
            host
            for host, place in self._hosts.items()
            if wanted in f"{host} {place}".lower() and host != typed
        ]
        # Those that are here already come last: who adds one rarely means them.
        found.sort(key=lambda host: host in self._taken)
        table.set_options([Option(self._host_line(host), id=host) for host in found[:MOST]])
        table.display = bool(found)

    def _host_line(self, host: str) -> Content:
        name, place = words.plain(host), words.plain(self._hosts[host])
        note = "here already" if host in self._taken else ""
        room = min(self.size.width * 98 // 100, WIDTH) - AROUND - COLUMN - len(note)
        return Content.assemble(
            (f"{words.fit(name, COLUMN - 2):<{COLUMN}}", _QUIET if note else ""),
            (" · ".join(filter(None, (words.fit(place, room), note))), _QUIET),
        )

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Begin at the first host, once the list has the keyboard."""
        if event.widget.id == "hosts" and isinstance(event.widget, OptionList):
            event.widget.highlighted = event.widget.highlighted or 0

    @on(OptionList.OptionHighlighted, "#hosts")
    def _host_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()

    @on(OptionList.OptionSelected, "#hosts")
    def _host_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#endpoint", Input).value = event.option_id or ""
        self.query_one("#name", Input).focus()

    @on(Input.Changed, "#endpoint")
    def _endpoint_changed(self, event: Input.Changed) -> None:
        event.stop()
        name = self.query_one("#name", Input)
        if name.value == self._named:
            self._named = _name_for(event.value)
            name.value = self._named
        self._offer(event.value.strip())
        self._validate()

    @on(Input.Changed, "#name,#tags")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._validate()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def _validate(self) -> bool:
        endpoint, name, tags = self._filled()
        wrong = endpoint_problem(endpoint)
        tone = "bad" if wrong and endpoint else ""
        told = wrong or _SOURCE
        if self._hosts and not endpoint:
            told = _OR_ONE_OF
        self.query_one("#endpoint-check", Check).say(told, tone)
        unnamed = name_problem(name, "server", self._taken)
        self.query_one("#name-check", Check).say(unnamed, "bad" if name else "")
        untagged = tags_problem(tags)
        self.query_one("#tags-check", Check).say(untagged, "bad")
        ready = not wrong and not unnamed and not untagged
        if not self._watching:
            self.query_one("#yes", Button).disabled = not ready
        return ready

    def _filled(self) -> tuple[str, str, str]:
        endpoint, name, tags = (
            self.query_one(f"#{id_}", Input).value.strip() for id_ in ("endpoint", "name", "tags")
        )
        return endpoint, name, tags

    # -- trying

    def accept(self) -> None:
        """Try it, try it again, or leave: as the button says."""
        if self._added is not None:
            self.dismiss(self._added)
        elif self._trying is None and self._validate():
            self._try()

    def _try(self) -> None:
        endpoint, name, _ = self._filled()
        self._run += 1
        run, began = self._run, self._clock()

        def tell(found: tuple[checks.Check, ...]) -> None:
            self.post_message(self.Told(run, found))

        async def work() -> None:
            try:
                found = await self._bench.check_server(name, tell, endpoint=endpoint)
            except Exception as error:
                self.post_message(self.Failed(run, error))
            else:
                self.post_message(self.Checked(run, found, self._clock() - began))

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
        self.query_one("#outcome", Check).say(*check_words.result(event.checks, event.seconds))
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
        endpoint, name, tags = self._filled()
        run = self._run

        async def work() -> None:
            try:
                server = await self._bench.add_server(name, endpoint, split_tags(tags))
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
            self._validate()
            self.query_one("#endpoint", Input).focus()
        else:
            super().action_cancel()

    def _arrange(self) -> None:
        """Show what belongs to this step: the form or the checks, and their buttons."""
        watching, busy, added = self._watching, self._trying is not None, self._added is not None
        self.query_one("#form").display = not watching
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


def _name_for(endpoint: str) -> str:
    """Return the name to suggest for an address: the host's first part, or all of an IP address."""
    try:
        host = parse_endpoint(endpoint).host
    except UsageError:
        return ""
    numeric = host.replace(".", "").isdigit() or ":" in host
    return suggest(host if numeric else host.split(".")[0])
