"""What the agent itself says in a rebuild's log: ``@mnix {json}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.model import Line, Problem
from mnix_tui.nixlog.text import clean, clean_name, plain

if TYPE_CHECKING:
    from mnix_tui.nixlog.state import State

PREFIX = "@mnix "
PHASES = ("prepare", "evaluate", "warm-up", "switch")
_MAX_NONCE = 256
_MAX_MESSAGE = 4096
_MAX_TITLE = 400
_LATEST = 1e11
"""Seconds: no log was written after it."""


class Ours:
    """Reads those lines; `until` is the nonce that ends a section of plain text."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.until: str | None = None

    def take(self, line: str) -> bool:
        """Take a line that begins with PREFIX; False when it is none of ours after all."""
        try:
            event = json.loads(line[len(PREFIX) :])
        except (ValueError, RecursionError):
            return False
        if not isinstance(event, dict):
            return False
        handler = {
            "at": self._at,
            "phase": self._phase,
            "plain": self._plain,
            "graph": self._graph,
            "result": self._result,
        }.get(str(event.get("action")))
        if handler is None:
            return False
        handler(event)
        return True

    def inside(self, line: str) -> bool:
        """Take such a line inside a section of plain text: only times and its end count."""
        try:
            event = json.loads(line[len(PREFIX) :])
        except (ValueError, RecursionError):
            return False
        if not isinstance(event, dict):
            return False
        if event.get("action") == "end" and event.get("until") == self.until:
            self.until = None
            return True
        if event.get("action") == "at":
            self._at(event)
            return True
        return False

    def _at(self, event: dict[str, Any]) -> None:
        moment = event.get("time")
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            return
        if not 0 <= moment < _LATEST:
            return
        state = self._state
        # A clock that was set back makes nothing take a negative time.
        state.marked = max(state.marked, float(moment)) if state.timed else float(moment)
        state.now = state.marked
        if not state.timed:
            state.timed = True
            state.started = state.now

    def _phase(self, event: dict[str, Any]) -> None:
        if event.get("phase") in PHASES:
            self._state.mark = str(event["phase"])

    def _plain(self, event: dict[str, Any]) -> None:
        until = event.get("until")
        if isinstance(until, str) and 0 < len(until) <= _MAX_NONCE:
            self.until = until

    def _graph(self, event: dict[str, Any]) -> None:
        inputs = event.get("inputs")
        if not isinstance(inputs, dict):
            return
        for key, wanted in inputs.items():
            needed = (
                [each for each in wanted if isinstance(each, str)] if type(wanted) is list else []
            )
            self._state.nodes.link(key, needed)

    def _result(self, event: dict[str, Any]) -> None:
        state = self._state
        state.ok = event.get("ok") is True
        changed = event.get("changed")
        state.changed = changed if isinstance(changed, bool) else None
        number = event.get("generation")
        state.generation = number if type(number) is int and 0 < number < 1 << 31 else None
        message = event.get("message")
        words = message[:_MAX_MESSAGE] if isinstance(message, str) else ""
        text = [clean(each) for each in words.split("\n") if each.strip()]
        kind = "step" if state.ok else "error"
        state.out += [Line(kind, each) for each in text if each not in state.said]
        if not state.ok:
            # Only if nothing says better what went wrong, which is known at the end.
            title = clean_name(text[0], _MAX_TITLE) if text else "the rebuild failed"
            state.consequence = Problem(title, tuple(plain(each) for each in text[1:]))
