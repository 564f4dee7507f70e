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
_ORDER = tuple(_WORDS)


def pick(rows: list[Row], room: int) -> tuple[list[int], str]:
    """Return the numbers of at most `room` rows, and in words what is left out.

    Failed ones first, then running ones, then the rest; each with as much of what it hangs under
    as there is room for.
    """
    above = _parents(rows)
    chosen: set[int] = set()
    for state in _ORDER:
        mine = [i for i, row in enumerate(rows) if row.node.state is state and not row.again]
        for i in mine:
            if len(chosen) >= room:
                break
            way = [i]
            while (up := above[way[-1]]) >= 0 and up not in chosen:
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
