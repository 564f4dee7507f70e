"""How the shells of one tab share its room: a tree of splits, as pure functions over it.

A stacked split has no line of its own between its halves: each pane of a split tab has a title
line, and the lower one's is the line between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

Way = Literal["left", "right", "up", "down"]

MIN_COLS = 10
MIN_ROWS = 3
"""The least that a pane is resized to, its title included."""
MAX_DEPTH = 6
"""Splits inside each other at most: beyond that no pane could be read."""


class Box(NamedTuple):
    """A part of the room, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Leaf:
    """One shell."""

    job: str


@dataclass(frozen=True)
class Split:
    """Two halves, side by side (``beside``) or stacked."""

    beside: bool
    first: Leaf | Split
    second: Leaf | Split
    share: float = 0.5
    """The first half's part of the room."""


@dataclass(frozen=True)
class Divider:
    """The line between two halves; ``path`` leads to their split."""

    box: Box
    path: tuple[int, ...]
    beside: bool


def jobs(node: Leaf | Split) -> tuple[str, ...]:
    """Return the shells, from the top left on."""
    if isinstance(node, Leaf):
        return (node.job,)
    return (*jobs(node.first), *jobs(node.second))


def split(node: Leaf | Split, job: str, new: str, *, beside: bool) -> Leaf | Split:
    """Give half of the room of ``job`` to ``new``."""
    if isinstance(node, Leaf):
        return Split(beside, node, Leaf(new)) if node.job == job else node
    return replace(
        node,
        first=split(node.first, job, new, beside=beside),
        second=split(node.second, job, new, beside=beside),
    )


def keep(node: Leaf | Split, known: Container[str]) -> Leaf | Split | None:
    """Leave out what is not ``known``: its room goes to the other half."""
    if isinstance(node, Leaf):
        return node if node.job in known else None
    first, second = keep(node.first, known), keep(node.second, known)
    if first is None or second is None:
        return first or second
    return replace(node, first=first, second=second)


def without(node: Leaf | Split, job: str) -> Leaf | Split | None:
    """Leave out one shell."""
    return keep(node, set(jobs(node)) - {job})


def depth(node: Leaf | Split) -> int:
    """Return how many splits are inside each other."""
    return 0 if isinstance(node, Leaf) else 1 + max(depth(node.first), depth(node.second))


def place(
    node: Leaf | Split, room: Box, path: tuple[int, ...] = ()
) -> tuple[dict[str, Box], list[Divider]]:
    """Return where each shell goes, and the lines between them."""
    if isinstance(node, Leaf):
        return {node.job: room}, []
    one, line, two = _halves(node, room)
    boxes, dividers = place(node.first, one, (*path, 0))
    more, others = place(node.second, two, (*path, 1))
    return {**boxes, **more}, [Divider(line, path, node.beside), *dividers, *others]


def _halves(node: Split, room: Box) -> tuple[Box, Box, Box]:
    x, y, width, height = room
    first = _clamped(node, _whole(node, room) * node.share, room)
    if node.beside:
        rest = max(width - 1 - first, 0)
        line = Box(x + first, y, 1, height)
        return Box(x, y, first, height), line, Box(x + first + 1, y, rest, height)
    lower = Box(x, y + first, width, max(height - first, 0))
    return Box(x, y, width, first), lower._replace(height=1), lower


def _whole(node: Split, room: Box) -> int:
    return max(room.width - 1, 0) if node.beside else room.height


def _clamped(node: Split, wanted: float, room: Box) -> int:
    """Return a first half's size that leaves both halves what they need, if there is so much."""
    whole = _whole(node, room)
    one, two = (_least(half, beside=node.beside) for half in (node.first, node.second))
    if one + two > whole:
        return whole * one // (one + two)
    return max(min(round(wanted), whole - two), one)


def _least(node: Leaf | Split, *, beside: bool) -> int:
    if isinstance(node, Leaf):
        return MIN_COLS if beside else MIN_ROWS
    one, two = (_least(half, beside=beside) for half in (node.first, node.second))
    return (one + two + beside) if node.beside == beside else max(one, two)


def has_room(box: Box, *, beside: bool) -> bool:
    """Say whether a pane can be split without its halves getting too small."""
    if beside:
        return box.width >= 2 * MIN_COLS + 1
    return box.height >= 2 * MIN_ROWS


def neighbour(boxes: dict[str, Box], job: str, way: Way) -> str:
    """Return the nearest shell on that side; "" where there is none."""
    here = boxes.get(job)
    if here is None:
        return ""
    found = []
    for other, box in boxes.items():
        if other == job:
            continue
        if way in ("left", "right"):
            gap = here.x - box.x - box.width if way == "left" else box.x - here.x - here.width
            aside = abs(2 * box.y + box.height - 2 * here.y - here.height)
            touches = box.y < here.y + here.height and here.y < box.y + box.height
        else:
            gap = here.y - box.y - box.height if way == "up" else box.y - here.y - here.height
            aside = abs(2 * box.x + box.width - 2 * here.x - here.width)
            touches = box.x < here.x + here.width and here.x < box.x + box.width
        if gap >= 0 and touches:
            found.append((gap, aside, other))
    return min(found)[2] if found else ""


def push(node: Leaf | Split, room: Box, job: str, way: Way, by: int) -> Leaf | Split:
    """Move the line nearest to ``job`` that can go that way, by ``by`` cells."""
    path = _nearest(node, job, beside=way in ("left", "right"))
    if path is None:
        return node
    divider = next(one for one in place(node, room)[1] if one.path == path)
    at = divider.box.x if divider.beside else divider.box.y
    return drag(node, room, path, at + (by if way in ("right", "down") else -by))


def _nearest(
    node: Leaf | Split, job: str, *, beside: bool, path: tuple[int, ...] = ()
) -> tuple[int, ...] | None:
    if isinstance(node, Leaf):
        return None
    for number, half in enumerate((node.first, node.second)):
        if job in jobs(half):
            inner = _nearest(half, job, beside=beside, path=(*path, number))
            return inner if inner is not None else (path if node.beside == beside else None)
    return None


def drag(node: Leaf | Split, room: Box, path: tuple[int, ...], to: int) -> Leaf | Split:
    """Move the line of the split at ``path`` to a column (or row) of ``room``'s frame."""
    if isinstance(node, Leaf):
        return node
    if not path:
        first = _clamped(node, to - (room.x if node.beside else room.y), room)
        return replace(node, share=first / max(_whole(node, room), 1))
    one, _, two = _halves(node, room)
    if path[0] == 0:
        return replace(node, first=drag(node.first, one, path[1:], to))
    return replace(node, second=drag(node.second, two, path[1:], to))


def to_json(node: Leaf | Split) -> Any:
    """Return what ``from_json`` understands."""
    if isinstance(node, Leaf):
        return node.job
    return {
        "beside": node.beside,
        "share": round(node.share, 4),
        "first": to_json(node.first),
        "second": to_json(node.second),
    }


def from_json(said: Any, level: int = 0) -> Leaf | Split | None:
    """Return the tree, as much of it as can be understood; ``None`` for nothing at all."""
    if isinstance(said, str) and said:
        return Leaf(said)
    if not isinstance(said, dict) or level >= MAX_DEPTH:
        return None
    first = from_json(said.get("first"), level + 1)
    second = from_json(said.get("second"), level + 1)
    if first is None or second is None or set(jobs(first)) & set(jobs(second)):
        return first or second
    share = said.get("share")
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        share = 0.5
    return Split(bool(said.get("beside")), first, second, float(share))
