"""What nix says in its internal-json log: activities, their results, and messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.arrivals import Arrivals
from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState
from mnix_tui.nixlog.nodes import TAIL_TEXT
from mnix_tui.nixlog.text import clean, clean_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.nixlog.ledger import Ledger
    from mnix_tui.nixlog.messages import Messages
    from mnix_tui.nixlog.state import State

MAX_ACTIVITIES = 65_536
COPY_PATH, FILE_TRANSFER, REALISE, COPY_PATHS, BUILDS, BUILD = 100, 101, 102, 103, 104, 105
SUBSTITUTE, QUERY, HOOK, BUILD_WAITING, FETCH_TREE = 108, 109, 110, 111, 112
BUILD_LINE, SET_PHASE, PROGRESS, SET_EXPECTED, POST_BUILD_LINE = 101, 104, 105, 106, 107
_INFO, _TALKATIVE = 3, 4
_HUGE = 1 << 62
_DRV = re.compile(r"(?<![^\s'\"])(/[^\s'\"!^*]+\.drv)\b")
_AWAY = re.compile(r"(?!(?:local|daemon|auto|unix)\b)[A-Za-z][\w.+-]*:")
"""Another store than the server's own: what is copied there does not come."""
_NOT_NODES = (".narinfo", "/nix-cache-info", ".nar", ".nar.xz", ".nar.zst", ".nar.bz2", ".nar.br")


class Activity:
    """One activity that nix has begun and not stopped."""

    __slots__ = ("away", "bytes", "counted", "done", "failed", "kind", "node")

    def __init__(self, kind: int, node: Node | None) -> None:
        self.kind = kind
        self.node = node
        self.done = self.failed = 0
        self.away = self.counted = False
        self.bytes = 0
        """How many bytes it said to copy, while nobody knows whether here or away."""


