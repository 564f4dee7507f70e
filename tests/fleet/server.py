"""One server of the fleet, as tests see it."""

import fnmatch
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fleet.bases import BASES, import_image
from tests.fleet.run import run
from tests.fleet.sshd import Sshd
from tests.fleet.users import User
from tests.helpers.settle import settle

_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Options:
    """What kind of server one is."""

    runtime_dir: bool = True
    images: tuple[str, ...] = ("mnix-base",)
    hide: tuple[str, ...] = ()
    sshd: Mapping[str, str] = field(default_factory=dict)


class FleetServer:
    """A Unix user with rootless Podman, behind an sshd of its own."""

    host = "127.0.0.1"

    def __init__(self, name: str, user: User, folder: Path, options: Options) -> None:
        self.name = name
        self.options = options
        self._user = user
        self.env = self._environment(folder / "bin")
        login = {key: self.env[key] for key in ("XDG_RUNTIME_DIR",) if key in self.env}
        if options.hide:
            login["PATH"] = self.env["PATH"]
        self.sshd = Sshd(folder / "ssh", user.name, login)
        self.sshd.options = dict(options.sshd)
        self._known_hosts = folder / "ssh" / "known_hosts"

    @property
    def user(self) -> str:
        """Return the login name."""
        return self._user.name

    @property
    def uid(self) -> int:
        """Return the login's uid."""
        return self._user.uid

    @property
    def home(self) -> Path:
        """Return the login's home folder."""
        return self._user.home

    @property
    def port(self) -> int:
        """Return sshd's port; it stays the same over restarts."""
        return self.sshd.port

    @property
    def endpoint(self) -> str:
        """Return user@host:port."""
        return f"{self.user}@{self.host}:{self.port}"

    @property
    def key_path(self) -> Path:
        """Return the private key that may log in."""
        return self.sshd.key

    @property
    def known_hosts_line(self) -> str:
        """Return the line of known_hosts that trusts the host key of now."""
        return f"[{self.host}]:{self.port} {self.sshd.host_key}\n"

    def ssh_config_text(self, alias: str = "", known_hosts: Path | None = None) -> str:
        """Return a Host block for ssh_config."""
        lines = [
            f"Host {alias or self.name}",
            f"  HostName {self.host}",
            f"  Port {self.port}",
            f"  User {self.user}",
            f"  IdentityFile {self.key_path}",
            "  IdentitiesOnly yes",
        ]
        if known_hosts:
            lines.append(f"  UserKnownHostsFile {known_hosts}")
        return "\n".join(lines) + "\n"

    def ssh_argv(self, *args: str) -> list[str]:
        """Return the command line of a real ssh to here; `args` follow the host's name."""
        self._known_hosts.write_text(self.known_hosts_line)
        config = self._known_hosts.with_name("config")
        config.write_text(self.ssh_config_text(known_hosts=self._known_hosts))
        return ["ssh", "-F", str(config), "-o", "BatchMode=yes", self.name, *args]

    def run(
        self, command: str, *, check: bool = True, input: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command there, through ssh."""
        return run(self.ssh_argv(command), check=check, input=input, timeout=timeout)

    def as_user(
        self, *argv: str, check: bool = True, input: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as the user with a login's environment, without ssh."""
        return run(
            [*self._become(), *argv],
            check=check, input=input, timeout=timeout, env=self.env, cwd=self.home,
        )  # fmt: skip

    def kill_sshd(self) -> None:
        """Take the server off the network, with its connections; its processes live on."""
        self.sshd.stop()

    def start_sshd(self) -> None:
        """Bring the server back on the same port."""
        self.sshd.start()

    def drop_connections(self) -> None:
        """Cut the connections; new ones work."""
        self.sshd.drop_connections()

    def freeze(self) -> None:
        """Fall silent without closing a connection."""
        self.sshd.freeze()

    def thaw(self) -> None:
        """Answer again after `freeze`."""
        self.sshd.thaw()

    def wait_port(self, up: bool = True) -> None:
        """Wait until the port answers, or until it no longer does."""
        settle(lambda: self.sshd.answers() == up, what=f"port {self.port} up: {up}")

    def new_host_key(self) -> None:
        """Be another machine at the same address."""
        self.sshd.stop()
        self.sshd.new_host_key()
        self.sshd.start()

    def set_sshd(self, **options: str) -> None:
        """Change sshd's options and restart it; `reset` takes them back."""
        self.sshd.stop()
        self.sshd.options |= options
        self.sshd.start()

    def bashrc(self, text: str) -> None:
        """Put `text` at the top of ~/.bashrc, where it runs for every ssh command."""
        old = (self.home / ".bashrc").read_text()
        self._user.write(".bashrc", f"{text}\n{old}")

    def banner(self, text: str) -> None:
        """Show `text` before each login."""
        path = self.sshd.folder / "banner"
        path.write_text(text)
        self.set_sshd(Banner=str(path))

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write a file of the user's below the home folder."""
        return self._user.write(path, text, mode)

    def processes(self, text: str = "") -> list[int]:
        """Return the pids of the user's processes whose command line has `text`."""
        return self._user.pids(text)

    def reset(self) -> None:
        """Be a fresh machine again: its images, nothing else, and sshd as at first."""
        self._clear()
        self._user.empty_home()
        self._user.set_runtime_dir(self.options.runtime_dir)
        for image in self.options.images:
            import_image(BASES[image], self._podman())
        self.sshd.start()

    def close(self) -> None:
        """Leave nothing running."""
        self._clear()
        self.sshd.stop()
        self._user.empty_home()
        self._user.set_runtime_dir(wanted=False)

    def _clear(self) -> None:
        """End whatever runs, and the containers and volumes with it."""
        self.sshd.thaw()
        if (self.home / ".local/share/containers").exists():
            podman = self._podman()
            run([*podman, "rm", "-a", "-f", "-t", "0"], check=False, env=self.env)
            run([*podman, "volume", "rm", "-a", "-f"], check=False, env=self.env)
        if self.sshd.options != self.options.sshd:
            self.sshd.stop()
            self.sshd.options = dict(self.options.sshd)
        self.sshd.drop_connections()
        self._user.kill_all()

    def _podman(self) -> list[str]:
        podman = shutil.which("podman")
        assert podman is not None, "the fleet needs podman"
        env = [f"{key}={value}" for key, value in self.env.items()]
        return ["env", "-i", "-C", str(self.home), *env, *self._become(), podman]

    def _become(self) -> list[str]:
        user = self._user
        return ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--init-groups"]

    def _environment(self, folder: Path) -> dict[str, str]:
        hide = self.options.hide
        path = str(_without(hide, folder)) if hide else ":".join(_PATH[:3])
        env = {"HOME": str(self.home), "USER": self.user, "LOGNAME": self.user}
        env |= {"SHELL": "/bin/bash", "PATH": path}
        if self.options.runtime_dir:
            env["XDG_RUNTIME_DIR"] = str(self._user.runtime_dir)
        return env


def _without(hide: tuple[str, ...], folder: Path) -> Path:
    """Fill a folder with links to all programs but the hidden ones."""
    folder.mkdir(parents=True)
    for place in map(Path, _PATH):
        for program in place.iterdir():
            link = folder / program.name
            if not link.is_symlink() and not any(fnmatch.fnmatch(link.name, h) for h in hide):
                os.symlink(program, link)
    return folder
