"""The part of the fleet in memory that adds, checks, labels and removes servers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mnix_tui.domain import checks
from mnix_tui.domain.checks import CheckState
from mnix_tui.domain.names import check
from mnix_tui.domain.servers import Server, ServerStatus, parse_endpoint
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import AlreadyExists, Busy, NotFound
from mnix_tui.fleet import FleetSnapshot, ServerView
from mnix_tui.ui.workbench.bulk import bulk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.audit import Ran
    from mnix_tui.domain.checks import Check
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import HostKeyQuestion
    from mnix_tui.link.model import SecretQuestion
    from mnix_tui.ui.workbench.port import AskHostKey, AskSecret, Progress, RebuildOptions
    from mnix_tui.ui.workbench.server_port import Outcome, TellChecks, Verb


@dataclass
class MemoryServers:
    """Finds of each server what was set, and remembers what it was asked."""

    now: float = 0.0
    state: FleetSnapshot = field(default_factory=FleetSnapshot)
    hosts: list[str] = field(default_factory=list)
    """The hosts of an SSH configuration."""
    places: dict[str, str] = field(default_factory=dict)
    """Where they lead."""
    question: HostKeyQuestion | None = None
    """Asked by the next check of a server."""
    secrets: list[SecretQuestion] = field(default_factory=list)
    """Asked by the next check of a server, one after the other."""
    answers: list[tuple[str, ...] | None] = field(default_factory=list)
    """What was answered to them."""
    ask_host_key: AskHostKey | None = None
    ask_secret: AskSecret | None = None
    checkups: dict[str, list[tuple[Check, ...]]] = field(default_factory=dict)
    """What checks of servers tell, by name, one after the other; all is well with others."""
    unending: set[str] = field(default_factory=set)
    """Servers whose check never comes to an end."""
    server_logs: dict[str, list[Ran]] = field(default_factory=dict)
    purges: dict[str, Purged] = field(default_factory=dict)
    """What a purge of servers finds."""
    wanted: set[str] = field(default_factory=set)

    def _asked(self, name: str, *arguments: str) -> None:
        raise NotImplementedError

    def change(self, **changes: Any) -> None:
        """Replace parts of the snapshot and tell everybody."""
        raise NotImplementedError

    async def start(self, project: Project) -> None:
        """Start a project."""
        raise NotImplementedError

    async def stop(self, project: Project) -> None:
        """Stop a project."""
        raise NotImplementedError

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> object:
        """Build a project."""
        raise NotImplementedError

    async def ssh_hosts(self) -> Mapping[str, str]:
        """Return the hosts of an SSH configuration."""
        return {host: self.places.get(host, "") for host in self.hosts}

    async def add_server(self, name: str, endpoint: str, tags: Sequence[str] = ()) -> Server:
        """Add a server that is online."""
        self._asked("add_server", name, endpoint, *tags)
        check(name, "server")
        if any(view.server.name == name for view in self.state.servers):
            raise AlreadyExists(
                f"There is a server called {name} already", "", "choose another name"
            )
        server = Server(name, str(parse_endpoint(endpoint)), tuple(tags))
        status = ServerStatus(ServerState.ONLINE, seen=self.now)
        self.change(servers=(*self.state.servers, ServerView(server, status)))
        return server

    async def check_server(
        self, name: str, tell: TellChecks, *, endpoint: str = ""
    ) -> tuple[Check, ...]:
        """Ask what was set, and find what was set: or that all is well."""
        self._asked("check_server", name, *filter(None, [endpoint]))
        found = checks.fresh()
        tell(found)
        key, why = await self._login()
        if key:
            found = _failed(found, key, why)
            tell(found)
            return found
        for step in self.checkups.get(name, [_all_well(found)]):
            found = step
            tell(step)
        if name in self.unending:
            await asyncio.Event().wait()
        return found

    async def _login(self) -> tuple[str, str]:
        """Ask the person; return the key of the check that fails and why, or two empty texts."""
        if self.question is not None and not (
            self.ask_host_key is not None and await self.ask_host_key(self.question)
        ):
            return "hostkey", f"The key of {self.question.host} was not accepted"
        for question in self.secrets:
            answer = await self.ask_secret(question) if self.ask_secret is not None else None
            self.answers.append(answer)
            if answer is None:
                return "login", f"{question.about}: cancelled"
        return "", ""

    async def server_log(self, name: str, limit: int = 500) -> list[Ran]:
        """Return what was set."""
        self._asked("server_log", name)
        return self.server_logs.get(name, [])[:limit]

    async def purge_server(self, name: str, *, dry_run: bool, force: bool = False) -> Purged:
        """Find what was set, and remove the server unless it is only asked for."""
        self._asked("purge_server", name, *(["dry_run"] if dry_run else ["force"] if force else []))
        if name not in self.purges:
            raise NotFound(f"There is nothing of mnix on {name}")
        found = self.purges[name]
        if not dry_run:
            if found.sessions and not force:
                raise Busy(f"Sessions run on {name}", f"{found.sessions} of them", "end them first")
            self._drop(name)
        return found

    async def remove_server(self, name: str, *, forget: bool) -> None:
        """Forget a server."""
        self._asked("remove_server", name)
        self._drop(name)

    def _drop(self, name: str) -> None:
        self.change(
            servers=tuple(view for view in self.state.servers if view.server.name != name),
            projects=tuple(view for view in self.state.projects if view.project.server != name),
        )

    async def set_tags(self, name: str, tags: Sequence[str]) -> None:
        """Give it these tags."""
        self._asked("set_tags", name, *tags)
        self._change_server(name, tags=tuple(tags))

    async def set_connect(self, name: str, mode: str) -> None:
        """Note when to connect to it."""
        self._asked("set_connect", name, mode)
        self._change_server(name, connect=mode)

    def _change_server(self, name: str, **changes: Any) -> None:
        self.change(
            servers=tuple(
                replace(view, server=replace(view.server, **changes))
                if view.server.name == name
                else view
                for view in self.state.servers
            )
        )

    def want(self, server: str, on: bool) -> None:
        """Note it."""
        (self.wanted.add if on else self.wanted.discard)(server)

    def retry(self, server: str) -> None:
        """Note it."""
        self._asked("retry", server)

    async def bulk(
        self, projects: Sequence[Project], verb: Verb, progress: Progress
    ) -> list[Outcome]:
        """Tell several projects the same."""

        async def rebuild(project: Project) -> None:
            await self.rebuild(project, progress)

        tells: dict[str, Callable[[Project], Awaitable[None]]]
        tells = {"start": self.start, "stop": self.stop, "rebuild": rebuild}
        return await bulk(projects, tells[verb], verb, progress)


def _all_well(found: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(
        replace(each, state=CheckState.OK, seconds=0.012 * number)
        for number, each in enumerate(found, 1)
    )


def _failed(found: tuple[Check, ...], key: str, why: str) -> tuple[Check, ...]:
    at = checks.KEYS.index(key)
    done = _all_well(found)[:at]
    left = tuple(replace(each, state=CheckState.SKIPPED) for each in found[at + 1 :])
    return (*done, replace(found[at], state=CheckState.FAILED, said=why), *left)
