"""Watches for changes while somebody subscribed: the folders of projects and jobs, and the engine.

Looking costs a few dozen `stat` calls a second. The whole state is put together only when one of
them, or the engine, says that something changed.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Callable, Optional

from server_agent.control import dispatch
from server_agent.control.engine import EngineEvents
from server_agent.core import inner, inputs, paths
from server_agent.jobs import faults, procs, store

LOOK = 1.0
"""Seconds between two looks at the folders."""
APART = 0.1
"""Seconds between two states, at least."""
STATS = 5.0
"""Seconds between two stats."""
_IN_A_PROJECT = ("project.json", "env", "lock", "box")


class Watcher:
    """A thread that calls ``emit("state", …)`` on changes and ``emit("stats", …)`` every 5 s.

    ``aside`` runs a call in another thread, which is waited for in the end.
    """

    def __init__(
        self,
        emit: Callable[[str, dict[str, Any]], None],
        aside: Callable[[Callable[[], None]], None],
    ) -> None:
        self._emit = emit
        self._aside = aside
        self._wake = threading.Event()
        self._closed = False
        self._poked = True  # whoever subscribes gets a first state
        self._last: Any = None
        self._live: dict[str, tuple[int, str]] = {}
        self._files: list[str] = []
        self._reaped: set[str] = set()
        self._engine: Optional[EngineEvents] = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """Say that something changed."""
        self._poked = True
        self._wake.set()

    def close(self) -> None:
        """Stop watching."""
        self._closed = True
        self._wake.set()
        if self._engine:
            self._engine.close()

    def _run(self) -> None:
        stats_at = 0.0
        seen: Any = None
        while not self._closed:
            self._wake.clear()
            try:
                prints = self._look()
                if self._poked or prints != seen:
                    self._poked = False
                    # What changes while the state is put together differs from these prints.
                    seen = prints
                    self._tell_state()
                    procs.wait_until(lambda: self._closed, APART, step=APART)
                if time.monotonic() >= stats_at:
                    stats_at = time.monotonic() + STATS
                    self._tell_stats()
            except Exception as error:  # the watch goes on: the next look may work
                faults.note(error, "watching for changes")
            self._wake.wait(LOOK)

    def _look(self) -> Any:
        # Cheap prints of all that a state is made of; containers by the pid they run as.
        prints: list[Any] = [_changed(paths.jobs()), _changed(paths.projects())]
        for job_id, holder in self._live.items():
            prints.append((_changed(os.path.join(paths.jobs(), job_id)), procs.alive(*holder)))
        try:
            names = sorted(os.listdir(paths.projects()))
        except OSError:
            names = []
        for name in names:
            folder = os.path.join(paths.projects(), name)
            prints.append([_changed(os.path.join(folder, part)) for part in _IN_A_PROJECT])
            prints.append(bool(inner.read_box(folder)))
        prints.append([_changed(path) for path in self._files])
        return prints

    def _tell_state(self) -> None:
        state = dispatch.state()
        self._live = {
            job["id"]: _holder(job["id"]) for job in state["jobs"] if job["state"] in store.LIVE
        }
        self._files = _files(state)
        self._follow_engine(state)
        self._reap()
        # A log grows all the time: that alone is no news.
        known = {**state, "jobs": [{**job, "log_size": 0, "active": 0} for job in state["jobs"]]}
        if known != self._last:
            self._last = known
            self._emit("state", state)

    def _tell_stats(self) -> None:
        from server_agent.core import usecases

        self._emit("stats", usecases.server_stats())

    def _follow_engine(self, state: dict[str, Any]) -> None:
        boxed = any(project.get("isolation") == "container" for project in state["projects"])
        if boxed and self._engine is None:
            self._engine = EngineEvents(self.poke)

    def _reap(self) -> None:
        lost = set(store.lost())
        if lost - self._reaped:
            from server_agent.jobs import killing

            self._reaped |= lost
            # Asking a container to end something takes its time.
            self._aside(killing.reap_new)


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _files(state: dict[str, Any]) -> list[str]:
    # What an environment is made of may change under an editor's hands, and a shell's generation
    # is what its pid file says.
    found: list[str] = []
    for project in state["projects"]:
        found += inputs.files(project["workspace"], project["flake"]).values()
    for job in state["jobs"]:
        if job["kind"] == "session" and job["state"] in store.LIVE:
            run = os.path.join(paths.projects(), job["project_id"], "run")
            found.append(os.path.join(run, f"{job['id']}.pid"))
    return found


def _holder(job_id: str) -> tuple[int, str]:
    holder = store.read_meta(paths.job(job_id)).get("holder") or {}
    return int(holder.get("pid") or 0), str(holder.get("start") or "")
