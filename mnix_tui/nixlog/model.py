"""What a rebuild's log is made into: nodes of a tree, lines, problems and a summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.nixlog.text import plain

if TYPE_CHECKING:
    from collections import deque


class NodeKind(Enum):
    """What a node of the tree does."""

    # Enum's own is written in Python, and these are looked up thousands of times for each tree.
    __hash__ = object.__hash__

    BUILD = "build"
    """A derivation that is built."""
    DOWNLOAD = "download"
    """A store path that comes from a substituter or another store."""
    FETCH = "fetch"
    """A source or a flake's input that nix itself fetches."""
    OTHER = "other"
    """Anything else worth a row: a post-build hook."""


class NodeState(Enum):
    """How far a node is."""

    __hash__ = object.__hash__

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Stopped before its end, or never begun because something else failed."""


@dataclass(slots=True, eq=False)
class Node:
    """One thing that is built or fetched. It changes while the log is fed: read, don't keep."""

    key: str
    """The derivation's or the store path; for a fetch what is fetched."""
    name: str
    """For people, cleaned: ``hello-2.12``."""
    kind: NodeKind
    state: NodeState = NodeState.WAITING
    started: float | None = None
    """Unix seconds, in the log's own time."""
    ended: float | None = None
    phase: str = ""
    """As the builder calls it: ``buildPhase``."""
    done: int = 0
    """Bytes that have come."""
    total: int = 0
    """Bytes in all; 0 when nobody said."""
    expected: float | None = None
    """Seconds that it took in earlier builds."""
    expects: str = ""
    """Its key in the history of durations: the name without hash and version."""
    inputs: list[str] = field(default_factory=list)
    """Keys of the nodes that it needs."""
    lines: int = 0
    """How many lines its builder printed."""
    tail: deque[str] | tuple[str, ...] = ()
    """The last of them (long ones cut; of finished builds fewer are kept when there are many)."""
    machine: str = ""
    """Where it is built, if not on the server itself."""
    error: str = ""
    """Why it failed, in a few words."""

    def seconds(self, now: float) -> float:
        """Return how long it has run, or ran."""
        if self.started is None:
            return 0.0
        return max(0.0, (now if self.ended is None else self.ended) - self.started)


class Line(NamedTuple):
    """One line to show. (A tuple: a million of them are made in a second.)"""

    kind: str
    """``step`` (of the rebuild itself), ``message``, ``warning``, ``error``, ``build``, ``text``."""
    text: str
    """Without its end; colours are left in, whatever else moves a terminal is not."""
    node: str = ""
    """Key of the node that said it."""

    @property
    def plain(self) -> str:
        """The text without colours."""
        return plain(self.text)


class Row(NamedTuple):
    """A row of the tree, to be drawn under the one before it."""

    node: Node
    depth: int
    last: bool
    """Nothing of its own depth follows under the same parent."""
    guides: tuple[bool, ...]
    """For every depth above its own: whether a line runs past it to something further down."""
    hidden: int
    """How many nodes below it are not listed here, because it stands in full elsewhere; else 0."""
    again: bool = False
    """The node stands in full in another row."""


@dataclass(frozen=True)
class Problem:
    """Something that went wrong, and what to do."""

    title: str
    lines: tuple[str, ...] = ()
    """The last lines of the failed builder, or the evaluator's trace."""
    node_key: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""


@dataclass(frozen=True)
class Summary:
    """Where a rebuild stands, small enough to be passed around."""

    phase: str = "prepare"
    """``prepare``, ``evaluate``, ``build``, ``download``, ``warm-up``, ``switch``, ``done``, ``failed``."""
    what: str = ""
    """What is being done right now, in a few words."""
    builds_done: int = 0
    builds_running: int = 0
    builds_waiting: int = 0
    builds_failed: int = 0
    downloads_done: int = 0
    downloads_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    fraction: float | None = None
    """0 to 1; None while nobody can know."""
    eta: float | None = None
    """Seconds that it will take yet; None rather than a lie."""
    started: float | None = None
    now: float = 0.0
    errors: int = 0
    warnings: int = 0
    generation: int | None = None
    """The environment's number that came of it."""
    ok: bool | None = None
    """None: not decided yet."""
    changed: bool | None = None
    """Whether the environment is another one now; None: not decided, or nobody said."""
