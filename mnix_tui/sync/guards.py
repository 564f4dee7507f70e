"""What stops a plan before it is carried out: a folder that is suddenly empty, on either side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mnix_tui.domain.sync import Choice
    from mnix_tui.sync.converse import There
    from mnix_tui.sync.local import Local
    from mnix_tui.sync.model import Action, Plan

MANY = 50
"""Files from which on losing most of them at once is asked about."""


def check(plan: Plan, local: Local, there: There | None, *, allow_empty: bool) -> None:
    """Raise ``SyncError`` for a plan that looks like an accident, unless it is ``allow_empty``."""
    if allow_empty or there is None:
        return
    here = local.index.totals()
    _check(plan.delete_there, here[0] + here[1], here[0], f"{local.root} here", "on the server")
    _check(
        plan.delete_here, there.files, there.files, f"the workspace of {local.project.ref}", "here"
    )


def _check(deletions: Sequence[Action], left: int, files_left: int, which: str, where: str) -> None:
    """Judge what would be deleted on one side because ``which`` other one has it no more."""
    if not deletions:
        return
    hint = "if that is meant: --allow-empty"
    if not left:
        raise SyncError(
            f"{which[0].upper()}{which[1:]} is empty",
            f"{len(deletions)} files and folders would be deleted {where}: nothing was done",
            hint,
        )
    gone = sum(each.before is None or each.before.kind != "d" for each in deletions)
    tops = [each.path for each in deletions if "/" not in each.path and _was_folder(each)]
    if gone + files_left >= MANY and gone > files_left and tops:
        shown = ", ".join(tops[:3]) + (" …" if len(tops) > 3 else "")
        raise SyncError(
            f"More than half of the files would be deleted {where}",
            f"{shown} vanished from {which}, with {gone} files: nothing was done",
            hint,
        )


def restricted(plan: Plan, choices: Mapping[str, Choice]) -> Plan:
    """Return only what settles the chosen conflicts."""
    chosen = tuple(choices)
    below = tuple(f"{path}/" for path in chosen)

    def ours(path: str) -> bool:
        return path in choices or path.startswith(below)

    def some(actions: list[Action]) -> list[Action]:
        return [each for each in actions if ours(each.source or each.path) or each.path in copies]

    copies = {each.path for each in plan.fetch if each.source and ours(each.source)}
    return replace(
        plan,
        send=some(plan.send),
        fetch=some(plan.fetch),
        delete_there=_filtered(plan.delete_there, ours),
        delete_here=_filtered(plan.delete_here, ours),
        withheld=some(plan.withheld),
    )


def _filtered(actions: list[Action], ours: Callable[[str], bool]) -> list[Action]:
    return [each for each in actions if ours(each.path)]


def _was_folder(action: Action) -> bool:
    return action.before is not None and action.before.kind == "d"
