"""A private sshd for the link's tests, and a home of the client's own."""

import getpass
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.link import LinkOptions
from tests.helpers.settle import settle

SSHD = "/usr/sbin/sshd"
AGENT = Path(__file__).parent / "link_agent.py"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keygen(path: Path, kind: str = "ed25519") -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path)], check=True
    )
    return path


@dataclass
class Sshd:
    """One sshd on a loopback port, with its own host key and its own folders for the agent."""

    folder: Path
    port: int
    options: list[str] = field(default_factory=list)
    host: str = "127.0.0.1"
    inside: tuple[str, ...] = ()
    """A command that runs sshd elsewhere: in a network of its own."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> Server:
        return Server("box", f"{getpass.getuser()}@{self.host}:{self.port}")

    @property
    def name(self) -> str:
        return f"[{self.host}]:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def host_key(self) -> Path:
        return self.folder / "host_ed25519"

    def start(self) -> None:
        lines = [
            f"Port {self.port}",
            f"ListenAddress {self.host}",
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            f"PidFile {self.folder / 'sshd.pid'}",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin yes",
            "MaxStartups 100",
            f"SetEnv XDG_DATA_HOME={self.data} XDG_STATE_HOME={self.folder / 'state'}"
            f" XDG_RUNTIME_DIR={self.folder / 'run'}",
        ]
        config = self.folder / "sshd_config"
        config.write_text("\n".join([*self.options, *lines]) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)
        (self.folder / "run").mkdir(mode=0o700, exist_ok=True)
        log = (self.folder / "sshd.log").open("ab")
        self._process = subprocess.Popen(
            [*self.inside, SSHD, "-D", "-e", "-f", str(config)], stderr=log
        )
        log.close()
        settle(self._listens, what="sshd to listen")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def children(self) -> list[int]:
        """The processes of its connections."""
        assert self._process is not None
        return descendants(self._process.pid)

    def cut(self) -> None:
        """Cut every connection, as a network does: without a word to the programs behind."""
        for pid in self.children():
            if "sshd" in _cmdline(pid):
                _kill(pid)

    def stop(self) -> None:
        if self._process is not None:
            self.cut()
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def relisten(self, change: Callable[["Sshd"], None]) -> None:
        """Start anew after a change; connections that are open go on."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        change(self)
        self.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have the server and its connections do nothing for a while, without closing any."""
        assert self._process is not None
        pids = [self._process.pid, *self.children()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def kill_agents(self) -> int:
        """Kill every `serve`, and return how many there were."""
        found = [pid for pid in self.children() if " serve" in _cmdline(pid)]
        for pid in found:
            _kill(pid)
        return len(found)


def descendants(root: int) -> list[int]:
    """Return the processes that ``root`` started, and theirs."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found: list[int] = []
    level = [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    return found


def _cmdline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def make_home(folder: Path) -> Path:
    """Make a home for the client, with a key."""
    (folder / ".ssh").mkdir(parents=True, mode=0o700)
    keygen(folder / ".ssh" / "id_ed25519")
    return folder


class Rig:
    """A client's home, as many sshds as the test wants, and an agent installed on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = make_home(folder / "home")
        self.binary = str(folder / "agent")
        self.sshds: list[Sshd] = []
        script = Path(self.binary)
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {AGENT} "$@"\n')
        script.chmod(0o755)

    @property
    def options(self) -> LinkOptions:
        return LinkOptions(remote_binary=self.binary, accept_host_keys=True, connect_timeout=10)

    def start(self, *options: str, host: str = "127.0.0.1", inside: tuple[str, ...] = ()) -> Sshd:
        """Start an sshd that lets the home's key in."""
        folder = self.folder / f"sshd{len(self.sshds)}"
        folder.mkdir()
        sshd = Sshd(folder, free_port(), list(options), host, inside)
        keygen(sshd.host_key)
        public = (self.home / ".ssh" / "id_ed25519.pub").read_text()
        (folder / "authorized_keys").write_text(public)
        self.sshds.append(sshd)
        sshd.start()
        return sshd

    def stop(self) -> None:
        for sshd in self.sshds:
            sshd.stop()
        for pid in self._holders():  # sessions outlive everybody: also a test that failed
            for each in (*descendants(pid), pid):
                _kill(each)

    def _holders(self) -> list[int]:
        every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        ours = f" _hold {self.folder}/"
        return [pid for pid in every if ours in _cmdline(pid)]


@contextmanager
def rigged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Be a client with a home of its own."""
    rig = Rig(folder)
    monkeypatch.setenv("HOME", str(rig.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    try:
        yield rig
    finally:
        rig.stop()