class Events:
    """Reads nix's events. `watch` is told which builds print lines, and which no longer do."""

    def __init__(
        self,
        state: State,
        messages: Messages,
        ledger: Ledger,
        watch: Callable[[int, Node | None], None],
    ) -> None:
        self._state = state
        self._messages = messages
        self._ledger = ledger
        self._watch = watch
        self._activities: dict[int, Activity] = {}
        self._open: dict[str, int] = {}
        """How many activities a node has: a substitution is one, and the copy in it another."""
        self._arrivals = Arrivals(state)

    @property
    def busy(self) -> bool:
        """Whether nix is at something that it has not said the end of."""
        return bool(self._activities)

    @property
    def counted(self) -> bool:
        """Whether nix has begun to build, and not only told what it would."""
        return self._ledger.counted

    def take(self, event: dict[str, Any]) -> bool:
        """Take an event; False when it is none."""
        action = event.get("action")
        if action == "msg":
            return self._messages.take(event)
        ident = event.get("id")
        if type(ident) is not int:
            return False
        if action == "result":
            return self._result(ident, event)
        if action == "start":
            self._start(ident, event)
        elif action == "stop":
            self._stop(ident)
        else:
            return False
        return True

    def _start(self, ident: int, event: dict[str, Any]) -> None:
        if ident in self._activities:
            self._stop(ident)
        if len(self._activities) >= MAX_ACTIVITIES:
            return
        kind, text, fields = event.get("type"), event.get("text"), event.get("fields")
        kind = kind if type(kind) is int else 0
        text = clean(text) if isinstance(text, str) else ""
        words = (
            [each if isinstance(each, str) else "" for each in fields[:4]]
            if isinstance(fields, list)
            else []
        )
        parent = self._activities.get(event["parent"]) if type(event.get("parent")) is int else None
        if kind == COPY_PATH and len(words) > 2 and _AWAY.match(words[2]):
            # A builder elsewhere is sent what it needs.
            where = clean_name(words[2])
            if parent:
                parent.away = True
            node = self._state.nodes.get(f"to:{where}", NodeKind.OTHER, f"uploading to {where}")
        else:
            node = self._node(kind, words[0] if words else "", text, parent)
            if kind == COPY_PATH and parent:
                self._state.expect_bytes(parent.bytes)
        self._activities[ident] = Activity(kind, node)
        level = event.get("level")
        level = level if type(level) is int else 0
        if kind == BUILDS:
            self._ledger.open(ident)
        if node is None:
            if text and level <= _TALKATIVE and kind != QUERY:
                self._state.doing[ident] = clean_name(text)
        else:
            self._begin(kind, node, ident, words)
        said = "message"
        if kind == BUILD_WAITING and text.startswith("waiting for lock"):
            # It may be for hours, and whoever holds it is not seen here.
            said = "warning"
            self._state.warn(clean_name(text, TAIL_TEXT))
        if text and level <= _INFO:
            self._state.out.append(Line(said, text, node.key if node else ""))

    def _begin(self, kind: int, node: Node, ident: int, words: list[str]) -> None:
        self._open[node.key] = self._open.get(node.key, 0) + 1
        if kind == BUILD_WAITING:
            return
        if kind == BUILD:
            self._ledger.started()
            self._state.builds_expected = max(0, self._state.builds_expected - 1)
            self._watch(ident, node)
            if any(words[1:2]):
                node.machine = clean_name(words[1])
        if node.kind is NodeKind.DOWNLOAD:
            self._arrivals.began(node)
        self._state.nodes.set(node, NodeState.RUNNING, self._state.now)

    def _node(self, kind: int, first: str, text: str, parent: Activity | None) -> Node | None:
        nodes = self._state.nodes
        if kind == BUILD:
            return nodes.get(first, NodeKind.BUILD)
        if kind == BUILD_WAITING:
            found = _DRV.search(first or text)
            return nodes.get(found[1], NodeKind.BUILD) if found else None
        if kind in (SUBSTITUTE, COPY_PATH):
            # One that comes as well as its output is built is only that build's.
            return None if first.endswith(".drv") else nodes.get(first, NodeKind.DOWNLOAD)
        if kind == FETCH_TREE:
            return nodes.get(clean_name(text), NodeKind.FETCH, clean_name(text))
        if kind == HOOK:
            built = self._state.node(first)
            name = f"post-build hook of {built.name}" if built else "post-build hook"
            node = nodes.get(f"hook:{first}", NodeKind.OTHER, name)
            if node is not None:
                self._state.hook = (text, node)
            if built and built.kind is NodeKind.BUILD and built.state is NodeState.RUNNING:
                # The hook is given what was built: that is there, whatever becomes of the hook.
                nodes.set(built, NodeState.DONE, self._state.now)
            return node
        if (
            kind == FILE_TRANSFER
            and first
            and not first.split("?", maxsplit=1)[0].endswith(_NOT_NODES)
        ):
            if parent and parent.node:
                return None
            return nodes.get(clean_name(first, 1000), NodeKind.FETCH, clean_name(first))
        return None

    def _stop(self, ident: int) -> None:
        activity = self._activities.pop(ident, None)
        self._state.doing.pop(ident, None)
        if activity is None:
            return
        if activity.kind == BUILDS:
            self._ledger.close(ident)
        elif activity.kind == COPY_PATHS and activity.counted:
            self._arrivals.close()
        node = activity.node
        if node is None:
            return
        left = self._open.pop(node.key, 1) - 1
        if left:
            self._open[node.key] = left
        if activity.kind == BUILD:
            self._watch(ident, None)
            self._ledger.stopped(node, still=left > 0)
        elif not left and node.state is NodeState.RUNNING:
            if node.kind is NodeKind.DOWNLOAD:
                self._arrivals.stopped(node)
            else:
                self._state.nodes.set(node, NodeState.DONE, self._state.now)

    def _result(self, ident: int, event: dict[str, Any]) -> bool:
        activity, kind, fields = self._activities.get(ident), event.get("type"), event.get("fields")
        if not isinstance(fields, list) or not fields:
            return isinstance(kind, int)
        node, first = activity.node if activity else None, fields[0]
        if kind in (BUILD_LINE, POST_BUILD_LINE):
            if isinstance(first, str):
                self._line(node, clean(first))
        elif kind == SET_PHASE and node is not None and isinstance(first, str):
            node.phase = clean_name(first)
        elif kind == PROGRESS and activity is not None:
            numbers = [n if type(n) is int and 0 <= n < _HUGE else 0 for n in fields[:4]]
            if len(numbers) == 4:
                self._progress(ident, activity, numbers)
        elif kind == SET_EXPECTED and first == COPY_PATH and len(fields) > 1:
            number = fields[1] if type(fields[1]) is int else 0
            if activity is not None and activity.kind == COPY_PATHS:
                activity.bytes = max(0, number)
            else:
                self._state.expect_bytes(number)
        return True

    def _line(self, node: Node | None, text: str) -> None:
        if node is not None:
            node.lines += 1
            self._state.nodes.tail(node).append(text[:TAIL_TEXT])
        self._state.out.append(Line("build", text, node.key if node else ""))

    def _progress(self, ident: int, activity: Activity, numbers: list[int]) -> None:
        done, total, running, failed = numbers
        node = activity.node
        if activity.kind == BUILDS:
            self._ledger.count(ident, done, failed)
            if len(self._ledger.open_counters) == 1:
                self._state.builds_expected = max(0, min(total, _HUGE) - done - running - failed)
        elif activity.kind == COPY_PATHS and not activity.away:
            self._arrivals.count(done - activity.done, failed - activity.failed)
            activity.done, activity.failed, activity.counted = done, failed, True
        elif node is not None and activity.kind in (COPY_PATH, FILE_TRANSFER, FETCH_TREE):
            self._state.nodes.progress(node, done, total)
