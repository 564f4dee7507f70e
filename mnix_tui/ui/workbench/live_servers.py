"""The part of the live workbench that adds, checks, labels and removes servers."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.servers import Server, parse_endpoint
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import HostKeyUnknown, StoreError
from mnix_tui.ui.workbench.bulk import bulk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from mnix_tui.actions.doctor import Report
    from mnix_tui.actions.servers import Purged
    from mnix_tui.config import ClientConfig
    from mnix_tui.domain.audit import Ran
    from mnix_tui.domain.checks import Check
    from mnix_tui.domain.projects import Project
    from mnix_tui.errors import MnixError
    from mnix_tui.fleet import Fleet, FleetSnapshot
    from mnix_tui.link import HostKeyQuestion, Link, LinkOptions
    from mnix_tui.link.model import SecretQuestion
    from mnix_tui.store import Store
    from mnix_tui.ui.workbench.port import AskHostKey, AskSecret, Progress, RebuildOptions
    from mnix_tui.ui.workbench.server_port import Outcome, TellChecks, Verb


class LiveServers:
    """Calls the actions; ``LiveWorkbench`` has the store, the fleet and the links."""

    _config: ClientConfig
    _fleet: Fleet | None
    _known: FleetSnapshot

    def __init__(self) -> None:
        self.ask_host_key: AskHostKey | None = None
        self.ask_secret: AskSecret | None = None
        self._asking = asyncio.Lock()
        self._asked_for: set[str] = set()
        """The servers that somebody here wanted to reach: only about these a host key is asked."""

    def _opened(self) -> tuple[Store, Fleet]:
        raise NotImplementedError

    def _options(self) -> LinkOptions:
        """Return how to connect."""
        raise NotImplementedError

    async def _connected(self, server: str) -> Link:
        """Return a server's link once it is up: a key that is pressed meanwhile waits for it."""
        self._asked_for.add(server)
        link = self._opened()[1].link(server)
        while True:
            changed = link.changing()
            if link.status.state not in (ServerState.UNKNOWN, ServerState.CONNECTING):
                break
            await changed.wait()
        assert link.agent is not None  # the property raises the reason while the link is down
        return link

    def _forget_settings(self, server: str) -> None:
        raise NotImplementedError

    def trouble(self, server: str) -> MnixError | None:
        """Return why a server is not connected."""
        raise NotImplementedError

    async def start(self, project: Project) -> None:
        """Start a project."""
        raise NotImplementedError

    async def stop(self, project: Project) -> None:
        """Stop a project."""
        raise NotImplementedError

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> Any:
        """Build a project."""
        raise NotImplementedError

    # -- what only a person knows

    async def _ask(self, question: HostKeyQuestion) -> bool:
        if question.server not in self._asked_for:
            from mnix_tui.link.hostkeys.asking import unknown

            raise unknown(question)  # its row says so, until somebody wants to reach it
        async with self._asking:  # one question at a time, however many servers there are
            yes = self.ask_host_key is not None and await self.ask_host_key(question)
        if yes:
            self._try_others(question)
        return yes

    def _try_others(self, question: HostKeyQuestion) -> None:
        """Try the servers again that the same unknown key kept out: all behind one jump host do."""
        about = (question.host, question.fingerprint)
        for view in self._known.servers if self._fleet is not None else ():
            if view.status.state is ServerState.REFUSED:
                error = self.trouble(view.server.name)
                if isinstance(error, HostKeyUnknown) and (error.host, error.fingerprint) == about:
                    self._opened()[1].mended(view.server.name)

    def _may_ask(self, server: str) -> bool:
        """Say whether a login may ask: the server is in use, or somebody here wanted it."""
        used = any(view.project.server == server for view in self._known.projects)
        return used or server in self._asked_for

    async def _ask_for_secret(self, question: SecretQuestion) -> tuple[str, ...] | None:
        async with self._asking:
            return await self.ask_secret(question) if self.ask_secret is not None else None

    # -- servers

    async def ssh_hosts(self) -> Mapping[str, str]:
        """Return the hosts of ``~/.ssh/config``."""
        from mnix_tui.link.sshconfig import hosts as ssh_hosts
        from mnix_tui.link.sshconfig.config import config_path

        return await asyncio.to_thread(ssh_hosts.hosts, config_path())

    async def add_server(self, name: str, endpoint: str, tags: Sequence[str] = ()) -> Server:
        """Add a server and begin to connect to it."""
        from mnix_tui import actions

        store, fleet = self._opened()
        known = {each.name for each in await store.servers()}
        server = await actions.add_server(store, name, endpoint, tags=tags)
        self._asked_for.add(name)
        try:
            await fleet.add(server)
        except BaseException:
            if name not in known:  # one that was there before stays
                await store.remove_server(name)
            raise
        return server

    async def check_server(
        self, name: str, tell: TellChecks, *, endpoint: str = ""
    ) -> tuple[Check, ...]:
        """Try everything that a server needs; of one that is there, note what came of it."""
        from mnix_tui.actions.doctor import doctor

        self._asked_for.add(name)
        if endpoint:
            server = Server(name, str(parse_endpoint(endpoint)))
            return (await doctor(server, self._options(), tell)).checks
        report = await doctor(self._opened()[1].link(name).server, self._options(), tell)
        await self._note(report)
        return report.checks

    async def _note(self, report: Report) -> None:
        """Have a server that can be reached tried at once; else note why it can't be."""
        store, fleet = self._opened()
        name, status = report.server.name, report.status(time.time())
        if status is None or status.state is ServerState.ONLINE:
            fleet.mended(name)
            return
        view = next((one for one in self._known.servers if one.server.name == name), None)
        if view is not None and view.status.state is not ServerState.ONLINE:
            with suppress(StoreError):  # it is told all the same
                await store.put_server_status(name, status)

    async def server_log(self, name: str, limit: int = 500) -> list[Ran]:
        """Return what this machine ran on the server, newest first."""
        from mnix_tui.store import audit

        path = self._config.database_path
        found = await asyncio.to_thread(audit.read, path, name, limit)
        return [ran for _, ran in reversed(found)]

    async def purge_server(self, name: str, *, dry_run: bool, force: bool = False) -> Purged:
        """Remove all that is ours from the server, and the server."""
        from mnix_tui.actions import servers

        link = await self._connected(name)
        found = await servers.purge(link, dry_run=dry_run, force=force)
        if not dry_run:
            await self.remove_server(name, forget=True)
        return found

    async def remove_server(self, name: str, *, forget: bool) -> None:
        """Forget a server."""
        from mnix_tui import actions

        store, fleet = self._opened()
        await actions.remove_server(store, name, forget)
        self._forget_settings(name)
        self._asked_for.discard(name)
        await fleet.remove(name)

    async def set_tags(self, name: str, tags: Sequence[str]) -> None:
        """Give a server these tags."""
        store, fleet = self._opened()
        await store.set_tags(name, tags)
        await fleet.refresh()

    async def set_connect(self, name: str, mode: str) -> None:
        """Say when to connect to a server."""
        store, fleet = self._opened()
        await store.set_connect(name, mode)
        await fleet.refresh()

    def want(self, server: str, on: bool) -> None:
        """Say that somebody looks at a server or uses it, or not any more."""
        if self._fleet is not None:
            self._fleet.want(server, on)

    def retry(self, server: str) -> None:
        """Try to reach the server again, now."""
        self._asked_for.add(server)
        if self._fleet is not None:
            self._fleet.retry(server)

    async def bulk(
        self, projects: Sequence[Project], verb: Verb, progress: Progress
    ) -> list[Outcome]:
        """Tell several projects the same."""

        async def rebuild(project: Project) -> None:
            await self.rebuild(project, lambda *_: None)

        tells: dict[Verb, Callable[[Project], Awaitable[None]]]
        tells = {"start": self.start, "stop": self.stop, "rebuild": rebuild}
        return await bulk(projects, tells[verb], verb, progress)
