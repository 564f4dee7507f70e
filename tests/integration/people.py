"""People who use ``mnix``: each with a home folder, a configuration and a database of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import ClientHome, FleetServer
from tests.integration.cli_rig import SERVER_TOML, Mnix, Terminal

COMMAND = str(Path(sys.executable).with_name("mnix"))


class Person(Mnix):
    """Runs the installed ``mnix`` with an environment that no other person shares."""

    def __init__(self, path: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            self.home = ClientHome(path / "home", patch)
            self._env = dict(os.environ)
        super().__init__(path / "here")
        self.folder.mkdir()

    @property
    def env(self) -> dict[str, str]:
        return dict(self._env)

    def set(self, name: str, value: str) -> None:
        """Set a variable of this person's environment."""
        self._env[name] = value

    def unset(self, name: str) -> None:
        """Take a variable out of this person's environment."""
        self._env.pop(name, None)

    def start(self, *argv: str, stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a command."""
        return subprocess.Popen(
            [COMMAND, *argv],
            cwd=self.folder,
            env=self.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def terminal(self, *argv: str) -> Terminal:
        """Start a command on a terminal of its own."""
        return Terminal([COMMAND, *argv], self)

    def fails(self, *argv: str, code: int = 1, stdin: bytes = b"") -> str:
        """Run a command that ends with ``code``; return what it said to the person."""
        return self.run(*argv, code=code, stdin=stdin).stderr.decode()

    def knows(self, server: FleetServer) -> None:
        """Add a server under its name, with its host key."""
        self.home.add(server)
        self.run("server", "add", server.name, server.name)

    def sh(self, script: str, project: str, *options: str) -> str:
        """Return what a shell script prints in a project's environment."""
        return self.out("exec", "--project", project, *options, "--", "sh", "-c", script)


def configured(server: FleetServer, more: str = "") -> FleetServer:
    """Give a server the configuration with which it needs no network."""
    server.write(".config/mnix/server.toml", SERVER_TOML + more)
    return server


def project_folder(server: FleetServer, project: dict[str, Any]) -> Path:
    """Return a project's folder on its server."""
    return server.home / ".local/share/mnix/projects" / str(project["id"])


def greet(folder: Path, greeting: str) -> None:
    """Edit a flake's GREETING."""
    import re

    flake = folder / "flake.nix"
    flake.write_text(re.sub(r'GREETING = "[^"]*"', f'GREETING = "{greeting}"', flake.read_text()))
