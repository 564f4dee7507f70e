"""Adds a server: its address and name, then a first connection with its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from mnix_tui.domain.names import suggest
from mnix_tui.domain.servers import Server, parse_endpoint
from mnix_tui.errors import UsageError
from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Check, Dialog
from mnix_tui.ui.dialogs.checks import endpoint_problem, name_problem
from mnix_tui.ui.problems import problem

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.worker import Worker

    from mnix_tui.ui.workbench.port import Workbench


class AddServerDialog(Dialog[Server]):
    """Dismisses with the server when it was reached, or ``None``."""

    HEADING = "Add a server"
    YES = "Connect"
    AUTO_FOCUS = "#endpoint"

    @dataclass
    class Connected(Message):
        """The server answered and was added."""

        server: Server

    @dataclass
    class NotConnected(Message):
        """It could not be added."""

        error: BaseException

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._hosts: list[str] = []
        self._taken = {view.server.name for view in bench.snapshot().servers}
        self._named = ""
        self._connecting: Worker[None] | None = None

    def body(self) -> ComposeResult:
        """Show the two inputs, and the hosts of the SSH configuration."""
        yield Static("Address", classes="label")
        yield Input(placeholder="[user@]host[:port], or a host of ~/.ssh/config", id="endpoint")
        yield Check("endpoint-check")
        yield OptionList(id="hosts", markup=False, compact=True)
        yield Static("Name", classes="label")
        yield Input(placeholder="how it is called here", id="name")
        yield Check("name-check")
        yield Check("outcome")

    def on_mount(self) -> None:
        """Offer the known hosts."""
        self._hosts = self._bench.ssh_hosts()
        self._offer("")
        self._validate()

    def _offer(self, typed: str) -> None:
        table = self.query_one("#hosts", OptionList)
        found = [host for host in self._hosts if typed.lower() in host.lower() and host != typed]
        table.set_options([Option(words.plain(host), id=host) for host in found[:50]])
        table.display = bool(found)

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

    @on(Input.Changed, "#name")
    def _name_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._validate()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def _validate(self) -> bool:
        endpoint = self.query_one("#endpoint", Input).value
        name = self.query_one("#name", Input).value
        wrong = endpoint_problem(endpoint)
        self.query_one("#endpoint-check", Check).say(
            wrong or "Login, keys and jump hosts come from your SSH configuration.",
            "bad" if wrong and endpoint.strip() else "",
        )
        unnamed = name_problem(name, "server", self._taken)
        self.query_one("#name-check", Check).say(unnamed, "bad" if name.strip() else "")
        ready = not wrong and not unnamed and self._connecting is None
        self.query_one("#yes", Button).disabled = not ready
        return ready

    def accept(self) -> None:
        """Connect, and say how it went."""
        if not self._validate():
            return
        endpoint = self.query_one("#endpoint", Input).value.strip()
        name = self.query_one("#name", Input).value.strip()
        self.query_one("#outcome", Check).say(f"◐ connecting to {endpoint}…", "busy")

        async def connect() -> None:
            try:
                server = await self._bench.add_server(name, endpoint)
            except Exception as error:
                self.post_message(self.NotConnected(error))
            else:
                self.post_message(self.Connected(server))

        self._connecting = self.run_worker(
            connect, group="connect", exclusive=True, exit_on_error=False
        )
        self._validate()

    def action_cancel(self) -> None:
        """Cancel the connecting, or close."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
            self.query_one("#outcome", Check).say("Cancelled.")
            self._validate()
        else:
            super().action_cancel()

    @on(Connected)
    def _connected(self, event: Connected) -> None:
        event.stop()
        self.dismiss(event.server)

    @on(NotConnected)
    def _not_connected(self, event: NotConnected) -> None:
        event.stop()
        self._connecting = None
        shown = problem(event.error)
        hint = f"\n→ {shown.hint}" if shown.hint else ""
        detail = f"\n{shown.detail}" if shown.detail else ""
        self.query_one("#outcome", Check).say(f"✕ {shown.title}{detail}{hint}", "bad")
        self._validate()


def _name_for(endpoint: str) -> str:
    """Return the name to suggest for an address: the host's first part, or all of an IP address."""
    try:
        host = parse_endpoint(endpoint).host
    except UsageError:
        return ""
    numeric = host.replace(".", "").isdigit() or ":" in host
    return suggest(host if numeric else host.split(".")[0])
