"""The three states of every path in question: agreed, here, there. And what is remembered of them.

Only paths where the three are not all alike are kept (the *odd* ones); of all others the index of
the folder here says everything. Pure.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from server_agent.protocol.errors import ProtocolError
from server_agent.trees.model import State, from_wire, parent, same, to_wire
from server_agent.trees.packed import ODD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.store.syncing import Odd
    from mnix_tui.sync.converse import There
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.index import Index

    Changes = Mapping[str, tuple[State | None, State | None]]
    Pair = tuple[State | None, State | None]
    """What was last agreed, and what the server has."""


def read_odd(rows: Iterable[Odd]) -> dict[str, Pair]:
    """Return the odd paths as they were kept; what can't be read is asked for again."""
    found = {}
    for path, base, there in rows:
        try:
            found[os.fsdecode(path)] = (_state(base), _state(there))
        except (ProtocolError, ValueError):
            continue
    return found


def write_odd(pairs: Mapping[str, Pair]) -> list[Odd]:
    """Return odd paths as they are kept."""
    return [(os.fsencode(path), _text(base), _text(there)) for path, (base, there) in pairs.items()]


def triples(
    changes: Changes,
    index: Index,
    odd: Mapping[str, Pair],
    there: There,
    *,
    first: str = "",
    elsewhere: bool = False,
) -> tuple[dict[str, Triple], dict[str, Pair]]:
    """Return the states of each path that may need something done, or thought about.

    A side that does not list a path because of its rules, its kind or its rights has not deleted
    it. What is left out there counts as unchanged there. What is left out here is no matter of a
    plan: of that, returned second, only what is remembered goes on, for when it is back.

    ``changes`` is what the scan found here; ``odd`` what was odd before. ``first`` says whose word
    counts when nothing was agreed yet: ``server`` (an older mnix sent what it has), ``nobody``, or
    "" when something was agreed. ``elsewhere``: the folder here is another one than then, so what
    is missing in it was not deleted.
    """
    touched = set(changes)
    touched.update(odd, there.changed, there.gone)
    here_all: dict[str, State | None] = {}
    complete = there.full and not first  # of a first scan, everything is a change
    if complete:
        here_all = dict(index.since(0))
        touched.update(here_all)
    found: dict[str, Triple] = {}
    left: dict[str, Pair] = {}
    for path in touched:
        before, here = _here(path, changes, index, here_all if complete else None)
        base, known = odd.get(path, (before, before))
        if path in there.changed:
            now: State | None = there.changed[path]
        elif path in there.gone or (there.full and not _is_left(there, path)):
            now = None
        else:
            now = known
        if now is not None and not now.value and known is not None:
            now = _digest_stands(now, known)
        if first:
            base = now if first == "server" and here is not None else None
        if here is None and index.leaves_out(path):
            left[path] = (None, None) if now is None else (base, now)
            continue
        if elsewhere and here is None:
            base = None
        found[path] = (base, here, now)
    return found, left


def in_the_way(left: Mapping[str, Pair], index: Index) -> dict[str, int]:
    """Return what stands here in the way of news from there, and of how many paths.

    That is what can't be taken whatever the rules say: a link that leaves the folder, a FIFO.
    """
    found: dict[str, int] = {}
    for path, (base, there) in left.items():
        if there is None or same(base, there):
            continue
        above, item = path, index.find(path)
        while item is None and (above := parent(above)):
            item = index.find(above)
        if item is not None and item.kind == ODD:
            found[above] = found.get(above, 0) + 1
    return found


def _is_left(there: There, path: str) -> bool:
    """Say whether a full listing lacks ``path`` only because it is not taken there."""
    while path and there.left:
        if path in there.left:
            return True
        path = parent(path)
    return False


def split(triples: Mapping[str, Triple]) -> tuple[dict[str, Pair], list[str]]:
    """Return what is to be kept of them: the odd ones, and those that need no word any more."""
    odd: dict[str, Pair] = {}
    even = []
    for path, (base, here, there) in triples.items():
        if same(base, here) and same(base, there):
            even.append(path)
        else:
            odd[path] = (base, there)
    return odd, even


def _here(
    path: str, changes: Changes, index: Index, known: Mapping[str, State | None] | None
) -> Pair:
    """Return what was here when it was last looked at, and what is now."""
    if path in changes:
        return changes[path]
    if known is not None:
        now = known.get(path)
    else:
        item = index.find(path)
        now = item.state if item is not None else None
    return now, now


def _digest_stands(now: State, known: State) -> State:
    """Return what the server has with the digest that is known of it, if it was not touched."""
    untouched = now._replace(value=known.value)
    return untouched if untouched == known else now


def _state(text: str | None) -> State | None:
    return None if text is None else from_wire(json.loads(text))


def _text(state: State | None) -> str | None:
    return None if state is None else json.dumps(to_wire(state), separators=(",", ":"))
