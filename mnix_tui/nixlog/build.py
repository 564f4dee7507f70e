"""All of one rebuild, as a tree: fed by its log's bytes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]

from mnix_tui.nixlog.cutter import Cutter
from mnix_tui.nixlog.estimate import Estimate
from mnix_tui.nixlog.events import Events
from mnix_tui.nixlog.ledger import Ledger
from mnix_tui.nixlog.messages import Messages
from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState, Problem, Row, Summary
from mnix_tui.nixlog.nodes import TAIL_TEXT
from mnix_tui.nixlog.ours import PREFIX as OURS
from mnix_tui.nixlog.ours import Ours
from mnix_tui.nixlog.state import State
from mnix_tui.nixlog.summary import phase_of, summarize
from mnix_tui.nixlog.text import clean, clean_name
from mnix_tui.nixlog.tree import Tree

_NIX = "@nix "
_STEP = "mnix: "
_ERROR = "error:"
_SOON = 32
"""Characters of a line, with its colours, that are searched for it."""
_FAST = '@nix {"action":"result","fields":["'
_AT = len(_FAST)
_MACHINE = re.compile(r'(\],"id":\d+,)"machine":"[^"\\]*",("type":101\})')
_MAX_LEARNT = 4
_SWEEP = 2 << 20
"""Bytes that are fed between two looks at how many lines are kept."""
_BROKEN_OFF = Problem(
    "the rebuild broke off",
    hint="nix was killed, or its server went away. Rebuild: what was finished is kept.",
)
_READ_IT = "Read what nix says; the old environment stays as it is."
_Sink = tuple[Node, Callable[[str], None], str]


class Build:
    """Takes a rebuild's log and knows what is built, what waits, what failed, and how long yet.

    `expected` has the seconds that things took before, by ``Node.expects``. `clock` is asked only
    while the log itself does not say what time it was. Whatever it is fed, it never raises.
    """

    def __init__(
        self,
        *,
        expected: Mapping[str, float] = {},
        clock: Callable[[], float] = time.time,
        tail: int = 200,
    ) -> None:
        self.version = 0
        """Differs when anything that can be seen changed."""
        self.fed = False
        """Anything has come at all."""
        self._clock = clock
        self._cutter = Cutter()
        self._state = State(expected, tail)
        self._ours = Ours(self._state)
        ledger = Ledger(self._state)
        messages = Messages(self._state, ledger)
        self._events = Events(self._state, messages, ledger, self._watch)
        self._sinks: dict[str, _Sink] = {}
        self._learnt: dict[str, list[str]] = {}
        self._tree = Tree(self._state)
        self._estimate = Estimate(self._state)
        self._fed = 0
        self._fallen = ""
        """The first error that nix told before it could speak its own language."""

    @property
    def nodes(self) -> dict[str, Node]:
        """Everything that is built or fetched, by its key."""
        return self._state.nodes.by_key

    @property
    def problems(self) -> list[Problem]:
        """What went wrong, the worst first."""
        return self._state.problems

    @property
    def warnings(self) -> list[str]:
        """nix's warnings, each once, the first ones."""
        return self._state.warnings

    @property
    def phase(self) -> str:
        """What the rebuild is busy with: see `Summary.phase`."""
        return phase_of(self._state)

    @property
    def now(self) -> float:
        """The log's own time."""
        return self._state.now

    def feed(self, data: bytes) -> list[Line]:
        """Take bytes, cut anywhere; return the lines to show that they end."""
        self.fed = self.fed or bool(data)
        self._fed += len(data)
        if self._fed > _SWEEP:
            self._fed = 0
            self._state.nodes.trim()
        return self._take(self._cutter.feed(data))

    def wait(self, seconds: float) -> None:
        """Say that nothing has come for so long, while it goes on: what runs gets older.

        The log itself says what time it is only when something is printed.
        """
        state = self._state
        if not state.ended:
            state.now = state.marked + seconds if state.timed else self._clock()
            self.version += 1

    def end(self) -> list[Line]:
        """Say that the log has ended: what still runs was interrupted."""
        out = self._take(self._cutter.rest())
        state = self._state
        if not state.ended and state.ok is None:
            if self._fallen and not state.problems:
                state.consequence = state.consequence or Problem(self._fallen, hint=_READ_IT)
            if self._events.busy or (state.nodes.waiting() and not self._events.counted):
                state.consequence = state.consequence or _BROKEN_OFF
        state.ended = True
        state.blame_silent()
        if state.consequence and not state.problems:
            state.blame(state.consequence)
        state.whole = state.ok is not False and not state.problems
        for node in self.nodes.values():
            if node.state is NodeState.RUNNING:
                state.nodes.set(node, NodeState.INTERRUPTED, state.now)
            elif node.state is NodeState.WAITING and (state.ok or state.whole):
                # It was in the plan, and was there already when its turn came.
                state.nodes.set(node, NodeState.DONE, state.now)
            elif node.state is NodeState.WAITING:
                state.nodes.set(node, NodeState.INTERRUPTED, state.now)
        self.version += 1
        return out

    def flat(self, line: Line) -> str:
        """Return a line's text as it stands among those of other builds: with its node's name."""
        node = self.nodes.get(line.node) if line.kind == "build" else None
        return f"{node.name}> {line.text}" if node else line.text

    def count(self, kind: NodeKind, state: NodeState) -> int:
        """Return how many nodes of a kind are in a state."""
        return self._state.nodes.counts[kind, state]

    def tree(self) -> list[Row]:
        """Return the rows of the tree, top down; the same list while nothing changed in it."""
        return self._tree.rows()

    def summary(self) -> Summary:
        """Return where the rebuild stands."""
        return summarize(self._state, self._estimate)

    def _take(self, lines: list[str]) -> list[Line]:
        state = self._state
        state.out = out = []
        if not state.timed:
            state.now = self._clock()
            if state.started is None:
                state.started = state.now
        if lines:
            self.version += 1
        rest = iter(lines)
        if self._ours.until is not None:
            self._plain(rest)
        sinks = self._sinks
        for line in rest:
            end = 0
            if line.startswith(_FAST):
                try:
                    text, end = scanstring(line, _AT, True)
                except ValueError:
                    text, end = "", 0
                sink = sinks.get(line[end:])
                if sink is not None:
                    node, keep, key = sink
                    node.lines += 1
                    if text.isprintable() and len(text) <= TAIL_TEXT:
                        keep(text)
                    else:
                        text = clean(text)
                        keep(text[:TAIL_TEXT])
                    out.append(Line("build", text, key))
                    continue
            self._slow(line)
            if end:
                self._learn(line[end:])
            if self._ours.until is not None:
                self._plain(rest)
        state.out = []
        return out

    def _slow(self, line: str) -> None:
        line = line.rstrip("\r")
        if line.startswith(_NIX):
            try:
                event = json.loads(line[len(_NIX) :])
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict) and self._events.take(event):
                return
        elif line.startswith(OURS) and self._ours.take(line):
            return
        elif line.startswith(_STEP):
            text = line[len(_STEP) :]
            kind = "step"
            for each in ("error", "warning"):
                if text.startswith(f"{each}: "):
                    kind = each
            self._state.said = text = clean(text)
            self._state.out.append(Line(kind, text))
            return
        text = clean(line)
        if not self._fallen and _ERROR in text[:_SOON]:
            said = clean_name(text, TAIL_TEXT).strip()
            self._fallen = said.removeprefix(_ERROR).strip() if said.startswith(_ERROR) else ""
        self._state.out.append(Line("text", text))

    def _plain(self, lines: Iterator[str]) -> None:
        """Take lines as text, whatever they look like, until the section ends."""
        for line in lines:
            if line.startswith(OURS) and self._ours.inside(line.rstrip("\r")):
                if self._ours.until is None:
                    return
                continue
            self._state.out.append(Line("text", clean(line)))

    def _learn(self, end: str) -> None:
        """Know the lines of a build also when newer nix says with each from which machine it is."""
        found = _MACHINE.fullmatch(end)
        sink = self._sinks.get(found[1] + found[2]) if found else None
        if found and sink is not None:
            learnt = self._learnt.setdefault(found[1] + found[2], [])
            if len(learnt) < _MAX_LEARNT:
                learnt.append(end)
                self._sinks[end] = sink

    def _watch(self, ident: int, node: Node | None) -> None:
        """Know the lines of a build by their end, or no longer."""
        end = f'],"id":{ident},"type":101}}'
        for each in self._learnt.pop(end, ()):
            self._sinks.pop(each, None)
        if node is None:
            self._sinks.pop(end, None)
        else:
            self._sinks[end] = (node, self._state.nodes.tail(node).append, node.key)
