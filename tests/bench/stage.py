"""What the benchmarks play on: servers of the test fleet, a client's home, a warm project."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from server_agent import jobs
from tests.bench import peer
from tests.bench.bench_start import MNIX
from tests.fleet import ClientHome, Fleet, FleetServer
from tests.fleet.flakes import make_flake

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Stage:
    """A client's home and a fleet; leaves nothing behind."""

    fleet: Fleet
    home: ClientHome
    scratch: Path

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of a client's command."""
        return dict(os.environ) | {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "MNIX_KEEP_READY": "60",  # no process of ours shall be left for longer
        }

    def server(self, name: str) -> FleetServer:
        """Return a server that the client knows by this name, with the test image as default."""
        server = self.fleet.server(name)
        server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
        self.home.add(server)
        self.mnix("server", "add", name, name)
        return server

    def mnix(self, *args: str, cwd: Path | None = None) -> str:
        """Run a command of ours that must succeed."""
        return self._run([MNIX, *args], cwd)

    def peer(self, *args: str, cwd: Path | None = None) -> str:
        """Run a command of PyPI mnix's that must succeed, with a configuration of its own."""
        return self._run([str(peer.install() / "mnix"), *args], cwd, self.peer_env)

    @property
    def peer_env(self) -> dict[str, str]:
        """Return the peer's environment: its own state, ssh by way of a wrapper."""
        folder = self.scratch / "peer-client"
        if not folder.exists():
            folder.mkdir()
            ssh = folder / "ssh"
            ssh.write_text(f'#!/bin/sh\nexec ssh -F {self.home.ssh_config} "$@"\n')
            ssh.chmod(0o755)
            (folder / "client.toml").write_text(
                f'ssh_binary = "{ssh}"\nremote_binary = "{peer.install() / "mnix-server"}"\n'
                f'database_path = "{folder / "client.db"}"\n'
            )
        return self.env | {"MNIX_CLIENT_CONFIG": str(folder / "client.toml")}

    def ssh(self, name: str, *command: str, tty: bool = False) -> list[str]:
        """Return the command line of a plain ssh to a server."""
        options = ["-F", str(self.home.ssh_config), "-o", "BatchMode=yes"]
        return ["ssh", *options, *(["-tt"] if tty else []), name, *command]

    def project_folder(self, name: str) -> Path:
        """Return a fresh folder with a flake that builds offline."""
        return make_flake("tiny", self.scratch / name / "tiny")

    def _run(self, argv: list[str], cwd: Path | None, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            argv, env=env or self.env, cwd=cwd, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if done.returncode != 0:
            said = (done.stderr or done.stdout)[-2000:]
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {said}")
        return done.stdout


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage, and clear it afterwards."""
    with TemporaryDirectory(prefix="mnix-bench-") as scratch, pytest.MonkeyPatch.context() as patch:
        fleet = Fleet()
        try:
            yield Stage(fleet, ClientHome(Path(scratch) / "home", patch), Path(scratch))
        finally:
            for job in jobs.listing(live=True):  # they outlive the dashboard: that is their point
                jobs.kill(job["id"], 0)
            fleet.close()
