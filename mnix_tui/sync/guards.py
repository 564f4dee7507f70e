"""What stops a plan before it is carried out: a folder that is suddenly empty, on either side."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.domain.text import plain
from mnix_tui.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mnix_tui.domain.sync import Choice
    from mnix_tui.sync.converse import There
    from mnix_tui.sync.local import Local
    from mnix_tui.sync.model import Action, Plan

MANY = 50
"""Files from which on losing most of them at once is asked about."""


def refusal(
    plan: Plan, local: Local, there: There | None, *, allow_empty: bool
) -> SyncError | None:
    """Return what ``check`` raises, with the command that says it is meant."""
    try:
        check(plan, local, there, allow_empty=allow_empty)
    except SyncError as error:
        verb = "push" if plan.delete_there else "pull"
        name = shlex.quote(plain(local.project.ref))
        hint = f"if that is meant: mnix {verb} --allow-empty --project {name}"
        return SyncError(error.title, error.detail, hint)
    return None


def said(error: SyncError | None) -> str:
    """Return a refusal as one line; "": there is none."""
    if error is None:
        return ""
    return f"{error.title}: {error.detail.removesuffix(': nothing was done')}"


def check(plan: Plan, local: Local, there: There | None, *, allow_empty: bool) -> None:
    """Raise ``SyncError`` for a plan that looks like an accident, unless it is ``allow_empty``."""
    if allow_empty or there is None:
        return
    here = local.index.totals()
    _check(plan.delete_there, here[0] + here[1], here[0], f"{local.root} here", "on the server")
    if not plan.delete_here:
        return
    # By what we know of it ourselves: its own count could be anything.
    if there.full:
        known = sum(each.kind != "d" for each in there.changed.values())
    else:
        known = here[0] - _files(plan.delete_here)
        known += sum(each.before is None and not _is_folder(each) for each in plan.fetch)
    left = min(there.files, known)
    _check(plan.delete_here, left, left, f"the workspace of {local.project.ref}", "here")


def check_room(plan: Plan, local: Local, there: There | None) -> None:
    """Raise ``SyncError`` for a plan that brings more than there is room for, on either side."""
    totals = plan.totals()
    if there is not None and there.free is not None and totals.send_bytes > there.free:
        raise SyncError(
            f"{local.project.server}: not enough room",
            f"{totals.send_bytes >> 20} MiB are to be sent, {there.free >> 20} MiB are free",
            "make room on the server, or ignore what is not needed there",
        )
    if totals.fetch_bytes:
        free = shutil.disk_usage(local.root).free
        if totals.fetch_bytes > free:
            raise SyncError(
                "Not enough room here",
                f"{totals.fetch_bytes >> 20} MiB are to come, {free >> 20} MiB are free",
                "make room on this disk",
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
    gone = _files(deletions)
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


def _files(deletions: Iterable[Action]) -> int:
    return sum(not _was_folder(each) for each in deletions)


def _is_folder(action: Action) -> bool:
    return action.state is not None and action.state.kind == "d"


def _was_folder(action: Action) -> bool:
    return action.before is not None and action.before.kind == "d"
