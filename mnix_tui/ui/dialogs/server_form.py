"""The form that a server is added with: its address, or a host of the SSH configuration; a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mnix_tui.domain.names import suggest
from mnix_tui.domain.servers import parse_endpoint
from mnix_tui.errors import UsageError
from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Check, field
from mnix_tui.ui.dialogs.checks import endpoint_problem, name_problem, split_tags, tags_problem
from mnix_tui.ui.dialogs.choosing import Offered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from textual.app import ComposeResult
    from textual.worker import WorkType

_SOURCE = "Login, keys and jump hosts come from your SSH configuration."
_QUIET = "$foreground-muted"
_OR_ONE_OF = "or one of your SSH configuration (↓):"
MOST = 50
"""Hosts that are offered at the same time."""
WIDTH, AROUND = 110, 23
"""Columns of the dialog, at most, and those of it that the list does not have."""
COLUMN = 22
"""Columns of a host's name in the list."""


@dataclass(frozen=True)
class Filled:
    """What was filled in."""

    endpoint: str
    name: str
    tags: tuple[str, ...]


class ServerForm(Vertical):
    """Checks what is typed while it is typed; posts ``Checked``, and ``Submitted`` on enter."""

    @dataclass
    class Checked(Message):
        """It was looked at: whether it will do."""

        ready: bool

    @dataclass
    class Submitted(Message):
        """Enter was pressed in a field."""

    @dataclass
    class HostsRead(Message):
        """The hosts of the SSH configuration, each with where it leads."""

        hosts: Mapping[str, str]

    def __init__(
        self, hosts: Callable[[], Awaitable[Mapping[str, str]]], taken: Mapping[str, str]
    ) -> None:
        """``taken``: the addresses of the servers that are here, by their names."""
        super().__init__(id="form")
        self._source = hosts
        self._hosts: Mapping[str, str] = {}
        self._taken = taken
        self._named = ""

    def compose(self) -> ComposeResult:
        """Lay out the fields, the hosts below the first."""
        yield field("Address", Input(placeholder="[user@]host[:port]", id="endpoint"))
        yield Check("endpoint-check")
        yield Offered(id="hosts", markup=False, compact=True)
        yield field("Name", Input(placeholder="how it is called here", id="name"))
        yield Check("name-check")
        yield field("Tags", Input(placeholder="to group servers by: work eu", id="tags"))
        yield Check("tags-check")

    def on_mount(self) -> None:
        """Offer the known hosts, as soon as they have been read."""

        async def read() -> None:
            self.post_message(self.HostsRead(await self._source()))

        work: WorkType[None] = read  # not read(): it may be cancelled before it begins
        self.run_worker(work, group="hosts", exclusive=True, exit_on_error=False)
        self.query_one("#hosts").display = False
        self.check()

    @property
    def filled(self) -> Filled:
        """What is filled in now."""
        return Filled(
            self._text("endpoint"), self._text("name"), tuple(split_tags(self._text("tags")))
        )

    def _text(self, id_: str) -> str:
        return self.query_one(f"#{id_}", Input).value.strip()

    def check(self) -> bool:
        """Say what will not do yet; return whether all of it will."""
        endpoint, name, tags = (self._text(each) for each in ("endpoint", "name", "tags"))
        wrong = endpoint_problem(endpoint)
        tone = "bad" if wrong and endpoint else ""
        told = wrong or _SOURCE
        if self._hosts and not endpoint:
            told = _OR_ONE_OF
        elif not wrong and (same := self._same(endpoint)):
            told = f"{words.plain(same)} has this address already: this adds it a second time."
            tone = "busy"
        self.query_one("#endpoint-check", Check).say(told, tone)
        unnamed = name_problem(name, "server", self._taken)
        self.query_one("#name-check", Check).say(unnamed, "bad" if name else "")
        untagged = tags_problem(tags)
        self.query_one("#tags-check", Check).say(untagged, "bad")
        ready = not wrong and not unnamed and not untagged
        self.post_message(self.Checked(ready))
        return ready

    def _same(self, endpoint: str) -> str:
        """Return the name of a server that is here and has this address; "" for none."""
        wanted = str(parse_endpoint(endpoint))
        return next((name for name, where in self._taken.items() if where == wanted), "")

    def _is_here(self, host: str) -> bool:
        return host in self._taken or host in self._taken.values()

    @on(HostsRead)
    def _hosts_read(self, event: HostsRead) -> None:
        event.stop()
        self._hosts = event.hosts
        self._offer(self._text("endpoint"))
        self.check()

    def _offer(self, typed: str) -> None:
        table, wanted = self.query_one("#hosts", OptionList), typed.lower()
        found = [
            host
            for host, place in self._hosts.items()
            if wanted in f"{host} {place}".lower() and host != typed
        ]
        # Those that are here already come last: who adds one rarely means them.
        found.sort(key=self._is_here)
        table.set_options([Option(self._host_line(host), id=host) for host in found[:MOST]])
        table.display = bool(found)

    def _host_line(self, host: str) -> Content:
        name, place = words.plain(host), words.plain(self._hosts[host])
        note = "here already" if self._is_here(host) else ""
        room = min(self.screen.size.width * 98 // 100, WIDTH) - AROUND - COLUMN - len(note)
        return Content.assemble(
            (f"{words.fit(name, COLUMN - 2):<{COLUMN}}", _QUIET if note else ""),
            (" · ".join(filter(None, (words.fit(place, room), note))), _QUIET),
        )

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
        self.check()

    @on(Input.Changed, "#name,#tags")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.check()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())


def _name_for(endpoint: str) -> str:
    """Return the name to suggest for an address: the host's first part, or all of an IP address."""
    try:
        host = parse_endpoint(endpoint).host
    except UsageError:
        return ""
    numeric = host.replace(".", "").isdigit() or ":" in host
    return suggest(host if numeric else host.split(".")[0])
