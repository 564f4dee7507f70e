"""``mnix server`` against real servers: added while one watches, checked, logged, purged."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import ClientHome, FlakeMaker, Fleet, FleetServer
from tests.helpers.settle import settle
from tests.integration.cli_rig import SERVER_TOML, Mnix, Terminal

pytestmark = pytest.mark.fleet


@pytest.fixture
def tokyo(fleet: Fleet) -> FleetServer:
    return _configured(fleet.server("tokyo"))


def _configured(server: FleetServer) -> FleetServer:
    (server.home / ".config/mnix").mkdir(parents=True, exist_ok=True)
    server.write(".config/mnix/server.toml", SERVER_TOML)
    return server


@pytest.fixture
def mnix(tokyo: FleetServer, client_home: ClientHome, tmp_path: Path) -> Mnix:
    folder = tmp_path / "here"
    folder.mkdir()
    client_home.add(tokyo)
    return Mnix(folder)


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        each.close()


def logged(mnix: Mnix, server: str = "tokyo", *more: str) -> list[dict[str, Any]]:
    lines = mnix.out("server", "log", server, "--json", *more).splitlines()
    return [json.loads(line) for line in lines]


def test_a_server_is_added_while_one_watches_and_the_doctor_says_the_same_later(
    mnix: Mnix, tokyo: FleetServer, client_home: ClientHome, opened: list[Terminal]
) -> None:
    opened.append(added := mnix.terminal("server", "add", "tokyo", "--tag", "asia"))
    added.wait_for("saved server tokyo -> tokyo")
    for title in ("log in", "Python", "mnix's agent", "Podman", "disk"):
        added.wait_for(title)
    assert added.exit_code() == 0

    report = json.loads(mnix.out("server", "doctor", "--json"))
    (only,) = report["servers"]
    assert report["ok"]
    assert only["ok"]
    assert (only["server"], only["endpoint"]) == ("tokyo", "tokyo")
    states = {each["key"]: each["state"] for each in only["checks"]}
    assert list(states)[:5] == ["config", "resolve", "connect", "hostkey", "login"]
    assert {states[key] for key in ("connect", "hostkey", "login", "python", "agent")} == {"ok"}
    (listed,) = json.loads(mnix.out("server", "ls", "--tag", "asia", "--json"))
    assert (listed["name"], listed["state"], listed["tags"]) == ("tokyo", "online", ["asia"])

    # What it needs is gone now: each is named, and the exit code says what kind of trouble it is.
    tokyo.kill_sshd()
    gone = mnix.run("server", "doctor", "tokyo", code=69)
    assert "✕ connect" in gone.stdout.decode()
    assert "→" in gone.stdout.decode()
    tokyo.start_sshd()
    (client_home.path / ".ssh/known_hosts").write_text("")
    refused = mnix.run("server", "doctor", "--tag", "asia", code=77)
    assert "✕ host key" in refused.stdout.decode()
    both = mnix.run("server", "doctor", "--all", code=77).stdout.decode()
    assert "tokyo" in both
    assert "local: " in both
    (listed,) = json.loads(mnix.out("server", "ls", "--tag", "asia", "--json"))
    assert listed["state"] == "refused"


def test_the_projects_of_a_server_that_was_forgotten_are_there_when_it_is_added_again(
    mnix: Mnix, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    mnix.run("server", "add", "tokyo")
    mnix.run("new", "api", str(flake("tiny")), "--isolation", "host", "--no-build")
    mnix.run("server", "rm", "--forget", "tokyo")
    mnix.run("server", "add", "tokyo")
    assert "Not asked yet what is there: tokyo" in mnix.out("ls")
    mnix.run("server", "rm", "tokyo")
    assert b"1 project on tokyo: mnix ls" in mnix.run("server", "add", "tokyo", "--check").stderr
    listed = mnix.out("ls")
    assert "api " in listed
    assert "Not asked" not in listed


def test_a_server_that_can_not_be_used_is_saved_all_the_same(
    mnix: Mnix, tokyo: FleetServer, opened: list[Terminal]
) -> None:
    tokyo.kill_sshd()
    opened.append(added := mnix.terminal("server", "add", "tokyo"))
    added.wait_for("saved server tokyo -> tokyo")
    added.wait_for("✕ failed: connect")
    added.wait_for("mnix server doctor tokyo")
    assert added.exit_code() == 69
    piped = mnix.run("server", "add", "tokyo", "again")
    assert piped.stdout == b"saved server again -> tokyo\n"
    assert piped.stderr == b""
    asked = mnix.run("server", "add", "tokyo", "again", "--check", code=69)
    assert "✕ connect" in asked.stderr.decode()
    assert mnix.run("server", "add", "nobody@Tokyo", code=2).stdout == b""
    tokyo.start_sshd()


def test_a_passphrase_is_asked_on_the_terminal_also_where_stdin_is_a_pipe(
    mnix: Mnix, tokyo: FleetServer, client_home: ClientHome, opened: list[Terminal]
) -> None:
    locked = client_home.ssh_folder / "locked"
    locked.write_bytes(tokyo.key_path.read_bytes())
    locked.chmod(0o600)
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "geheim", "-f", str(locked)]
    subprocess.run(change, check=True, stdout=subprocess.DEVNULL)
    config = client_home.ssh_config.read_text()
    client_home.ssh_config.write_text(config.replace(str(tokyo.key_path), str(locked)))
    mnix.run("server", "add", "tokyo")
    nobody = mnix.run("ls", "--refresh", "--server", "tokyo")
    assert b"locked" in nobody.stderr
    argv = f"echo x | {sys.executable} -m mnix_tui server doctor tokyo"
    opened.append(asked := Terminal(["sh", "-c", argv], mnix))
    asked.wait_for("Passphrase for ~/.ssh/locked: ")
    asked.type(b"wrong\n")
    asked.wait_for("attempt 2")
    asked.wait_for("Passphrase for ~/.ssh/locked: ")
    asked.type(b"geheim\n")
    asked.wait_for("Podman")
    assert asked.exit_code() == 0
    assert b"geheim" not in asked.seen
    opened.append(refused := mnix.terminal("server", "doctor", "tokyo"))
    refused.wait_for("Passphrase for ~/.ssh/locked: ")
    refused.type(b"\x04")
    refused.wait_for("✕ failed: log in")
    assert refused.exit_code() == 77
    assert "geheim" not in mnix.out("server", "log", "tokyo")


def test_what_was_done_is_logged_with_time_and_result_and_no_secret(
    mnix: Mnix, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    mnix.run("server", "add", "tokyo")
    assert logged(mnix) == []
    began = time.time()
    mnix.run("new", "api", str(flake("tiny")), "--isolation", "host", "--no-build")
    mnix.run("exec", "--bare", "--", "sh", "-c", "exit 3", code=3)
    mnix.run("exec", "--bare", "--", "env", "API_TOKEN=hunter2", "true")
    tokyo.kill_sshd()
    mnix.run("start", code=69)
    tokyo.start_sshd()
    tokyo.wait_port()
    found = logged(mnix)
    assert all(began <= each["at"] <= time.time() for each in found)
    assert all(each["seconds"] >= 0 for each in found)
    said = [(each["what"], each["detail"].split()[0], each["result"]) for each in found]
    assert ("connect", "tokyo", "ok") in said
    assert [each[0] for each in said[:2]] == ["connect", "deliver"]
    assert ("request", "project.create", "ok") in said
    assert ("command", "sync", "ok") in said
    assert ("command", "exec", "exit 3") in said
    assert said[-1][:2] == ("connect", "tokyo")
    assert said[-1][2] not in ("", "ok")
    assert "hunter2" not in json.dumps(found)
    assert any("API_TOKEN=…" in each["detail"] for each in found)
    assert not any("state.get" in each["detail"] for each in found)
    assert logged(mnix, "tokyo", "-n", "2") == found[-2:]

    text = mnix.out("server", "log", "tokyo")
    assert len(text.splitlines()) == len(found)
    assert "exec --project api --bare -- sh -c 'exit 3'  → exit 3" in text

    opened.append(following := mnix.terminal("server", "log", "tokyo", "-f", "-n", "0"))
    settle(lambda: "server" in _command_line(following))
    mnix.run("stop")
    following.wait_for("project.stop project=api  → ok")
    following.type(b"\x03")
    assert following.exit_code() == 130
    # A look is no record, and other servers have logs of their own.
    mnix.run("ls", "--refresh")
    assert logged(mnix)[-1]["what"] == "connect"
    assert logged(mnix, "local") == []
    assert b"no server 'tokio'" in mnix.run("server", "log", "tokio", code=1).stderr


def _command_line(terminal: Terminal) -> str:
    return Path(f"/proc/{terminal.process.pid}/cmdline").read_text().replace("\0", " ")


def test_a_server_is_purged_of_all_that_is_ours_and_nothing_else(
    mnix: Mnix, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    mnix.run("server", "add", "tokyo")
    folder = str(flake("tiny"))
    mnix.run("new", "api", folder, "--no-build")
    mnix.run("new", "web", folder, "--isolation", "host", "--no-build")
    tokyo.as_user("podman", "run", "-d", "--name", "theirs", "mnix-base", "sleep", "600")
    tokyo.write("theirs.txt", "kept")
    refused = mnix.run("server", "rm", "tokyo", code=2)
    assert b"tokyo still has projects" in refused.stderr
    assert b"--purge" in refused.stderr
    unasked = mnix.run("server", "rm", "tokyo", "--purge", code=2).stderr.decode()
    for goes in ("project api (", "/.local/share/mnix/agent\n", "add --yes"):
        assert goes in unasked

    opened.append(shell := mnix.terminal("shell", "--project", "web", "--bare"))
    shell.type(b"echo shell-$((1+1))\n")
    shell.wait_for("shell-2")
    busy = mnix.run("server", "rm", "tokyo", "--purge", code=75)
    assert (
        b"1 session still runs on tokyo\n  \xe2\x86\x92 end what runs, or add --force"
        in busy.stderr
    )
    busy = mnix.run("server", "rm", "tokyo", "--purge", "--yes", code=75)
    assert b"still run here: web" in busy.stderr
    opened.append(asked := mnix.terminal("server", "rm", "tokyo", "--purge", "--force"))
    for text in ("this would go from tokyo", "project api", "project web", "1 session"):
        asked.wait_for(text)
    asked.wait_for("[yes/no]")
    asked.type(b"no\n")
    assert asked.exit_code() == 1
    assert set(mnix.ls()) == {"api@tokyo", "web@tokyo"}

    done = mnix.run("server", "rm", "tokyo", "--purge", "--yes", "--force")
    assert b"removed 2 projects there" in done.stderr
    assert done.stdout == b"removed server tokyo\n"
    assert mnix.ls() == {}
    assert "tokyo" not in mnix.out("server", "ls")
    names = tokyo.as_user("podman", "ps", "-a", "--format", "{{.Names}}").stdout.split()
    assert names == ["theirs"]
    assert (tokyo.home / "theirs.txt").read_text() == "kept"
    assert not (tokyo.home / ".local/share/mnix").exists()
    assert not (tokyo.home / ".local/state/mnix-server").exists()
    assert logged(mnix)[-1]["detail"].startswith("server.purge")


def test_several_projects_on_several_servers_at_once(
    mnix: Mnix, tokyo: FleetServer, fleet: Fleet, client_home: ClientHome, flake: FlakeMaker
) -> None:
    paris = _configured(fleet.server("paris"))
    client_home.add(paris)
    for name in ("tokyo", "paris"):
        mnix.run("server", "add", name, "--tag", "both", "--tag", f"only-{name}")
    folder = str(flake("tiny"))
    for name, server, isolation in (
        ("api", "tokyo", "container"),
        ("web", "tokyo", "host"),  # its user may not use that machine's own nix
        ("api", "paris", "host"),
    ):
        where = ("--server", server, "--isolation", isolation, "--no-build")
        mnix.run("new", name, folder, *where)

    built = mnix.run("rebuild-switch", "--tag", "only-tokyo", code=1)
    assert built.stdout == b"rebuilt project api@tokyo at generation 1\n"
    assert b"could not rebuild web@tokyo: the build failed: nix can't use" in built.stderr
    assert b"mnix logs --tree --project web@tokyo --job" in built.stderr
    events = mnix.run("rebuild-switch", "--tag", "only-paris", "--json", code=1).stdout
    job, end = map(json.loads, events.splitlines())
    assert (job["event"], job["project"], job["server"]) == ("job", "api", "paris")
    assert (end["event"], end["ok"], end["id"]) == ("end", False, job["id"])

    assert b"add --yes" in mnix.run("stop", "--all", code=2).stderr
    stopped = mnix.out("stop", "--tag", "both", "--yes").splitlines()
    assert sorted(stopped) == [
        f"stopped project {ref}" for ref in ("api@paris", "api@tokyo", "web@tokyo")
    ]
    assert mnix.ls()["api@tokyo"]["state"] == "stopped"
    started = mnix.out("start", "api@tokyo", "web").splitlines()
    assert sorted(started) == ["started project api@tokyo", "started project web@tokyo"]
    assert mnix.ls()["api@tokyo"]["state"] == "running"

    # What fails on one server stops no other.
    paris.kill_sshd()
    some = mnix.run("start", "--all", code=69)
    assert len(some.stdout.splitlines()) == 2
    assert b"could not start paris: " in some.stderr
    assert b"(1 project)" in some.stderr
    assert b"only-paris" in mnix.run("start", "--tag", "only-pari", code=1).stderr
    paris.start_sshd()
