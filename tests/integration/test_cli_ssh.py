"""The commands against real servers: SSH, rootless Podman, host keys, servers that go away."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import ClientHome, FlakeMaker, Fleet, FleetServer
from tests.integration.cli_rig import SERVER_TOML, Mnix, Terminal
from tests.integration.people import greet

pytestmark = pytest.mark.fleet


@pytest.fixture
def tokyo(fleet: Fleet) -> FleetServer:
    server = fleet.server("tokyo")
    (server.home / ".config/mnix").mkdir(parents=True, exist_ok=True)
    server.write(".config/mnix/server.toml", SERVER_TOML)
    return server


@pytest.fixture
def mnix(tokyo: FleetServer, client_home: ClientHome, tmp_path: Path) -> Mnix:
    folder = tmp_path / "here"
    folder.mkdir()
    mnix = Mnix(folder)
    client_home.add(tokyo)
    mnix.run("server", "add", "tokyo", "tokyo")
    return mnix


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        each.close()


def test_a_project_over_ssh_in_a_container(
    mnix: Mnix, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    folder = flake("tiny")
    tokyo.bashrc("echo welcome to tokyo\n")
    mnix.run("new", "api", str(folder))
    project = mnix.ls()["api@tokyo"]
    assert (project["state"], project["isolation"], project["generation"]) == (
        ("running", "container", 1)
    )
    done = mnix.run("exec", "sh", "-c", "cat; echo $GREETING; exit 3", stdin=b"in\n", code=3)
    assert (done.stdout, done.stderr) == (b"in\nhi\n", b"")
    assert mnix.run("shell", "--", "cat", timeout=30).stdout == b""
    assert mnix.run("shell", "--", "cat", stdin=b"all of it", timeout=30).stdout == b"all of it"
    piped = mnix.run("shell", stdin=b"echo is-$GREETING; exit 4\n", code=4, timeout=30)
    assert b"is-hi" in piped.stdout
    opened.append(shell := mnix.terminal("shell"))
    shell.type(b"kept=yes; echo is-$GREETING\n")
    shell.wait_for("is-hi")
    tokyo.drop_connections()
    shell.wait_for("connection lost")
    shell.wait_for("connected again")
    shell.type(b"echo still-$kept; exit 6\n")
    shell.wait_for("still-yes")
    assert shell.exit_code() == 6
    found = json.loads(mnix.out("ls", "--json", "--refresh"))
    assert {each["name"]: each["state"] for each in found["servers"]} == {
        "local": "online",
        "tokyo": "online",
    }
    greet(folder, "hello")
    opened.append(build := mnix.terminal("rebuild-switch"))
    build.wait_for("generation 2 is ready")
    build.wait_for("mnix: rebuilt project api at generation 2")
    assert build.exit_code() == 0
    assert "project api is at generation 1" in mnix.out("rollback")
    assert re.match(r"api@tokyo: freed \d", mnix.out("gc"))
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING") == "hi\n"
    assert "project api is at generation 2" in mnix.out("rollback", "2")
    mnix.run("rm", "-y", "api")
    assert tokyo.as_user("podman", "ps", "-a", "--format", "{{.Names}}").stdout == ""


def test_an_unknown_host_key_is_asked_for_and_a_changed_one_refused(
    tokyo: FleetServer, client_home: ClientHome, tmp_path: Path, opened: list[Terminal]
) -> None:
    mnix = Mnix(tmp_path)
    client_home.add(tokyo, known=False)
    mnix.run("server", "add", "tokyo", "tokyo")
    refused = mnix.run("sessions", "--server", "tokyo", code=77)
    assert b"--accept-host-key" in refused.stderr
    opened.append(ask := mnix.terminal("sessions", "--server", "tokyo"))
    ask.wait_for("SHA256:")
    ask.wait_for("[yes/no/fingerprint]")
    ask.type(b"no\n")
    assert ask.exit_code() == 77
    opened.append(again := mnix.terminal("sessions", "--server", "tokyo"))
    again.wait_for("[yes/no/fingerprint]")
    again.type(b"yes\n")
    again.wait_for("Nothing runs on ")
    assert again.exit_code() == 0
    tokyo.new_host_key()
    changed = mnix.run("--accept-host-key", "sessions", "--server", "tokyo", code=77)
    assert changed.stderr.count(b"SHA256:") == 2


def test_accepting_the_key_in_a_script(
    tokyo: FleetServer, client_home: ClientHome, tmp_path: Path
) -> None:
    mnix = Mnix(tmp_path)
    client_home.add(tokyo, known=False)
    mnix.run("server", "add", "tokyo", "tokyo")
    mnix.run("sessions", "--server", "tokyo", "--accept-host-key")
    mnix.run("sessions", "--server", "tokyo")


def test_a_server_that_is_away_is_69_and_a_row_with_a_reason(
    mnix: Mnix, tokyo: FleetServer
) -> None:
    mnix.run("sessions", "--server", "tokyo")
    tokyo.kill_sshd()
    tokyo.wait_port(up=False)
    done = mnix.run("new", "api", "--server", "tokyo", code=69)
    assert b"tokyo" in done.stderr
    mnix.run("sync", code=69)
    out = mnix.run("ls", "--refresh").stdout
    assert b"tokyo: " in out
    found = json.loads(mnix.out("ls", "--json"))
    (server,) = [each for each in found["servers"] if each["name"] == "tokyo"]
    assert server["state"] == "offline"
    assert server["seen"] is not None
    tokyo.start_sshd()
    tokyo.wait_port()
    mnix.run("sessions", "--server", "tokyo")
    assert "online" in mnix.out("server", "ls")


def test_two_servers_share_no_names(
    mnix: Mnix, fleet: Fleet, client_home: ClientHome, flake: FlakeMaker
) -> None:
    client_home.add(fleet.server("paris"))
    mnix.run("server", "add", "paris", "paris")
    folder = str(flake("tiny"))
    for server in ("tokyo", "paris"):
        mnix.run("new", "api", folder, "-s", server, "--no-build", "--isolation", "host")
    assert mnix.ls().keys() == {"api@tokyo", "api@paris"}
    assert b"api@paris, api@tokyo" in mnix.run("stop", "api", code=2).stderr
    missing = mnix.run("new", "x", folder, code=2).stderr
    assert b"local, paris, tokyo" in missing
    mnix.run("rm", "-y", "api@paris")
    assert b"added" not in mnix.run("sync").stdout
    assert mnix.ls().keys() == {"api@tokyo"}
