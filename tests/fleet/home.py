"""A temporary home folder for the client."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.fleet.run import run
from tests.fleet.server import FleetServer


class ClientHome:
    """HOME and the XDG folders of one test, with ~/.ssh in it.

    OpenSSH takes the home folder from passwd and never looks here, so `ssh` below names the
    configuration; asyncssh goes by $HOME.
    """

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.ssh_folder = path / ".ssh"
        self.ssh_folder.mkdir(mode=0o700, parents=True)
        self.ssh_config = self.ssh_folder / "config"
        self.ssh_config.touch(mode=0o600)
        self.known_hosts = self.ssh_folder / "known_hosts"
        self.known_hosts.touch(mode=0o600)
        folders = {
            "XDG_CONFIG_HOME": ".config",
            "XDG_DATA_HOME": ".local/share",
            "XDG_STATE_HOME": ".local/state",
            "XDG_CACHE_HOME": ".cache",
        }
        monkeypatch.setenv("HOME", str(path))
        for name, folder in folders.items():
            (path / folder).mkdir(parents=True)
            monkeypatch.setenv(name, str(path / folder))
        for name in ("SSH_AUTH_SOCK", "MNIX_CLIENT_CONFIG", "MNIX_SERVER_CONFIG"):
            monkeypatch.delenv(name, raising=False)

    def add(self, server: FleetServer, alias: str = "", *, known: bool = True) -> str:
        """Add a Host block (and the host key, if `known`), and return the alias."""
        alias = alias or server.name
        with self.ssh_config.open("a") as config:
            config.write(server.ssh_config_text(alias, known_hosts=self.known_hosts))
        if known:
            with self.known_hosts.open("a") as known_hosts:
                known_hosts.write(server.known_hosts_line)
        return alias

    @property
    def env(self) -> dict[str, str]:
        """Return the environment for a subprocess (already set in this process)."""
        return dict(os.environ)

    def ssh(self, alias: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the real ssh with this home's configuration."""
        options = ["-F", str(self.ssh_config), "-o", "BatchMode=yes"]
        return run(["ssh", *options, alias, *argv], check=check)
