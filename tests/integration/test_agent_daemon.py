"""The store ``daemon``: the machine's own store and its daemon, for a rootless user and for root."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import lifecycle
from tests.fleet import FlakeMaker, Fleet
from tests.fleet.claims import Exclusive
from tests.fleet.local import LocalPodman
from tests.helpers.needs import require
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig
from tests.integration.test_agent_rootless import Remote

SOCKET = Path("/nix/var/nix/daemon-socket/socket")
CONF = "build-users-group =\nsandbox = false\nsubstituters =\nexperimental-features = nix-command flakes"


@pytest.fixture
def nix_daemon(tmp_path: Path) -> Iterator[Path]:
    """Run this machine's nix daemon, for as long as the test takes; return its log."""
    require("nix", "root")
    log = tmp_path / "daemon.log"
    with Exclusive("nix-daemon"), log.open("wb") as said:
        SOCKET.unlink(missing_ok=True)
        process = subprocess.Popen(
            ["nix-daemon"],
            env={**os.environ, "NIX_CONFIG": CONF},
            stdin=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            settle(SOCKET.exists, what="the daemon")
            yield log
        finally:
            process.terminate()
            process.wait(10)
            SOCKET.unlink(missing_ok=True)


class Far(Remote):
    """The agent of a user, asked by its use cases."""

    def call(self, name: str, *words: Any) -> Any:
        """Call a use case; return its answer, or its error."""
        code = (
            f"import sys, json; sys.path.insert(0, {str(self.pyz)!r})\n"
            "from server_agent.core import usecases\n"
            "from server_agent.protocol.errors import AgentError\n"
            f"try: print(json.dumps(usecases.{name}(*{words!r})))\n"
            "except AgentError as error: print(json.dumps(error.to_wire()))\n"
        )
        done = self.server.as_user(self.python, "-I", "-S", "-c", code)
        return json.loads(done.stdout)


def roots() -> str:
    """Return the roots of the machine's store, as its owner sees them."""
    argv = ["nix-store", "--gc", "--print-roots"]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout


def test_a_rootless_user_builds_in_the_machine_s_store(
    fleet: Fleet, flake: FlakeMaker, nix_daemon: Path
) -> None:
    remote = Far(fleet.server("user-mnix-base"))
    remote.configure("mnix-base")
    folder = flake("tiny")
    (folder / "mnix.toml").write_text('store = "daemon"\n')
    answer = remote.launch(folder)
    assert "generation 1 runs" in answer["stdout"], answer
    assert remote.exec("sh", "-c", "echo $GREETING; cat $TOOL; touch here") == "hi\nhello\n"
    assert remote.exec("sh", "-c", "touch /nix/store/x 2>&1 || echo read-only").endswith("only\n")
    # Its root is an ordinary user to the daemon.
    assert f"user {remote.server.user}" in nix_daemon.read_text()
    assert "(trusted)" not in nix_daemon.read_text()
    (info,) = remote.call("state")
    assert (info["store"], info["warm"], info["generation"]) == ("daemon", True, 1)
    # The daemon knows of the root, and so leaves it alone.
    (row,) = remote.call("generations", info["id"])["generations"]
    assert row["paths"] == 3
    link = f"{Path(info['workspace']).parent}/roots/1"
    assert f"{link} -> {row['store_path']}" in roots()
    freed = remote.call("gc", info["id"])
    assert set(freed) == {"paths", "bytes"}
    assert remote.exec("sh", "-c", "cat $TOOL") == "hello\n"
    remote.agent("project", "rm", "--name", "demo")
    assert link not in roots()


def test_root_s_container_is_not_the_daemon_s_root(
    local_podman: LocalPodman,
    flake: FlakeMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nix_daemon: Path,
) -> None:
    local_podman.image("mnix-base")
    config = tmp_path / "server.toml"
    config.write_text('base_image = "localhost/mnix-base"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(config))
    rig = Rig.make("demo", "container")
    folder = flake("tiny")
    (folder / "mnix.toml").write_text('store = "daemon"\n')
    rig.push(folder)
    # Without the daemon it says so.
    os.rename(SOCKET, f"{SOCKET}.away")
    code, log = rig.rebuild()
    os.rename(f"{SOCKET}.away", SOCKET)
    assert code == 1
    assert "no nix daemon answers on this server" in log
    assert rig.info["state"] == "failed"
    code, log = rig.rebuild()
    assert code == 0, log
    # But for the agent's look whether anybody answers, all comes from a user of the container.
    said = nix_daemon.read_text()
    assert said.count("(trusted)") == said.count("unexpected Nix daemon error")  # it says nothing
    assert "user 2000000000\n" in said
    # What is pushed later is the container's as well, and what it makes can be replaced.
    (folder / "later").write_text("pushed\n")
    rig.push(folder)
    assert rig.out("sh", "-c", "echo more >> later; cat later; echo $GREETING") == (
        "pushed\nmore\nhi\n"
    )
    (folder / "later").write_text("again\n")
    rig.push(folder)
    assert rig.out("cat", "later") == "again\n"
    lifecycle.remove(rig.id)
