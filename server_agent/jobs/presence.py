"""Who is attached to a job: told to its clients, and noted in its folder for everybody else."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from server_agent.jobs import store


class Visitor(NamedTuple):
    """One attached client."""

    client: str
    name: str
    since: float

    def entry(self, asking: str) -> dict[str, Any]:
        """Return its line in a CLIENTS frame to the client ``asking``."""
        found = {"client": self.client, "name": self.name, "since": self.since}
        return {**found, "mine": True} if self.client == asking else found


class Presence:
    """The clients that are attached now, in the order in which they came."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._visitors: dict[str, Visitor] = {}
        self._noted = 0

    def __len__(self) -> int:
        return len(self._visitors)

    def come(self, client: str, name: str) -> None:
        """Note that a client is attached; one that comes back has been here all the time."""
        since = self._visitors[client].since if client in self._visitors else time.time()
        self._visitors[client] = Visitor(client, name, since)

    def go(self, client: str) -> None:
        """Note that a client is gone."""
        self._visitors.pop(client, None)

    def told(self, asking: str) -> dict[str, Any]:
        """Return the CLIENTS frame's content for one client."""
        names = [visitor.entry(asking) for visitor in self._visitors.values()]
        return {"clients": len(names), "names": names}

    def note(self) -> None:
        """Write how many there are into the job's folder, if it changed."""
        if self._noted == len(self):
            return
        try:
            store.write_clients(self._folder, len(self))
            self._noted = len(self)
        except OSError:
            pass  # a full disk: the number that others see is old, nothing else
