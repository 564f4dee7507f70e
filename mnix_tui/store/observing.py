"""Noting what was seen of many servers at once: one transaction, however many there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.servers import LOCAL
from mnix_tui.store import writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from mnix_tui.domain.projects import ProjectStatus
    from mnix_tui.domain.servers import ServerStatus
    from mnix_tui.store.rows import Row

Observed = tuple["ServerStatus", "Mapping[str, ProjectStatus]"]
"""A server's status, and those of its projects by their id or name."""

_IDS = "SELECT ifnull(server, 'local'), id, name, remote_id FROM projects"
_KNOWN = "SELECT name FROM servers"
_NOT_AHEAD = "seen <= CAST(strftime('%s', 'now') AS REAL) + 60"
"""What a clock that was wrong wrote is not newer than everything for ever."""
_SERVER_SEEN = f"""
    UPDATE server_status SET seen = :seen WHERE server = :server
    AND NOT ifnull(seen > :seen AND {_NOT_AHEAD}, 0)
"""  # noqa: S608
_PROJECTS_SEEN = f"""
    UPDATE project_status SET seen = :seen WHERE project IN (
        SELECT id FROM projects WHERE ifnull(server, 'local') = :server AND remote_id != ''
    ) AND NOT ifnull(seen > :seen AND {_NOT_AHEAD}, 0)
"""  # noqa: S608
_KEEPING = """
    WHERE NOT ifnull({table}.seen > ifnull(excluded.seen, 0) AND {table}.{not_ahead}, 0)
"""
"""Another process may have seen it later, and a fleet that lost a server still tells of it."""
_PUT_SERVER_STATUS = writes.PUT_SERVER_STATUS + _KEEPING.format(
    table="server_status", not_ahead=_NOT_AHEAD
)
_PUT_STATUS = writes.PUT_STATUS + _KEEPING.format(table="project_status", not_ahead=_NOT_AHEAD)


class Observing(ABC):
    """The part of the store that the fleet writes to all the time."""

    _writes = 0
    """How often this process has written."""

    @abstractmethod
    def _transaction(self) -> AbstractAsyncContextManager[None]: ...

    @abstractmethod
    async def _rows(self, query: str, values: Iterable[Any] = ()) -> list[Row]: ...

    @abstractmethod
    async def _run_all(self, statement: str, values: Iterable[Any]) -> None: ...

    async def put_observed(self, observed: Mapping[str, Observed]) -> None:
        """Note what was seen of servers and their projects; strangers are passed over.

        What the store has of a later sight stays.
        """
        async with self._transaction():
            names = {LOCAL, *(row[0] for row in await self._rows(_KNOWN))}
            ids: dict[tuple[str, str, bool], int] = {}
            for server, number, name, remote_id in await self._rows(_IDS):
                ids[server, name, False] = number
                if remote_id:
                    ids[server, remote_id, True] = number
            known = {name: each for name, each in observed.items() if name in names}
            await self._run_all(
                _PUT_SERVER_STATUS,
                [
                    (name, str(status.state), status.reason, status.hint, status.seen)
                    for name, (status, _) in known.items()
                ],
            )
            found = {}
            for server, (_, statuses) in known.items():
                for key, status in statuses.items():
                    number = ids.get((server, key, True), ids.get((server, key, False)))
                    if number is not None:
                        found[number] = writes.status_values(number, status)
            await self._run_all(_PUT_STATUS, found.values())

    async def put_seen(self, seen: Mapping[str, float]) -> None:
        """Note that servers, and what was known of their projects, still are as they were."""
        values = [{"server": name, "seen": when} for name, when in seen.items()]
        async with self._transaction():
            await self._run_all(_SERVER_SEEN, values)
            await self._run_all(_PROJECTS_SEEN, values)

    async def version(self) -> tuple[int, int]:
        """Return what differs after any write that succeeded, by this process or another one."""
        ((theirs,),) = await self._rows("PRAGMA data_version")
        return int(theirs), self._writes
