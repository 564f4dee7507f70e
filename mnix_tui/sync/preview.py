"""What a synchronisation would do, for people: sizes by folder, what is ignored, what to beware of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.model import FolderSize, Preview
from mnix_tui.sync.reasons import ignored
from mnix_tui.sync.warned import warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.sync.building import Direction
    from mnix_tui.sync.model import Action, Plan
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.index import Index

_FOLDERS = 200
"""Folders that are told apart; the smallest others are not named."""


def preview(
    direction: Direction,
    plan: Plan,
    root: str,
    triples: Mapping[str, Triple],
    notes: Iterable[str] = (),
    *,
    index: Index | None = None,
    refused: str = "",
) -> Preview:
    """Return what ``plan`` would do; ``index`` knows what is ignored below ``root``. Blocks."""
    left_out, left_out_more = ignored(root, index) if index is not None else ((), 0)
    warned, warned_more = warnings(plan, triples, root)
    return Preview(
        direction,
        plan,
        send_folders=by_folder(plan.send),
        fetch_folders=by_folder(plan.fetch),
        ignored=left_out,
        ignored_more=left_out_more,
        warnings=warned,
        warnings_more=warned_more,
        notes=tuple(notes),
        refused=refused,
    )


def by_folder(actions: Iterable[Action]) -> tuple[FolderSize, ...]:
    """Add actions up by folder, two levels deep, the largest first."""
    files: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for action in actions:
        if action.state is not None and action.state.kind == "d":
            continue
        folder = "/".join(action.path.split("/")[:-1][:2])
        files[folder] = files.get(folder, 0) + 1
        sizes[folder] = sizes.get(folder, 0) + action.size
    found = [FolderSize(folder, count, sizes[folder]) for folder, count in files.items()]
    found.sort(key=lambda each: (-each.bytes, -each.files, each.path))
    return tuple(found[:_FOLDERS])
