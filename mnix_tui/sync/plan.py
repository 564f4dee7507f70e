"""What has to be done so that both sides agree again, and nothing on either is lost. Pure.

For each path there are three states: what was last agreed (*base*), what is here, and what is on
the server. What only one side changed goes the way that was asked for, or is kept as it is. What
both changed is a conflict, and nothing of it is touched. What one deleted and the other changed
survives. A folder with something left in it is never deleted.

Paths that are the same everywhere need not be given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.beside import Beside
from mnix_tui.sync.building import Builder, Choice, Direction
from mnix_tui.sync.clashes import settle_clash
from mnix_tui.sync.folders import Folders
from mnix_tui.sync.gitdirs import GIT, unit_of
from mnix_tui.sync.model import Action, Conflict, Plan
from mnix_tui.sync.units import Unit
from mnix_tui.sync.verdicts import (
    Verdict,
    alike,
    clashes,
    folder_of,
    is_folder,
    is_rules,
    judge,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import State

__all__ = ["Action", "Choice", "Conflict", "Direction", "Plan", "plan", "settled"]


def plan(
    triples: Mapping[str, Triple],
    direction: Direction = "push",
    choices: Mapping[str, Choice] | None = None,
    *,
    server: str = "",
    stamp: str = "",
) -> Plan:
    """Return what to do about ``triples``: base, here and there by path.

    ``choices`` settles conflicts by their paths, whatever the direction. ``server`` and ``stamp``
    (YYYYMMDD-HHMMSS) name the server's copy where both are chosen. With ``plan.unknown`` not
    empty, ask for those digests and plan again; what is still unknown then is left as it is.
    """
    builder = Builder(triples, direction, choices or {})
    beside = Beside(triples, server, stamp)
    for path in builder.paths:
        _, here, there = triples[path]
        if here is None or there is None or not clashes(here, there):
            continue
        if path not in builder.done and unit_of(path) in ("", path):
            settle_clash(builder, path, beside.name)
    units = _units(builder, beside.label)
    folders: list[str] = []
    for path in builder.paths:
        if path in builder.done:
            continue
        _, here, there = triples[path]
        if is_folder(here) or is_folder(there):
            folders.append(path)
        else:
            _settle(builder, path, beside)
    Folders(builder, units).settle(folders)
    _postpone(builder.plan, triples)
    return builder.finish()


def settled(plan: Plan, triples: Mapping[str, Triple]) -> dict[str, State | None]:
    """Return what is agreed from now on, by path, once all of ``plan`` was done.

    Leave out what was skipped after all.
    """
    moved: dict[str, State | None] = {}
    for path in plan.agreed:
        moved[path] = triples[path][1]
    for actions in (plan.delete_there, plan.delete_here, plan.fetch, plan.send):
        for action in actions:
            moved[action.path] = action.state
    return moved


def _postpone(found: Plan, triples: Mapping[str, Triple]) -> None:
    """Delete nothing here by rules that changed there, until they are the same here.

    What an agent's rules leave out by now may look as if it had been deleted there. Once they are
    here, too, the next look tells one from the other.
    """
    if not found.delete_here:
        return
    folders = {
        folder_of(path)
        for path, (base, here, there) in triples.items()
        if is_rules(path) and not alike(here, there) and not alike(base, there)
    }
    if not folders:
        return
    kept: list[Action] = []
    for action in found.delete_here:
        folder = action.path.rpartition("/")[0]
        under = any(not each or f"{folder}/".startswith(f"{each}/") for each in folders)
        # No rule is about what is in a repository's own folder.
        late = under and not is_rules(action.path) and not unit_of(action.path)
        (found.postponed if late else kept).append(action)
    found.delete_here[:] = kept


def _units(builder: Builder, label: str) -> dict[str, Unit]:
    """Plan every repository's ``.git`` folder."""
    members: dict[str, list[str]] = {}
    for path in builder.paths:
        if GIT in path and path not in builder.done and (root := unit_of(path)):
            members.setdefault(root, []).append(path)
    units: dict[str, Unit] = {}
    for root, paths in members.items():
        states = builder.triples.get(root)
        if states is not None and not any(is_folder(state) for state in states[1:]):
            continue  # a .git that is a file, or that is gone on both sides
        units[root] = Unit(root, paths, builder, label)
        units[root].plan()
    return units


def _settle(builder: Builder, path: str, beside: Beside) -> None:
    """Decide what becomes of a file or a link."""
    verdict = judge(*builder.triples[path])
    if verdict is Verdict.AGREED:
        builder.settle(path)
    elif verdict is Verdict.UNKNOWN:
        builder.ask([path])
    elif verdict is Verdict.HERE:
        if builder.sends:
            builder.to_there(path)
        else:
            builder.keep(path, there=False)
    elif verdict is Verdict.THERE:
        if builder.fetches:
            builder.to_here(path)
        else:
            builder.keep(path, there=True)
    elif verdict is Verdict.BOTH:
        choice = builder.choices.get(path)
        if choice is None:
            builder.conflict(path, "changed")
        elif choice == "there":
            builder.to_here(path)
        else:
            if choice == "both":
                builder.copy(path, beside.name(path))
            builder.to_there(path)
