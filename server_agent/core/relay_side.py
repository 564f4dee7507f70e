"""Looking up, beside a rebuild that runs, what its derivations need: never waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable

from server_agent.core import relay_graph
from server_agent.core.relay_log import RelayLog
from server_agent.protocol.errors import AgentError

_GATHER = 0.05  # seconds in which more derivations may be named that are looked up together
_PAUSE = 1.0  # seconds between two looks
_LOOKS = 60
"""How often is looked at most in one rebuild."""

Read = Callable[[list[str]], bytes]
"""Returns the files of derivations, and of those that are planned with them."""


class Graph:
    """Takes nix's log, and puts the graph of what it builds into ours."""

    def __init__(self, log: RelayLog, read: Read) -> None:
        self._log = log
        self._read = read
        self._notices = relay_graph.Notices()
        self._new: deque[str] = deque()
        self._wake = threading.Event()
        self._over = False
        self._started = False

    def feed(self, data: bytes) -> None:
        """Take a piece of nix's log."""
        found = self._notices.feed(data)
        if found:
            self._new.extend(found)
            if not self._started:
                self._started = True
                threading.Thread(target=self._work, name="graph", daemon=True).start()
            self._wake.set()

    def close(self) -> None:
        """Look up nothing more."""
        self._over = True
        self._wake.set()

    def _work(self) -> None:
        needs: dict[str, list[str]] = {}
        told: dict[str, list[str]] = {}
        pause = threading.Event()
        for _ in range(_LOOKS):
            self._wake.wait()
            if self._over:
                return
            pause.wait(_GATHER)
            self._wake.clear()
            new = [self._new.popleft() for _ in range(len(self._new))]
            if not new:
                continue
            began = time.monotonic()
            try:
                self._look(new, needs, told)
            except AgentError:
                pass  # too slow this time
            except Exception as error:  # a rebuild is good without its picture
                from server_agent.jobs import faults

                faults.note(error, "drawing a rebuild's graph")
                return
            pause.wait(max(0.0, began + _PAUSE - time.monotonic()))

    def _look(
        self, new: list[str], needs: dict[str, list[str]], told: dict[str, list[str]]
    ) -> None:
        for drv, text in relay_graph.files(self._read(new)):
            if len(needs) < relay_graph.MOST:
                needs[drv] = relay_graph.inputs(text)
        graph = relay_graph.edges(needs)
        fresh = {drv: found for drv, found in graph.items() if told.get(drv) != found}
        told.update(fresh)
        for line in relay_graph.lines(fresh):
            self._log.later(line)
