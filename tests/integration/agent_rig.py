"""The agent as its users run it: uploads, rebuilds and commands through its own command line."""

import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnix_tui.link import delivery
from server_agent.core import lifecycle, paths, projects, status
from server_agent.core.projects import Project
from server_agent.trees.index import FileIndex
from server_agent.trees.model import same
from server_agent.trees.scan import Everything, scan
from server_agent.trees.wire_out import Outgoing, Sender

REPO = Path(__file__).parents[2]
START = (
    f"import sys; sys.path.insert(0, {str(REPO)!r}); from server_agent.cli import entry; entry()"
)


def agent_argv(*args: str, python: str = sys.executable) -> list[str]:
    """Return the argv of the agent, isolated as the client starts it."""
    return [python, "-I", "-S", "-c", START, *args]


def agent(
    *args: str, stdin: bytes = b"", timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run the agent to its end."""
    return subprocess.run(
        agent_argv(*args), input=stdin, capture_output=True, check=False, timeout=timeout
    )


def zipapp() -> bytes:
    """Return the agent's files as one that Python runs as it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for path, data in delivery.files().items():
            made.writestr(path, data)
    return buffer.getvalue()


def packed(folder: Path, mode: str = "w") -> tuple[bytes, int]:
    """Return a folder as a tar, and how many members it has."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        tar.add(folder, arcname=".")
        count = len(tar.getmembers())
    return buffer.getvalue(), count


@dataclass
class Rig:
    """One project, driven through the agent."""

    id: str

    @classmethod
    def make(cls, name: str, isolation: str, flake: str = "flake.nix") -> "Rig":
        """Create a project."""
        return cls(lifecycle.create(name, isolation, flake, None, None)["id"])

    @property
    def project(self) -> Project:
        """The project as its file says now."""
        return projects.load(self.id)

    @property
    def info(self) -> dict[str, Any]:
        """The project's ProjectInfo."""
        return status.project(self.id)

    def push(self, folder: Path) -> dict[str, Any]:
        """Send all of a folder that differs, whatever is there now; what is only there stays."""
        from tests.integration.sync_client import SyncClient

        index = FileIndex()
        scan(str(folder), index, Everything(), eager=lambda path, size: True)
        wanted = {path: state for path, state in index.since(0) if state is not None}
        with SyncClient(self.id, {}) as client:
            there = client.known(wanted)
            sender = Sender(str(folder))
            items = [
                Outgoing(path, state, there.get(path))
                for path, state in sorted(wanted.items())
                if not same(state, there.get(path))
            ]
            for part in sender.frames(items):
                client.write(part)
            client.items = sender.items
            done = client.commit()
        assert done["skipped"] == []
        return done

    def rebuild(self) -> tuple[int, str]:
        """Run the body of a rebuild; return its exit code, and its log without nix's lines."""
        done = agent("_rebuild", self.id, paths.new_id())
        log = (done.stdout + done.stderr).decode()
        assert "Traceback" not in log, log
        return done.returncode, re.sub(r"(?m)^@m?nix .*\n", "", log)

    def exec(
        self, *command: str, stdin: bytes = b"", bare: bool = False, cwd: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command through `exec`."""
        options = ["--bare"] if bare else []
        options += ["--cwd", cwd] if cwd else []
        return agent("exec", "--project", self.id, *options, "--", *command, stdin=stdin)

    def out(self, *command: str) -> str:
        """Return what a command prints."""
        done = self.exec(*command)
        assert done.returncode == 0, done
        return done.stdout.decode()

    def shell_argv(self) -> list[str]:
        """Return the argv of a shell on a PTY."""
        from server_agent.core import sessions_api

        return sessions_api.shell_argv(self.id, "xterm", None, False, paths.new_id())[0]


def typed_shell(rig: Rig, *typed: str) -> str:
    """Open a shell, type lines into it, and return everything that it showed."""
    import pty

    pid, terminal = pty.fork()
    if not pid:
        argv = rig.shell_argv()
        os.execvp(argv[0], argv)
    os.write(terminal, "".join(f"{line}\n" for line in typed).encode())
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode("utf-8", "replace")
