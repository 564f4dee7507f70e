"""All that ``mnix ls`` shows, read in one go without an event loop, so that it is quick."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.store import prepare, rows

if TYPE_CHECKING:
    from pathlib import Path

    from mnix_tui.domain.projects import ProjectView


@dataclass(frozen=True)
class Listing:
    """What the store knows, at one moment."""

    servers: tuple[tuple[Server, ServerStatus], ...]
    projects: tuple[ProjectView, ...]
    selected: str
    """The selected project's ref, ``name@server``; "" when none is."""
    settings: dict[str, str] = field(default_factory=dict)
    """What ``Store.put_setting`` kept."""


def read(path: Path) -> Listing:
    """Read everything from the database at ``path``, made or migrated if need be."""
    prepare.prepare(path)
    with prepare.translated(path), closing(prepare.connect(path)) as connection:
        connection.execute("BEGIN")
        servers = rows.server_list(connection.execute(rows.SERVERS))
        statuses = {
            row[0]: rows.server_status(row) for row in connection.execute(rows.SERVER_STATUSES)
        }
        found = connection.execute(rows.PROJECTS).fetchall()
        selected = connection.execute(rows.SELECTED).fetchone()
        settings = dict(connection.execute(rows.SETTINGS))
    views = {str(row[0]): rows.project_view(row) for row in found}
    chosen = views.get(selected[0]) if selected else None
    return Listing(
        servers=tuple((server, statuses.get(server.name, ServerStatus())) for server in servers),
        projects=tuple(views.values()),
        selected=chosen.project.ref if chosen else "",
        settings=settings,
    )
