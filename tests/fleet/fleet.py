"""All servers of one test run."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.fleet.claims import Claim
from tests.fleet.server import FleetServer, Options
from tests.fleet.users import claim_user

_PREFIX = "mnix-test-"


class Fleet:
    """Makes servers by name at their first use, and ends them with the run."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        # Short, because socket paths end at 107 bytes, and open to the servers' users.
        _sweep()
        prefix = f"{_PREFIX}{os.getpid()}-"
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
        self.folder = Path(folder)
        self.folder.chmod(0o711)
        self._servers: dict[str, FleetServer] = {}
        self._ends: dict[str, ExitStack] = {}
        self.used: set[str] = set()

    def server(
        self,
        name: str,
        *,
        runtime_dir: bool = True,
        images: Iterable[str] = ("mnix-base",),
        hide: Iterable[str] = (),
        sshd: Mapping[str, str] | None = None,
    ) -> FleetServer:
        """Return the server of that name, made anew where it was another one before."""
        options = Options(runtime_dir, tuple(images), tuple(hide), dict(sshd or {}))
        known = self._servers.get(name)
        if known is None or known.options != options:
            self._end(name)
            known = self._make(name, options)
        self.used.add(name)
        return known

    def _make(self, name: str, options: Options) -> FleetServer:
        with ExitStack() as stack:
            # Podman's database remembers the runtime folder it began with, so a user has one or
            # has none, in all runs.
            kind = "t" if options.runtime_dir else "u"
            claim = Claim(f"user-{kind}")
            stack.callback(claim.release)
            folder = self.folder / name
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            server = FleetServer(name, claim_user(f"mnix-{kind}{claim.number}"), folder, options)
            stack.callback(server.close)
            server.reset()
            self._ends[name] = stack.pop_all()
        self._servers[name] = server
        return server

    def _end(self, name: str) -> None:
        self.used.discard(name)
        self._servers.pop(name, None)
        if name in self._ends:
            self._ends.pop(name).close()

    def reset_used(self) -> None:
        """Reset the servers that were handed out since the last call."""
        while self.used:
            self._servers[self.used.pop()].reset()

    def close(self) -> None:
        """End all servers."""
        with self._stack:
            for end in self._ends.values():
                self._stack.push(end)


def _sweep() -> None:
    """Remove what runs that were killed have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
