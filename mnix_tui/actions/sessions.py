"""Opening a shell, or a command on a PTY; finding one again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project


async def open_session(
    link: ActionLink,
    project: Project,
    *,
    cols: int,
    rows: int,
    command: list[str] | None = None,
    name: str | None = None,
    bare: bool = False,
    term: str | None = None,
    piped: bool = False,
) -> Job:
    """Start a shell, or ``command``, that outlives the connection; attach to it by ``sessions``.

    ``bare``: outside of the environment. ``term``: the terminal's type, by default ours.
    ``piped``: stdin is what an attachment that is piped too sends, and no terminal. A ``name``
    that a running session of the project has already raises ``AlreadyExists``.
    """
    return await link.agent.open_session(
        require_id(project),
        cols=cols,
        rows=rows,
        name=name,
        argv=command,
        bare=bare,
        term=term or os.environ.get("TERM") or "xterm-256color",
        piped=piped,
    )


def find_session(jobs: Sequence[Job], wanted: str, *, prefer: str = "", titles: bool = True) -> Job:
    """Return the running session that is called ``wanted``, or has that id.

    Without ``wanted``: the one that was used last. ``prefer`` is the id of a project whose
    sessions come first; without ``titles`` what a program calls its window is no name. Raises
    ``NotFound``, and ``UsageError`` where several have the name.
    """
    running = [job for job in jobs if job.live and job.kind == "session"]
    mine = [job for job in running if job.project_id == prefer]
    if not wanted:
        if not running:
            raise NotFound("No session runs there", hint="mnix shell opens one")
        return max(mine or running, key=lambda job: (max(job.active, job.started), job.id))
    for several in (mine, running):
        for key in ("id", "name", "title") if titles else ("id", "name"):
            found = [job for job in several if getattr(job, key) == wanted]
            if len(found) > 1:
                ids = ", ".join(job.id for job in found)
                raise UsageError(f"Several sessions are called {wanted!r}", ids, "name one by id")
            if found:
                return found[0]
    listed = ", ".join(job.name or job.id for job in running)
    raise NotFound(
        f"There is no session {wanted!r}",
        f"there are: {listed}" if listed else "none runs there",
        "mnix sessions lists them",
    )
