"""The store: one open connection, safe for several tasks here and several processes beside."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiosqlite

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import CONNECT, LOCAL, Server, ServerStatus, parse_tags
from mnix_tui.domain.states import ProjectState
from mnix_tui.domain.text import few
from mnix_tui.errors import AlreadyExists, MnixError, UsageError
from mnix_tui.store import history, prepare, refs, rows, writes
from mnix_tui.store.observing import Observing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path


class Store(Observing):
    """Servers, projects, what was last seen of them, the selection and other small settings.

    ``local`` is always the first server, and never stored. Every method raises ``StoreError``
    when the database can't be read or written.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._writing = asyncio.Lock()
        self.path = path

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Store]:
        """Open the database at ``path``, made or migrated if need be, until the block ends."""
        await asyncio.to_thread(prepare.prepare, path)
        with prepare.translated(path):
            connection = await aiosqlite.connect(
                path, timeout=prepare.BUSY_SECONDS, isolation_level=None
            )
        try:
            with prepare.translated(path):
                await connection.execute("PRAGMA foreign_keys = ON")
            yield cls(connection, path)
        finally:
            await connection.close()

    # Servers

    async def servers(self) -> list[Server]:
        """Return the servers by name, ``local`` first."""
        return rows.server_list(await self._rows(rows.SERVERS))

    async def server(self, name: str) -> Server:
        """Return one server; raise ``NotFound`` with the nearest name."""
        return refs.find_server(await self.servers(), name)

    async def server_statuses(self) -> dict[str, ServerStatus]:
        """Return what was last seen of the servers, by name; those never seen are absent."""
        return {row[0]: rows.server_status(row) for row in await self._rows(rows.SERVER_STATUSES)}

    async def add_server(self, server: Server, replace: bool = False) -> None:
        """Add a server; ``replace`` changes the address of one that is there.

        One that is there keeps its tags, and when it is connected, where ``server`` has none.
        """
        async with self._transaction():
            known = {each.name: each for each in await self.servers()}
            old = known.get(server.name)
            if old and old.endpoint != server.endpoint and (server.is_local or not replace):
                raise AlreadyExists(
                    f"There is a server {server.name!r} already",
                    f"it is {old.endpoint or 'this machine'}",
                    "choose another name" if server.is_local else "add --replace to change it",
                )
            values = (server.name, server.endpoint, " ".join(server.tags), server.connect)
            await self._run(writes.PUT_SERVER, values)
            if old and old.endpoint != server.endpoint:
                await self._run(writes.FORGET_SERVER_STATUS, (server.name,))

    async def set_tags(self, name: str, tags: Iterable[str]) -> Server:
        """Give a server these tags instead of those it has; return it."""
        return await self._change(name, writes.SET_TAGS, " ".join(parse_tags(tags)))

    async def set_connect(self, name: str, connect: str) -> Server:
        """Say when a server is connected, one of ``CONNECT``; return it."""
        if connect not in CONNECT:
            raise UsageError(f"{connect!r} is no way to connect", hint=", ".join(CONNECT))
        return await self._change(name, writes.SET_CONNECT, connect)

    async def _change(self, name: str, statement: str, value: str) -> Server:
        if name == LOCAL:
            raise UsageError("'local' is this machine", "it has no tags, and is always connected")
        async with self._transaction():
            await self.server(name)
            await self._run(statement, (value, name))
            return await self.server(name)

    async def remove_server(self, name: str, forget: bool = False) -> None:
        """Remove a server; one that has projects only with ``forget``, which forgets them too."""
        if name == LOCAL:
            raise UsageError("'local' is this machine", "it can't be removed")
        async with self._transaction():
            await self.server(name)
            theirs = [view.project.name for view in await self.projects(name)]
            if theirs and not forget:
                raise UsageError(
                    f"{name} still has projects",
                    few(theirs),
                    "remove them first (mnix rm), or add --forget (they stay there) or --purge",
                )
            await self._run(writes.FORGET_SELECTION_ON, (name,))
            await self._run("DELETE FROM projects WHERE server = ?", (name,))
            await self._run(writes.FORGET_SERVER_STATUS, (name,))
            await self._run(writes.FORGET_SETTINGS_OF_SERVER, {"name": name})
            await self._run(writes.FORGET_BUILD_TIMES, (name,))
            await self._run("DELETE FROM servers WHERE name = ?", (name,))

    async def put_server_status(self, name: str, status: ServerStatus) -> None:
        """Note what was seen of a server; one that was removed meanwhile is passed over."""
        if name == LOCAL or name in {server.name for server in await self.servers()}:
            values = (name, str(status.state), status.reason, status.hint, status.seen)
            async with self._transaction():
                await self._run(writes.PUT_SERVER_STATUS, values)

    # Projects

    async def projects(self, server: str | None = None) -> list[ProjectView]:
        """Return the projects with what was last seen of them, by server and name."""
        views = (rows.project_view(row) for row in await self._rows(rows.PROJECTS))
        return [view for view in views if server in (None, view.project.server)]

    async def project(self, ref: str, server: str = "") -> ProjectView:
        """Return the project that ``name`` or ``name@server`` means.

        Raises ``NotFound`` with the nearest name, ``UsageError`` when several have the name.
        """
        return refs.find_project(await self.projects(), ref, server)

    async def put_project(self, project: Project) -> None:
        """Add a project, or update the one with its id, else the one with its name.

        An empty folder, id or legacy workspace keeps the one that was known. Raises
        ``AlreadyExists`` when another project of the server has the name.
        """
        async with self._transaction():
            await self._put(project, await self._ids(project.server))

    async def put_projects(self, projects: Iterable[Project]) -> None:
        """Do the same for many at once; one that can't be saved does not keep the others."""
        ids: dict[str, dict[str | tuple[str], int]] = {}
        async with self._transaction():
            for project in projects:
                if project.server not in ids:
                    ids[project.server] = await self._ids(project.server)
                try:
                    await self._put(project, ids[project.server])
                except (MnixError, ValueError, OverflowError):
                    pass

    async def _put(self, project: Project, ids: dict[str | tuple[str], int]) -> None:
        """Add or update a project; ``ids`` says which rows there are, now and then."""
        by_id = ids.get(project.remote_id) if project.remote_id else None
        by_name = ids.get((project.name,))
        if by_id is not None and by_name not in (None, by_id):
            raise AlreadyExists(f"There is a project {project.ref} already")
        number = by_id if by_id is not None else by_name
        statement = writes.ADD_PROJECT if number is None else writes.UPDATE_PROJECT
        added = await self._run(statement, writes.project_values(project, number))
        for key in [key for key, each in ids.items() if each == number]:
            del ids[key]  # what it was called is free for the next one
        row = added if number is None else number
        ids[(project.name,)] = ids[project.remote_id or (project.name,)] = row

    async def put_status(
        self, server: str, statuses: Mapping[str, ProjectStatus], whole: bool = False
    ) -> None:
        """Note what a server said of its projects, by id or by name; strangers are passed over.

        ``whole``: the server named all that it has, so the others are missing there.
        """
        async with self._transaction():
            ids = await self._ids(server)
            seen = {}
            for key, status in statuses.items():
                number = ids.get(key, ids.get((key,)))
                if number is not None:
                    seen[number] = status
            if whole:
                gone = ProjectStatus(ProjectState.MISSING, seen=_latest(statuses.values()))
                seen = {**{n: gone for key, n in ids.items() if isinstance(key, str)}, **seen}
            for number, status in seen.items():
                await self._run(writes.PUT_STATUS, writes.status_values(number, status))

    async def rename_project(self, ref: str, name: str) -> Project:
        """Give a project another name; raise ``AlreadyExists`` when its server has that one."""
        async with self._transaction():
            view = await self.project(ref)
            ids = await self._ids(view.project.server)
            number = ids[(view.project.name,)]
            if ids.get((name,), number) != number:
                raise AlreadyExists(f"There is a project {name}@{view.project.server} already")
            await self._run("UPDATE projects SET name = ? WHERE id = ?", (name, number))
            renamed = (await self.project(f"{name}@{view.project.server}")).project
            if writes.layout_key(renamed) != (old := writes.layout_key(view.project)):
                await self._run(writes.MOVE_LAYOUT, (writes.layout_key(renamed), old))
            return renamed

    async def remove_project(self, ref: str) -> None:
        """Forget a project, and the selection if it was the selected one."""
        async with self._transaction():
            project = (await self.project(ref)).project
            number = (await self._ids(project.server))[(project.name,)]
            await self._run(
                "DELETE FROM settings WHERE key = 'selected' AND value = ?", (str(number),)
            )
            await self._run(writes.FORGET_LAYOUT, (writes.layout_key(project),))
            await self._run("DELETE FROM projects WHERE id = ?", (number,))

    # The selection, and other small settings

    async def selected(self) -> ProjectView | None:
        """Return the selected project, if any."""
        chosen = await self._rows(rows.SELECTED)
        if not chosen:
            return None
        found = await self._rows(rows.PROJECTS)
        return next((rows.project_view(row) for row in found if str(row[0]) == chosen[0][0]), None)

    async def select(self, ref: str, server: str = "") -> Project:
        """Select the project that commands mean when none is named."""
        async with self._transaction():
            project = (await self.project(ref, server)).project
            number = (await self._ids(project.server))[(project.name,)]
            await self._run(writes.PUT_SETTING, ("selected", str(number)))
            return project

    async def setting(self, key: str) -> str | None:
        """Return what was put under ``key``, such as the screen's last layout."""
        found = await self._rows("SELECT value FROM settings WHERE key = ?", (f"ui.{key}",))
        return found[0][0] if found else None

    async def put_setting(self, key: str, value: str) -> None:
        """Keep a small text under ``key``."""
        async with self._transaction():
            await self._run(writes.PUT_SETTING, (f"ui.{key}", value))

    # How long things took to build

    async def build_times(self, server: str) -> dict[str, float]:
        """Return how many seconds things took on a server: the median of the last few times."""
        return history.medians(await self._rows(rows.BUILD_TIMES, (server,)))

    async def put_build_times(self, server: str, times: Mapping[str, float], job: str = "") -> None:
        """Remember how long things took in the rebuild ``job``; twice the same counts once."""
        if not (kept := history.to_keep(server, times, job)):
            return
        async with self._transaction():
            await self._run_all(writes.PUT_BUILD_TIME, kept)
            await self._run(writes.FORGET_OLD_BUILD_TIMES, {"server": server, "last": history.LAST})
            await self._run(
                writes.FORGET_RARE_BUILD_TIMES, {"server": server, "most": history.MOST}
            )

    # How it is done

    async def _ids(self, server: str) -> dict[str | tuple[str], int]:
        """Return a server's rows by the projects' ids, and by their names as 1-tuples."""
        ids: dict[str | tuple[str], int] = {}
        for number, name, remote_id in await self._rows(rows.IDS, (server,)):
            ids[(name,)] = number
            if remote_id:
                ids[remote_id] = number
        return ids

    async def _rows(self, query: str, values: Iterable[Any] = ()) -> list[rows.Row]:
        with prepare.translated(self.path):
            return [tuple(row) for row in await self._connection.execute_fetchall(query, values)]

    async def _run(self, statement: str, values: Iterable[Any] | Mapping[str, Any] = ()) -> int:
        """Run a statement; return the row that an INSERT added."""
        with prepare.translated(self.path):
            cursor = await self._connection.execute(statement, values)
            row = cursor.lastrowid or 0
            await cursor.close()
            return row

    async def _run_all(self, statement: str, values: Iterable[Any]) -> None:
        with prepare.translated(self.path):
            await (await self._connection.executemany(statement, values)).close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """Hold the database for writing: against our other tasks, and other processes."""
        async with self._writing:
            try:
                await self._run("BEGIN IMMEDIATE")
                yield
                await self._run("COMMIT")
                self._writes += 1
            except BaseException:
                # A cancelled statement still runs in the connection's thread. What is sent after
                # it comes after it there: so this ends whatever it has begun.
                await asyncio.shield(self._roll_back())
                raise

    async def _roll_back(self) -> None:
        try:
            await self._connection.rollback()
        except sqlite3.Error:
            pass  # the error that led here says more


def _latest(statuses: Iterable[ProjectStatus]) -> float:
    import time

    return max((status.seen for status in statuses if status.seen), default=time.time())
