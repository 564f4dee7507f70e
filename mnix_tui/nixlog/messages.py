"""nix's messages: errors, warnings, plans, and what is only said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.model import Line, NodeState, Problem
from mnix_tui.nixlog.text import clean, clean_name, plain

if TYPE_CHECKING:
    from mnix_tui.nixlog.state import State

_INFO = 3
_DRV = re.compile(r"'(/[^']*\.drv)'")


class Messages:
    """Reads them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def take(self, event: dict[str, Any]) -> bool:
        """Take a message of nix's."""
        text, level = event.get("msg"), event.get("level")
        if not isinstance(text, str) or type(level) is not int:
            return False
        if level > _INFO or plain(text[:64]).startswith("error (ignored)"):
            return True
        kind = "error" if level == 0 else "warning" if level == 1 else "message"
        lines = [clean(each) for each in text.split("\n")]
        key = ""
        if kind == "error":
            key = self._error(lines)
        elif kind == "warning":
            self._state.warn(plain(lines[0]))
        self._state.out += [Line(kind, each, key) for each in lines]
        return True

    def _error(self, lines: list[str]) -> str:
        title = plain(lines[0]).removeprefix("error:").strip()
        found = _DRV.search(title)
        node = self._state.node(found[1]) if found else None
        if node is not None and "dependenc" not in title:
            self._state.nodes.set(node, NodeState.FAILED, self._state.now)
            node.error = clean_name(title)
        self._state.blame(
            Problem(title, tuple(plain(x) for x in lines[1:]), node.key if node else "")
        )
        return node.key if node else ""
