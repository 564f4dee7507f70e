"""Watches for changes while somebody subscribed: the folders of projects and jobs, and the engine.

Looking costs a few dozen `stat` calls a second. The whole state is put together only when one of
them, a process that ended, or the engine says that something changed.
"""

from __future__ import annotations

import math
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

from server_agent.control import dispatch
from server_agent.control.looking import Looks
from server_agent.jobs import faults, store

if TYPE_CHECKING:
    from server_agent.control.engine import EngineEvents
    from server_agent.core.sampling import Sampler
    from server_agent.core.storesize import StoreSize

LOOK = 1.0
"""Seconds between two looks at the folders."""
APART = 0.1
"""Seconds between two states, at least."""
_AGAIN = 5.0
"""Seconds after which a state that could not be put together is tried again."""
_FIRST = 1.0
"""Seconds from the first stats to the second: what containers use is known from then on."""


class Watcher:
    """A thread that calls ``emit("state", …)`` on changes and ``emit("stats", …)`` now and then.

    ``aside`` runs a call in another thread, which is waited for in the end. ``every`` are the
    seconds between two stats; 0: none.
    """

    def __init__(
        self,
        emit: Callable[[str, dict[str, Any]], None],
        aside: Callable[[Callable[[], None]], None],
        every: float = dispatch.STATS,
    ) -> None:
        self._emit = emit
        self._aside = aside
        self._closed = False
        self._poked = True  # whoever subscribes gets a first state
        self._last: Any = None
        self._ids: list[str] = []
        self._stores = False
        self._reaped: set[str] = set()
        self._engine: Optional[EngineEvents] = None
        self._looks = Looks()
        self._sampler: Optional[Sampler] = None
        self._store: Optional[StoreSize] = None
        self._every = every
        self._due = time.monotonic()
        self._told = 0
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def pace(self, every: float) -> None:
        """Tell the stats every so many seconds from now on; 0: never."""
        self._every = every
        self._due = time.monotonic()
        self._looks.lives.wake()

    def poke(self) -> None:
        """Say that something changed."""
        self._poked = True
        self._looks.lives.wake()

    def close(self) -> None:
        """Stop watching."""
        self._closed = True
        self._looks.lives.wake()
        if self._store:
            self._store.close()
        if self._engine:
            self._engine.close()

    def _run(self) -> None:
        seen: Any = None
        again = math.inf
        while not self._closed:
            try:
                prints = self._looks.look()
                if self._poked or prints != seen or time.monotonic() >= again:
                    self._poked = False
                    again = time.monotonic() + _AGAIN
                    # What changes while the state is put together differs from these prints.
                    seen = prints
                    self._tell_state()
                    again = math.inf
                    self._looks.lives.wait(APART)
                if self._every and time.monotonic() >= self._due:
                    self._told += 1
                    self._due = time.monotonic() + (_FIRST if self._told == 1 else self._every)
                    self._tell_stats()
            except Exception as error:  # the watch goes on: the next look may work
                faults.note(error, "watching for changes")
            left = self._due - time.monotonic() if self._every else LOOK
            if not self._poked:
                self._looks.lives.wait(min(LOOK, max(left, 0.05)))
        self._looks.lives.close()

    def _tell_state(self) -> None:
        state = dispatch.state()
        self._ids = [project["id"] for project in state["projects"]]
        self._stores = any(map(_has_store, state["projects"]))
        self._follow_engine(state)
        self._looks.follow(state, *(self._engine.files if self._engine else ()))
        self._reap()
        # A log grows all the time: that alone is no news.
        known = {**state, "jobs": [{**job, "log_size": 0, "active": 0} for job in state["jobs"]]}
        if known != self._last:
            self._last = known
            self._emit("state", state)

    def _tell_stats(self) -> None:
        from server_agent.core import usecases

        told = {**usecases.server_stats(), "store": None, "usage": {}}
        if self._ids:
            if self._sampler is None:
                from server_agent.core.sampling import Sampler

                self._sampler = Sampler()
            told["usage"] = self._sampler.usage(self._ids)
        if self._stores:
            if self._store is None:
                from server_agent.core.storesize import StoreSize

                self._store = StoreSize()
            told["store"] = self._store.told()
        self._emit("stats", told)

    def _follow_engine(self, state: dict[str, Any]) -> None:
        boxed = any(project.get("isolation") == "container" for project in state["projects"])
        if boxed and self._engine is None:
            from server_agent.control.engine import EngineEvents

            self._engine = EngineEvents(self._looks.lives.wake)

    def _reap(self) -> None:
        lost = set(store.lost())
        if lost - self._reaped:
            from server_agent.jobs import killing

            self._reaped |= lost
            # Asking a container to end something takes its time.
            self._aside(killing.reap_new)


def _has_store(project: dict[str, Any]) -> bool:
    # Without one there is nothing to measure, and no process is started to find that out.
    return bool(project.get("container")) or (
        project.get("store") in ("host", "daemon") and os.path.isdir("/nix/store")
    )
