"""All servers of one test run."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.fleet.claims import Claim
from tests.fleet.server import FleetServer
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
        """Return the server of that name; the options count when it is made."""
        if name not in self._servers:
            # Podman's database remembers the runtime folder it began with, so a user has one or
            # has none, in all runs.
            kind = "t" if runtime_dir else "u"
            claim = Claim(f"user-{kind}")
            self._stack.callback(claim.release)
            server = FleetServer(
                name,
                claim_user(f"mnix-{kind}{claim.number}"),
                self.folder / name,
                runtime_dir=runtime_dir,
                images=images,
                hide=hide,
                sshd=sshd or {},
            )
            self._stack.callback(server.close)
            server.prepare()
            self._servers[name] = server
        self.used.add(name)
        return self._servers[name]

    def reset_used(self) -> None:
        """Reset the servers that were handed out since the last call."""
        while self.used:
            self._servers[self.used.pop()].reset()

    def close(self) -> None:
        """End all servers."""
        self._stack.close()


def _sweep() -> None:
    """Remove what runs that were killed have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
