"""Looking at a project's generations, and making room where nothing needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.generations import Collected, Generation, GenerationDiff
    from mnix_tui.domain.projects import Project


async def generations(link: ActionLink, project: Project) -> list[Generation]:
    """Return a project's generations, newest first."""
    return await link.agent.generations(require_id(project))


async def diff(
    link: ActionLink, project: Project, a: int | None = None, b: int | None = None
) -> GenerationDiff:
    """Compare two generations; ``b`` is the current one if not given, ``a`` the one before ``b``.

    Raises ``NotFound`` when there is none of that number, or none before.
    """
    if a is None or b is None:
        found = await generations(link, project)
        if b is None:
            b = next((one.number for one in found if one.current), None)
        if b is not None and a is None:
            a = next((one.number for one in found if one.number < b), None)
    if a is None or b is None:
        raise NotFound(
            f"{project.name} has no two generations to compare",
            "each rebuild that changes something makes one",
            "mnix generations lists them",
        )
    return await link.agent.diff(require_id(project), a, b)


async def gc(link: ActionLink, project: Project) -> Collected:
    """Collect what nothing needs in the store that a project uses; its generations stay."""
    return await link.agent.gc(require_id(project))
