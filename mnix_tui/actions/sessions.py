"""Opening a shell, or a command on a PTY."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mnix_tui.actions.rebuild import require_id

if TYPE_CHECKING:
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
) -> Job:
    """Start a shell, or ``command``, that outlives the connection; attach to it by ``sessions``.

    ``bare``: outside of the environment. ``term``: the terminal's type, by default ours.
    """
    return await link.agent.open_session(
        require_id(project),
        cols=cols,
        rows=rows,
        name=name,
        argv=command,
        bare=bare,
        term=term or os.environ.get("TERM") or "xterm-256color",
    )
