"""The log of one thing that was built: found by its name, and its lines byte for byte. No I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mnix_tui.cli.output import visible
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.nixlog import Build, Node

LISTED = 20
"""Nodes that are named where several could be meant."""
MAX_LINE = 32 << 20
"""Bytes of a line of the log that are held; a longer one is no line of a builder."""
_NIX, _OURS = b"@nix ", b"@mnix "
_BUILD, _BUILD_LINE = 105, 101
_HOOK, _HOOK_LINE = 110, 107
_OF_HOOK = "hook:"


def find_node(build: Build, wanted: str) -> Node:
    """Return the node that a path, a name or a part of one means.

    Raises ``NotFound``, and ``UsageError`` that lists them where several are meant.
    """
    nodes = list(build.nodes.values())
    tries: tuple[list[Node], ...] = (
        [node for node in nodes if node.key == wanted],
        [node for node in nodes if wanted in (node.name, node.key.rsplit("/", 1)[-1])],
        [node for node in nodes if node.expects == wanted],
        [node for node in nodes if wanted.lower() in node.name.lower()],
        [node for node in nodes if wanted in node.key],
    )
    for found in tries:
        if len(found) > 1:
            speaking = [node for node in found if node.lines]
            found = speaking if len(speaking) == 1 else found
        if len(found) == 1:
            return found[0]
        if found:
            title = f"{len(found)} things are called like {wanted!r}"
            raise UsageError(title, _listed(found), "name one in full, or by its path")
    raise NotFound(
        f"Nothing was built or fetched that is called {wanted!r}",
        _listed(node for node in nodes if node.lines),
        "mnix logs --tree shows all of it",
    )


def _listed(nodes: Iterable[Node]) -> str:
    found = list(nodes)
    names = [node.name for node in found]
    shown = [
        node.key if names.count(node.name) > 1 else node.name
        for node in sorted(found, key=lambda node: node.name)
    ]
    more = [f"… and {len(shown) - LISTED} more"] if len(shown) > LISTED else []
    return "\n".join(visible(each) for each in [*shown[:LISTED], *more])


class NodeLines:
    """Takes a rebuild's log and gives what one derivation's builder, or its hook, printed."""

    def __init__(self, key: str) -> None:
        self._key = key.removeprefix(_OF_HOOK)
        hook = key.startswith(_OF_HOOK)
        self._start, self._line = (_HOOK, _HOOK_LINE) if hook else (_BUILD, _BUILD_LINE)
        self._ids: set[int] = set()
        self._rest = b""
        self._until: str | None = None
        """What ends a section of plain text: nothing in it is nix's."""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes, cut anywhere; return the lines that they end."""
        whole, found, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest[-MAX_LINE:]
        if not found:
            return []
        taken = (self._take(line) for line in whole.split(b"\n"))
        return [text for text in taken if text is not None]

    def _take(self, line: bytes) -> str | None:
        if line.startswith(_OURS):
            self._ours(line[len(_OURS) :])
        elif line.startswith(_NIX) and self._until is None:
            return self._event(line)
        return None

    def _event(self, line: bytes) -> str | None:
        if not (b'"start"' in line or any(b'"id":%d' % ident in line for ident in self._ids)):
            return None
        event = _object(line[len(_NIX) :])
        action, ident, kind = event.get("action"), event.get("id"), event.get("type")
        fields = event.get("fields")
        first = fields[0] if isinstance(fields, list) and fields else None
        if not isinstance(ident, int) or not isinstance(action, str):
            return None
        if action == "start" and kind == self._start and first == self._key:
            self._ids.add(ident)
        elif action == "stop":
            self._ids.discard(ident)
        elif action == "result" and kind == self._line and ident in self._ids:
            return first if isinstance(first, str) else None
        return None

    def _ours(self, text: bytes) -> None:
        event = _object(text)
        if self._until is None:
            if event.get("action") == "plain" and isinstance(event.get("until"), str):
                self._until = str(event["until"])
        elif event.get("action") == "end" and event.get("until") == self._until:
            self._until = None


def _object(text: bytes) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
