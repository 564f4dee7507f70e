"""What nix says in its internal-json log: activities, their results, and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState
from mnix_tui.nixlog.text import clean, clean_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.nixlog.messages import Messages
    from mnix_tui.nixlog.state import State

MAX_ACTIVITIES = 65_536
COPY_PATH, FILE_TRANSFER, COPY_PATHS, BUILDS, BUILD = 100, 101, 103, 104, 105
SUBSTITUTE, HOOK, BUILD_WAITING, FETCH_TREE = 108, 110, 111, 112
BUILD_LINE, SET_PHASE, PROGRESS, SET_EXPECTED, POST_BUILD_LINE = 101, 104, 105, 106, 107
_INFO = 3
_HUGE = 1 << 62


class Activity:
    """One activity that nix has begun and not stopped."""

    __slots__ = ("failed", "finished", "kind", "node")

    def __init__(self, kind: int, node: Node | None) -> None:
        self.kind = kind
        self.node = node
        self.finished = 0
        self.failed = 0


class Events:
    """Reads nix's events."""

    def __init__(self, state: State, messages: Messages, watch: Callable[[int, Node | None], None]):
        self._state = state
        self._messages = messages
        self._watch = watch
        self._activities: dict[int, Activity] = {}
        self._stopped: list[Node] = []
        """Builds whose activity stopped, while nobody has said yet how they ended."""

    def take(self, event: dict[str, Any]) -> bool:
        """Take an event; False when it is none."""
        action = event.get("action")
        if action == "msg":
            return self._messages.take(event)
        ident = event.get("id")
        if type(ident) is not int:
            return False
        if action == "result":
            self._result(ident, event)
        elif action == "start":
            self._start(ident, event)
        elif action == "stop":
            self._stop(ident)
        else:
            return False
        return True

    def _start(self, ident: int, event: dict[str, Any]) -> None:
        if len(self._activities) >= MAX_ACTIVITIES:
            return
        kind, text, fields = event.get("type"), event.get("text"), event.get("fields")
        kind = kind if type(kind) is int else 0
        text = clean(text) if isinstance(text, str) else ""
        first = fields[0] if isinstance(fields, list) and fields else ""
        node = self._node(kind, first if isinstance(first, str) else "", text)
        self._activities[ident] = Activity(kind, node)
        if kind == BUILD:
            self._watch(ident, node)
        elif node is None and text:
            self._state.doing[ident] = text
        if node is not None:
            self._state.nodes.set(node, NodeState.RUNNING, self._state.now)
        level = event.get("level")
        if text and type(level) is int and level <= _INFO:
            self._state.out.append(Line("message", text, node.key if node else ""))

    def _node(self, kind: int, first: str, text: str) -> Node | None:
        nodes = self._state.nodes
        if kind in (BUILD, BUILD_WAITING):
            return nodes.get(first, NodeKind.BUILD)
        if kind in (SUBSTITUTE, COPY_PATH):
            return nodes.get(first, NodeKind.DOWNLOAD)
        if kind == FETCH_TREE:
            return nodes.get(clean_name(text), NodeKind.FETCH, clean_name(text))
        return None

    def _stop(self, ident: int) -> None:
        activity = self._activities.pop(ident, None)
        self._state.doing.pop(ident, None)
        if activity is None or activity.node is None:
            return
        node = activity.node
        if activity.kind == BUILD:
            self._watch(ident, None)
        if node.state is NodeState.RUNNING:
            self._state.nodes.set(node, NodeState.DONE, self._state.now)

    def _result(self, ident: int, event: dict[str, Any]) -> None:
        activity = self._activities.get(ident)
        fields = event.get("fields")
        if not isinstance(fields, list) or not fields:
            return
        kind, node = event.get("type"), activity.node if activity else None
        if kind in (BUILD_LINE, POST_BUILD_LINE):
            if isinstance(fields[0], str):
                self._line(node, clean(fields[0]))
        elif kind == SET_PHASE and node is not None and isinstance(fields[0], str):
            node.phase = clean_name(fields[0])
        elif kind == PROGRESS and activity is not None:
            numbers = [n if type(n) is int and 0 <= n < _HUGE else 0 for n in fields[:4]]
            if len(numbers) == 4:
                self._progress(activity, *numbers)

    def _line(self, node: Node | None, text: str) -> None:
        if node is not None:
            node.lines += 1
            self._state.nodes.begin_lines(node).append(text)
        self._state.out.append(Line("build", text, node.key if node else ""))

    def _progress(self, activity: Activity, done: int, total: int, running: int, bad: int) -> None:
        node = activity.node
        if node is not None and node.kind is NodeKind.DOWNLOAD:
            node.done, node.total = done, max(total, done)
