"""The whole product as a person meets it: the ``mnix`` command, SSH, rootless Podman, nix."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer
from tests.helpers.needs import require
from tests.helpers.settle import settle
from tests.integration.cli_rig import Terminal
from tests.integration.people import Person, configured, greet, project_folder

pytestmark = pytest.mark.fleet
LEADER = b"\x1c"
NO_PYTHON = """#!/bin/sh
for python in $(readlink -f /usr/bin/python3* /usr/local/bin/python3* | sort -u); do
    mount --bind /dev/null "$python"
done
exec sh -c "$SSH_ORIGINAL_COMMAND"
"""


@pytest.fixture
def tokyo(fleet: Fleet) -> FleetServer:
    return configured(fleet.server("tokyo"))


@pytest.fixture
def anna(tmp_path: Path) -> Person:
    return Person(tmp_path / "anna")


@pytest.fixture
def nix_daemon() -> Iterator[None]:
    """This machine's nix for all its users; nothing else here needs it to have a daemon."""
    require("nix")
    socket = Path("/nix/var/nix/daemon-socket/socket")
    options = ["--option", "build-users-group", "", "--option", "sandbox", "false"]
    with subprocess.Popen(
        ["nix-daemon", *options], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as daemon:
        settle(socket.exists, what="the nix daemon")
        yield
        daemon.terminate()
    socket.unlink(missing_ok=True)


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        each.close()


def test_a_container_s_life_over_ssh(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    tokyo.bashrc("echo you have mail; echo and this is an error >&2\n")
    tokyo.banner("Authorised people only.\n")
    anna.knows(tokyo)
    folder = flake("tiny", git=True)
    made = anna.run("new", "--server", "tokyo", "-f", str(folder / "flake.nix"), "api")
    assert "▸ generation 1 runs" in made.stdout.decode()
    project = anna.ls()["api@tokyo"]
    assert (project["state"], project["isolation"], project["generation"]) == (
        ("running", "container", 1)
    )
    done = anna.run(
        "exec", "sh", "-c", "cat; echo $GREETING; id -u; exit 3", stdin=b"\0\xff", code=3
    )
    assert done.stdout == b"\0\xffhi\n0\n"

    greet(folder, "hello")
    rebuilt = anna.run("rebuild-switch")
    assert b"rebuilt project api at generation 2" in rebuilt.stderr
    assert anna.sh("echo $GREETING; cat $TOOL", "api") == "hello\nhello\n"

    good = (folder / "flake.nix").read_text()
    (folder / "flake.nix").write_text(good.replace("GREETING", "${nowhere}"))
    broken = anna.run("rebuild-switch", code=1)
    assert b"undefined variable 'nowhere'" in broken.stdout
    assert b"generation 2 stays as it is" in broken.stdout
    assert b"what ran before goes on" in broken.stderr
    assert anna.sh("echo $GREETING", "api") == "hello\n"
    assert anna.ls()["api@tokyo"]["generation"] == 2
    assert "last rebuild failed" in anna.ls()["api@tokyo"]["detail"]
    assert "undefined variable" in anna.out("logs")

    assert "generation 1" in anna.out("rollback")
    assert anna.sh("echo $GREETING", "api") == "hi\n"

    anna.run("stop")
    assert anna.ls()["api@tokyo"]["state"] == "stopped"
    assert tokyo.as_user("podman", "ps", "-q").stdout == ""
    anna.run("start", "api")
    anna.run("rename", "api", "web")
    assert tokyo.as_user("podman", "ps", "--format", "{{.Names}}").stdout == "mnix-web\n"
    assert anna.sh("echo $GREETING", "web@tokyo") == "hi\n"

    kept = anna.fails("server", "rm", "tokyo", code=2)
    assert "tokyo still has projects" in kept
    assert "web" in kept
    anna.run("rm", "-y", "web")
    assert tokyo.as_user("podman", "ps", "-aq").stdout == ""
    assert not project_folder(tokyo, project).exists()
    anna.run("server", "rm", "tokyo")
    servers = json.loads(anna.out("ls", "--json"))["servers"]
    assert [each["name"] for each in servers] == ["local"]
    assert (folder / "flake.nix").exists()


def test_ls_has_the_shape_that_programs_rely_on(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    anna.knows(tokyo)
    anna.run("new", "-s", "tokyo", "api", str(flake("tiny")), "--no-build", "--isolation", "host")
    found = json.loads(anna.out("ls", "--json"))
    assert found.keys() == {"servers", "projects"}
    local, tokyo_row = sorted(found["servers"], key=lambda each: str(each["name"]))
    assert (local["name"], local["endpoint"]) == ("local", "")
    assert (tokyo_row["endpoint"], tokyo_row["state"]) == ("tokyo", "online")
    (project,) = found["projects"]
    assert {"name", "server", "state", "isolation", "generation", "seen"} <= project.keys()
    assert (project["name"], project["server"], project["generation"]) == ("api", "tokyo", None)
    assert isinstance(project["seen"], float)


def test_host_keys_unknown_accepted_changed(anna: Person, tokyo: FleetServer) -> None:
    anna.home.add(tokyo, known=False)
    anna.run("server", "add", "tokyo", "tokyo")
    refused = anna.fails("sessions", "-s", "tokyo", code=77)
    assert "SHA256:" in refused
    assert "--accept-host-key" in refused
    assert anna.home.known_hosts.read_text() == ""
    anna.run("sessions", "-s", "tokyo", "--accept-host-key")
    assert tokyo.sshd.host_key.split()[1] in anna.home.known_hosts.read_text()
    anna.run("sessions", "-s", "tokyo")
    tokyo.new_host_key()
    changed = anna.fails("sessions", "-s", "tokyo", "--accept-host-key", code=77)
    assert len(set(re.findall(r"SHA256:\S+", changed))) == 2
    assert "known_hosts" in changed


def test_a_shell_outlives_its_terminal(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    anna.knows(tokyo)
    anna.run("new", "-s", "tokyo", "api", str(flake("tiny")))
    opened.append(shell := anna.terminal("shell"))
    shell.type(b"kept=precious; echo $GREETING-$(tput cols 2>/dev/null || stty size)\n")
    shell.wait_for("hi-")
    listed = json.loads(anna.out("sessions", "--json"))
    assert [(each["kind"], each["project"]) for each in listed] == [("session", "api")]
    shell.type(LEADER + b"d")
    assert shell.exit_code() == 0
    opened.append(again := anna.terminal("shell", "--attach", listed[0]["id"]))
    again.wait_for("hi-")
    again.type(b"echo still-$kept\n")
    again.wait_for("still-precious")
    again.process.kill()
    again.process.wait()
    opened.append(third := anna.terminal("shell", "--attach", listed[0]["id"]))
    third.wait_for("still-precious")
    third.type(b"echo third-$kept; exit 5\n")
    third.wait_for("third-precious")
    assert third.exit_code() == 5
    assert json.loads(anna.out("sessions", "--json")) == []
    assert "third-precious" in anna.out("logs", "--job", listed[0]["id"])


def test_a_push_keeps_what_only_the_server_has_and_what_it_replaces(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    anna.knows(tokyo)
    folder = flake("tiny")
    (folder / "code").write_text("first")
    anna.run("new", "-s", "tokyo", "api", str(folder), "--no-build", "--isolation", "host")
    where = project_folder(tokyo, anna.ls()["api@tokyo"])
    tokyo.write(str(where.relative_to(tokyo.home) / "workspace/only-there"), "precious")
    (folder / "code").write_text("second")
    assert "1 sent, 1 older in the trash" in anna.out("push")
    assert (where / "workspace/code").read_text() == "second"
    assert (where / "workspace/only-there").read_text() == "precious"
    assert [path.read_text() for path in (where / "trash").rglob("code")] == ["first"]
    assert "nothing to send" in anna.out("push")


def test_two_people_and_two_servers(
    tmp_path: Path, anna: Person, tokyo: FleetServer, fleet: Fleet, flake: FlakeMaker
) -> None:
    paris, bert = configured(fleet.server("paris")), Person(tmp_path / "bert")
    folder = str(flake("tiny"))
    for server in (tokyo, paris):
        anna.knows(server)
        bert.knows(server)
        argv = ("new", "-s", server.name, "api", folder, "--no-build", "--isolation", "host")
        anna.run(*argv)
    ambiguous = anna.fails("stop", "api", code=2)
    assert "api@paris" in ambiguous
    assert "api@tokyo" in ambiguous
    assert bert.ls() == {}
    bert.run("ls", "--refresh")
    assert bert.ls().keys() == {"api@tokyo", "api@paris"}
    assert bert.sh("pwd", "api@paris").strip().endswith("/workspace")
    assert "has no folder here" in bert.fails("push", "api@paris", code=2)
    anna.run("rm", "-y", "api@paris")
    assert "there is no project" in bert.fails("exec", "-p", "api@paris", "true").lower()
    bert.run("sync", "-y")
    assert bert.ls().keys() == {"api@tokyo"}


def test_without_a_container_over_ssh(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker, nix_daemon: None
) -> None:
    anna.knows(tokyo)
    folder = flake("tiny")
    anna.run("new", "-s", "tokyo", "api", str(folder), "--isolation", "host")
    project = anna.ls()["api@tokyo"]
    assert (project["state"], project["isolation"], project["generation"]) == (
        ("running", "host", 1)
    )
    assert anna.sh("echo $GREETING; whoami", "api") == f"hi\n{tokyo.user}\n"
    job = anna.out("exec", "--detach", "--", "sleep", "1000").strip()
    settle(lambda: tokyo.processes("sleep 1000"), what="the command")
    anna.run("rm", "-y", "api")
    settle(lambda: not tokyo.processes("sleep 1000"), what="its end")
    assert "there is no job" in anna.fails("logs", "--job", job, "-s", "tokyo")


def test_a_server_without_podman_names_the_other_way(
    anna: Person, fleet: Fleet, flake: FlakeMaker
) -> None:
    server = configured(fleet.server("no-podman", images=(), hide=("podman",)))
    anna.knows(server)
    folder = str(flake("tiny"))
    said = anna.fails("new", "-s", "no-podman", "api", folder)
    assert "Podman is not installed" in said
    assert "--isolation host" in said
    assert anna.ls() == {}
    anna.run("new", "-s", "no-podman", "api", folder, "--isolation", "host", "--no-build")
    assert anna.ls()["api@no-podman"]["isolation"] == "host"


def test_a_server_without_python_says_so(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    anna.knows(tokyo)
    # Each login in a mount namespace of its own, where every Python is an empty file.
    login = tokyo.write("login", NO_PYTHON, 0o755)
    tokyo.set_sshd(ForceCommand=f"unshare --map-root-user --mount {login}")
    said = anna.fails("new", "-s", "tokyo", "api", str(flake("tiny")), code=69)
    assert "the agent needs Python 3.9 or later" in said
    assert "apt install python3" in said
    assert anna.ls() == {}


def test_a_server_that_is_away_and_a_project_that_is_busy(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    anna.knows(tokyo)
    folder = flake("slow", seconds=50)
    anna.run("new", "-s", "tokyo", "api", str(folder), "--no-build")
    job = anna.out("rebuild-switch", "--detach").split()[1].rstrip(":")
    (folder / "new").write_text("something to send")
    for argv in (("rebuild-switch",), ("push",), ("rm", "-y"), ("rollback",), ("stop",)):
        said = anna.fails(*argv, code=75)
        assert "rebuild" in said, argv
        assert "since" in said or "ago" in said, argv
    anna.run("sessions", "-s", "tokyo", "--end", job)
    settle(lambda: not tokyo.processes("slow-tool"), what="the build's end")
    tokyo.kill_sshd()
    tokyo.wait_port(up=False)
    for command in ("exec true", "push", "shell", "sessions -s tokyo"):
        assert "tokyo" in anna.fails(*command.split(), code=69), command
    assert anna.ls()["api@tokyo"]["state"] == "created"


def test_a_nix_that_only_root_may_use_is_said(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    require("nix")
    anna.knows(tokyo)
    done = anna.run("new", "-s", "tokyo", "api", str(flake("tiny")), "--isolation", "host", code=1)
    assert b"nix can't use its store" in done.stdout
    assert b"nix-daemon" in done.stdout
