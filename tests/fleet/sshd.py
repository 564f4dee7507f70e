"""A private sshd on a free loopback port."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.fleet.run import run
from tests.helpers.settle import settle


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sshd:
    """One sshd for one user: keys only, its own host key, options as given."""

    def __init__(self, folder: Path, user: str, set_env: Mapping[str, str]) -> None:
        self.folder = folder
        self.user = user
        self.port = free_port()
        self.options: dict[str, str] = {}
        self._set_env = dict(set_env)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        # sshd reads these as root, the user's login never does.
        folder.chmod(0o711)
        self.key = folder / "id_ed25519"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mnix-test", "-f", self.key])
        shutil.copy(self.key.with_suffix(".pub"), folder / "authorized_keys")
        self.new_host_key()

    def new_host_key(self) -> None:
        """Make the host key, or another one in its place."""
        host_key = self.folder / "host_ed25519"
        for path in (host_key, host_key.with_suffix(".pub")):
            path.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", host_key])

    @property
    def host_key(self) -> str:
        """Return the public host key, "ssh-ed25519 AAAA..."."""
        return (self.folder / "host_ed25519.pub").read_text().strip()

    def start(self) -> None:
        """Start sshd and wait until it answers."""
        if self._process is not None:
            return
        Path("/run/sshd").mkdir(exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert sshd is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # Even a run that is killed leaves no sshd behind.
                ["setpriv", "--pdeathsig=KILL", sshd, "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        settle(self._up, what=f"sshd on port {self.port}: {self.log[-500:]}")

    def stop(self) -> None:
        """End sshd and all its connections at once, as when a machine goes down."""
        if self._process is None:
            return
        family = [self._process.pid, *self.connections()]
        for pid in family:
            _signal(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        settle(lambda: not self.answers(), what=f"port {self.port} to close")

    def drop_connections(self) -> None:
        """End the connections and leave the listener."""
        for pid in self.connections():
            _signal(pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop answering without closing anything: a dead line."""
        for pid in self._family():
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        for pid in self._family():
            _signal(pid, signal.SIGCONT)

    def connections(self) -> list[int]:
        """Return the pids of the sshd processes that serve connections."""
        if self._process is None:
            return []
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    name, _, rest = (entry / "stat").read_text().rpartition(")")
                    if name.endswith(("(sshd", "(sshd-session", "(sshd-auth")):
                        parents.setdefault(int(rest.split()[1]), []).append(int(entry.name))
        found: list[int] = []
        wanted = [self._process.pid]
        while wanted:
            children = parents.get(wanted.pop(), [])
            found += children
            wanted += children
        return found

    def answers(self) -> bool:
        """Tell whether something accepts connections on the port."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def log(self) -> str:
        """Return what sshd has said so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _family(self) -> list[int]:
        return [self._process.pid, *self.connections()] if self._process else []

    def _up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"sshd ended at once: {self.log}")
        return self.answers()

    def _config(self) -> str:
        lines = {
            "Port": str(self.port),
            "ListenAddress": "127.0.0.1",
            "HostKey": str(self.folder / "host_ed25519"),
            "PidFile": "none",
            "AllowUsers": self.user,
            "AuthorizedKeysFile": str(self.folder / "authorized_keys"),
            "AuthenticationMethods": "publickey",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "UsePAM": "no",
            "StrictModes": "no",
            "PrintMotd": "no",
            "AcceptEnv": "LANG LC_*",
            "Subsystem": "sftp internal-sftp",
            "MaxStartups": "100:30:200",
        } | self.options
        if self._set_env:
            # sshd takes the first SetEnv only, so all of them stand on one line.
            lines["SetEnv"] = " ".join(f"{key}={value}" for key, value in self._set_env.items())
        return "".join(f"{key} {value}\n" for key, value in lines.items())


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
