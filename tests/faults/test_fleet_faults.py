"""Parts die in the middle of the work, on a real server: nothing is lost, and it is said."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer
from tests.helpers.settle import settle
from tests.integration.people import Person, configured, greet, project_folder

pytestmark = pytest.mark.fleet


@pytest.fixture
def tokyo(fleet: Fleet) -> FleetServer:
    return configured(fleet.server("tokyo"))


@pytest.fixture
def anna(tmp_path: Path, tokyo: FleetServer) -> Person:
    person = Person(tmp_path / "anna")
    person.knows(tokyo)
    return person


def made(person: Person, folder: Path, *options: str) -> dict[str, Any]:
    """Make the project ``api`` on tokyo; return what ``ls`` knows of it."""
    person.run("new", "-s", "tokyo", "api", str(folder), *options)
    return person.ls()["api@tokyo"]


def seen(person: Person, job: str) -> dict[str, Any]:
    """Return a job as ``sessions`` lists it."""
    listed = json.loads(person.out("sessions", "--all", "--json", "-s", "tokyo"))
    (found,) = [each for each in listed if each["id"] == job]
    return dict(found)


def building(person: Person) -> tuple[subprocess.Popen[bytes], bytes]:
    """Start a build of the flake ``slow``, and wait until it is at work; return its output too."""
    build = person.start("rebuild-switch")
    assert build.stdout is not None
    seen_lines = b""
    while b"slow line 2\n" not in seen_lines:
        line = build.stdout.readline()
        assert line, (seen_lines, build.communicate())
        seen_lines += line
    return build, seen_lines


def test_two_people_rebuild_one_project(
    tmp_path: Path, anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    made(anna, flake("slow", seconds=8), "--no-build")
    bert = Person(tmp_path / "bert")
    bert.knows(tokyo)
    bert.run("ls", "--refresh")
    build, _ = building(anna)
    said = bert.fails("rebuild-switch", "-p", "api", code=75)
    assert "rebuild" in said
    followed = bert.out("logs", "-f", "-p", "api")
    assert "slow line 1\n" in followed
    assert "generation 1 runs" in followed
    out, err = build.communicate(timeout=30)
    assert (build.returncode, b"at generation 1" in err) == (0, True), (out, err)


def in_incoming(where: Path) -> list[str]:
    """Return what waits there: of a transfer that was cut off only the parts of large files."""
    return [path.name for path in (where / "incoming").iterdir()]


def test_a_client_killed_while_it_uploads_changes_nothing(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    (folder / "code").write_text("first")
    where = project_folder(tokyo, made(anna, folder, "--no-build", "--isolation", "host"))
    (folder / "code").write_text("second")
    with (folder / "large").open("wb") as large:
        large.truncate(2 << 30)
    push = anna.start("push")
    settle(lambda: list(where.glob("incoming/parts/*")), timeout=30, what="the transfer")
    push.kill()
    push.communicate()
    settle(lambda: in_incoming(where) == ["parts"], what="an incoming/ with parts alone")
    assert (where / "workspace/code").read_text() == "first"
    (folder / "large").unlink()
    assert "1 sent" in anna.out("push")
    assert (where / "workspace/code").read_text() == "second"
    assert not (where / "workspace/large").exists()


def test_an_agent_killed_while_it_uploads_is_said(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    (folder / "code").write_text("first")
    where = project_folder(tokyo, made(anna, folder, "--no-build", "--isolation", "host"))
    (folder / "code").write_text("second")
    with (folder / "large").open("wb") as large:
        large.truncate(2 << 30)
    push = anna.start("push")
    settle(lambda: list(where.glob("incoming/parts/*")), timeout=30, what="the transfer")
    for pid in tokyo.processes(" sync --nonce "):
        os.kill(pid, signal.SIGKILL)
    _, err = push.communicate(timeout=30)
    assert push.returncode == 69, err
    assert b"Traceback" not in err
    assert b"the transfer was cut off" in err
    assert b"again" in err
    assert (where / "workspace/code").read_text() == "first"
    (folder / "large").unlink()
    assert "1 sent" in anna.out("push")
    assert in_incoming(where) == ["parts"]


def test_a_client_killed_while_it_builds_and_the_agent_too(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    made(anna, flake("slow", seconds=5), "--no-build")
    build, _ = building(anna)
    build.kill()
    build.communicate()
    for pid in tokyo.processes(" serve "):
        os.kill(pid, signal.SIGKILL)
    log = anna.out("logs", "-f")
    assert re.findall(r"slow line (\d+)\n", log) == [str(n) for n in range(1, 26)]
    assert "generation 1 runs" in log
    assert anna.sh("echo $GREETING", "api") == "hi\n"
    anna.run("ls", "--refresh")
    assert anna.ls()["api@tokyo"]["generation"] == 1


def test_an_agent_killed_under_a_shell(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    made(anna, flake("tiny"), "--no-build", "--isolation", "host")
    shell = anna.terminal("shell", "--bare")
    try:
        shell.type(b"kept=precious; echo ready-$((1 + 1))\n")
        shell.wait_for("ready-2")
        for pid in tokyo.processes(" serve "):
            os.kill(pid, signal.SIGKILL)
        shell.type(b"echo still-$kept; exit 4\n")
        shell.wait_for("still-precious")
        assert shell.exit_code() == 4
    finally:
        shell.close()


def test_a_holder_killed_under_a_shell_leaves_nothing_in_the_container(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    made(anna, flake("tiny"))
    shell = anna.terminal("shell")
    try:
        shell.type(b"sleep 54321 & sleep 12345; echo never\n")
        settle(lambda: tokyo.processes("sleep 12345"), what="the command")
        (job,) = json.loads(anna.out("sessions", "--json"))
        (holder,) = tokyo.processes(f"_hold {tokyo.home}/.local/state/mnix-server/jobs/{job['id']}")
        os.kill(holder, signal.SIGKILL)
        assert shell.exit_code() == 1
        assert b"its holder was killed" in shell.seen, shell.seen
    finally:
        shell.close()
    lost = seen(anna, job["id"])
    assert (lost["state"], lost["reason"]) == ("lost", "its holder was killed; the shell was ended")
    assert json.loads(anna.out("sessions", "--json")) == []
    for command in ("sleep 12345", "sleep 54321"):
        settle(lambda c=command: not tokyo.processes(c), what=f"the end of {command}")


def test_a_holder_killed_under_a_build(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    made(anna, flake("slow", seconds=50), "--no-build")
    build, _ = building(anna)
    (holder,) = tokyo.processes(" _hold ")
    os.kill(holder, signal.SIGKILL)
    out, err = build.communicate(timeout=30)
    assert build.returncode == 1, (out, err)
    assert b"its holder was killed" in err
    anna.run("ls", "--refresh")
    settle(lambda: not tokyo.processes("slow-tool"), what="the end of what was building")
    settle(lambda: not tokyo.processes(" _rebuild "), what="the end of the rebuild")
    anna.run("ls", "--refresh")
    project = anna.ls()["api@tokyo"]
    assert (project["state"], project["generation"]) == ("failed", None)
    assert "last rebuild failed" in project["detail"]


def test_a_container_that_somebody_removed(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    made(anna, folder)
    tokyo.as_user("podman", "rm", "-f", "-t", "0", "mnix-api")
    anna.run("ls", "--refresh")
    project = anna.ls()["api@tokyo"]
    assert project["state"] == "failed"
    assert "container is gone" in project["detail"], project
    said = anna.fails("exec", "true")
    assert "mnix rebuild-switch" in said
    assert "no container" in said
    assert "mnix rebuild-switch" in anna.fails("start")
    greet(folder, "again")
    anna.run("rebuild-switch")
    assert anna.sh("echo $GREETING", "api") == "again\n"
    assert tokyo.as_user("podman", "ps", "-a", "--format", "{{.Names}}").stdout == "mnix-api\n"
    assert anna.ls()["api@tokyo"]["state"] == "running"


def test_a_connection_that_drops_under_a_build_is_made_again(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    made(anna, flake("slow", seconds=6), "--no-build")
    build, before = building(anna)
    tokyo.drop_connections()
    out, err = build.communicate(timeout=40)
    log = (before + out).decode()
    assert build.returncode == 0, (log, err)
    assert re.findall(r"slow line (\d+)\n", log) == [str(n) for n in range(1, 31)]
    assert b"rebuilt project api at generation 1" in err


def test_a_server_that_goes_away_under_a_build(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    made(anna, flake("slow", seconds=4), "--no-build")
    build, _ = building(anna)
    tokyo.kill_sshd()
    tokyo.wait_port(up=False)
    build.send_signal(signal.SIGINT)
    _, err = build.communicate(timeout=30)
    assert build.returncode == 130
    assert b"the build goes on" in err
    assert b"mnix logs -f --tree --job" in err
    tokyo.start_sshd()
    assert "generation 1 runs" in anna.out("logs", "-f")
