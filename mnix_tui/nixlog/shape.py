"""Choosing rows of a tree when there is no room for all, and drawing the tree of those again."""

from __future__ import annotations

from collections import Counter

from mnix_tui.nixlog.model import NodeKind, NodeState, Row

_WORDS = {
    NodeState.FAILED: "failed",
    NodeState.RUNNING: "running",
    NodeState.WAITING: "waiting",
    NodeState.INTERRUPTED: "not built",
    NodeState.DONE: "done",
}


def pick(rows: list[Row], room: int) -> tuple[list[int], str]:
    """Return the numbers of at most `room` rows, and in words what is left out.

    What failed and what runs comes first, then what it hangs under, the nearest first, and then
    the rest, as far as there is room.
    """
    above = _parents(rows)
    by_state: dict[NodeState, list[int]] = {state: [] for state in _WORDS}
    for i, row in enumerate(rows):
        if not row.again:
            by_state[row.node.state].append(i)
    urgent = [*by_state[NodeState.FAILED], *by_state[NodeState.RUNNING]][:room]
    chosen = set(urgent)
    ways = urgent
    while ways and len(chosen) < room:
        ways = [up for up in dict.fromkeys(above[i] for i in ways) if up >= 0]
        chosen.update([i for i in ways if i not in chosen][: room - len(chosen)])
    for state in (NodeState.WAITING, NodeState.INTERRUPTED, NodeState.DONE):
        for i in by_state[state]:
            if len(chosen) >= room:
                break
            way = [i] if i not in chosen else []
            while way and (up := above[way[-1]]) >= 0 and up not in chosen:
                way.append(up)
            # No room for all the way up: it stands where it can.
            chosen.update(way if len(chosen) + len(way) <= room else [i])
    left = Counter(
        _WORDS[row.node.state]
        if row.node.kind is NodeKind.BUILD or row.node.state is NodeState.FAILED
        else f"{'downloads' if row.node.kind is NodeKind.DOWNLOAD else 'others'} "
        f"{_WORDS[row.node.state]}"
        for i, row in enumerate(rows)
        if i not in chosen and not row.again
    )
    words = ", ".join(f"{number} more {word}" for word, number in left.most_common())
    return sorted(chosen), words or "more"


def redraw(rows: list[Row], shown: list[int]) -> list[Row]:
    """Return the rows with these numbers as a tree of their own."""
    above = _parents(rows)
    depths: dict[int, int] = {}
    drawn: list[Row] = []
    for i in shown:
        up = above[i]
        while up >= 0 and up not in depths:
            up = above[up]
        depths[i] = depths[up] + 1 if up >= 0 else 0
        drawn.append(rows[i]._replace(depth=depths[i]))
    follows: list[bool] = []
    for i in range(len(drawn) - 1, -1, -1):
        depth = drawn[i].depth
        del follows[depth + 1 :]
        follows += [False] * (depth + 1 - len(follows))
        drawn[i] = drawn[i]._replace(last=not follows[depth], guides=tuple(follows[:depth]))
        follows[depth] = True
    return drawn


def _parents(rows: list[Row]) -> list[int]:
    """Return for each row the number of the row that it hangs under, or -1."""
    path: list[int] = []
    above = []
    for i, row in enumerate(rows):
        del path[row.depth :]
        above.append(path[-1] if path else -1)
        path.append(i)
    return above
