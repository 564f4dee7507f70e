"""The commands on this machine, with the real agent, nix, and Podman."""

import hashlib
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import ClientHome, FlakeMaker
from tests.helpers.needs import require
from tests.helpers.settle import settle
from tests.integration.cli_rig import SERVER_TOML, Mnix


@pytest.fixture
def mnix(client_home: ClientHome, tmp_path: Path) -> Iterator[Mnix]:
    config = client_home.path / ".config/mnix"
    config.mkdir(parents=True)
    (config / "server.toml").write_text(SERVER_TOML)
    folder = tmp_path / "here"
    folder.mkdir()
    mnix = Mnix(folder)
    yield mnix
    for ref, project in mnix.ls().items():
        if project["id"]:
            mnix.run("rm", "-y", ref, code=None)


@pytest.fixture(params=["host", "container"])
def isolation(request: pytest.FixtureRequest) -> str:
    if request.param == "container":
        request.getfixturevalue("local_podman")
    else:
        require("nix")
    return str(request.param)


@pytest.fixture
def demo(mnix: Mnix, flake: FlakeMaker) -> Path:
    """Make the project ``demo`` on the host, in place; return its folder."""
    require("nix")
    folder = flake("tiny")
    mnix.run("new", "demo", str(folder), "--isolation", "host")
    return folder


def test_a_project_from_new_to_rm(isolation: str, mnix: Mnix, flake: FlakeMaker) -> None:
    folder = flake("tiny", git=True)
    (folder / "secret").write_text("x")
    (folder / ".gitignore").write_text("secret\n")
    made = mnix.run("new", "demo", str(folder), "--isolation", isolation, "--copy")
    assert b"made project demo on local" in made.stdout
    assert "▸ generation 1 runs".encode() in made.stdout
    project = mnix.ls()["demo@local"]
    assert (project["state"], project["isolation"], project["generation"]) == (
        ("running", isolation, 1)
    )
    assert project["selected"]
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING $HOOKED; ls") == (
        "hi 1\nflake.nix\ntoolchain\n"
    )
    mnix.run("exec", "--", "touch", "only-there")
    (folder / "new").write_text("n")
    flake_nix = folder / "flake.nix"
    flake_nix.write_text(flake_nix.read_text().replace('"hi"', '"hello"'))
    mnix.run("rebuild-switch")
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING; cat new; ls only-there") == (
        "hello\nnonly-there\n"
    )
    assert "generation 1" in mnix.out("rollback")
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING") == "hi\n"
    mnix.run("stop")
    assert mnix.ls()["demo@local"]["state"] == "stopped"
    mnix.run("start", "demo")
    assert mnix.ls()["demo@local"]["state"] == "running"
    mnix.run("rename", "demo", "other")
    assert mnix.out("exec", "--project", "other", "--", "echo", "x") == "x\n"
    mnix.run("rm", "-y", "other")
    assert mnix.ls() == {}
    assert flake_nix.exists()


def test_exec_is_a_pipe_with_an_exit_code(mnix: Mnix, demo: Path) -> None:
    done = mnix.run(
        "exec", "sh", "-c", "cat; echo err >&2; exit 7", code=7, stdin=b"in\0\xff\n" * 9
    )
    assert done.stdout == b"in\0\xff\n" * 9
    assert done.stderr == b"err\n"
    assert mnix.run("exec", "sh", "-c", "kill -9 $$", code=137).stdout == b""
    assert mnix.run("exec", "no-such-program", code=127).stdout == b""
    assert mnix.out("exec", "--bare", "--", "sh", "-c", "echo -$GREETING-") == "--\n"


def test_a_shell_s_command_reads_a_pipe_to_its_end(
    isolation: str, mnix: Mnix, flake: FlakeMaker
) -> None:
    mnix.run("new", "demo", str(flake("tiny")), "--isolation", isolation, "--no-build")

    def shell(script: str, stdin: bytes) -> bytes:
        command = ("shell", "--bare", "--", "sh", "-c", script)
        return mnix.run(*command, stdin=stdin, timeout=30).stdout

    assert shell("cat; test -t 1 && echo over", b"") == b"over\r\n"
    data = b"\x03\x04" + os.urandom(1 << 20)  # keys of a terminal, and lines of any length
    assert shell("sha256sum", data).split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert shell("read x; echo $x", b"first\n" * 100_000) == b"first\r\n"
    assert mnix.out("sessions") == "Nothing runs on local.\n"


def test_pypi_hole_11_everything_after_the_name_is_the_commands(mnix: Mnix, demo: Path) -> None:
    (demo / "-h").touch()
    assert "-h" in mnix.out("exec", "ls", "-a")
    assert "usage" not in mnix.out("exec", "ls", "-h").lower()
    assert mnix.out("exec", "echo", "--bare", "--", "-x") == "--bare -- -x\n"
    assert mnix.out("exec", "--", "cat", stdin=b"forwarded") == "forwarded"


def test_exec_carries_much_both_ways(mnix: Mnix, demo: Path, tmp_path: Path) -> None:
    data = os.urandom(8 << 20)
    assert mnix.run("exec", "cat", stdin=data).stdout == data
    (tmp_path / "file").write_bytes(data)
    with (tmp_path / "file").open("rb") as file:
        process = mnix.start("exec", "cat", stdin=file)
        assert process.communicate(timeout=60)[0] == data


def test_a_reader_that_leaves_ends_the_command(mnix: Mnix, demo: Path) -> None:
    process = mnix.start("exec", "sh", "-c", "echo $$; exec yes")
    assert process.stdout is not None
    assert process.stderr is not None
    pid = int(process.stdout.readline())
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
    settle(lambda: not Path(f"/proc/{pid}").exists(), what="the end of yes")


def test_ctrl_c_ends_the_command_there(mnix: Mnix, demo: Path) -> None:
    process = mnix.start("exec", "sh", "-c", "echo $$; exec sleep 1000")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    settle(lambda: not Path(f"/proc/{pid}").exists(), what="the end of sleep")


def test_a_detached_command_has_a_log(mnix: Mnix, demo: Path) -> None:
    job = mnix.out("exec", "--detach", "--", "sh", "-c", "echo one; echo two >&2; exit 3").strip()
    assert mnix.out("logs", "-f", "--job", job) == "one\ntwo\n"
    jobs = json.loads(mnix.out("sessions", "--all", "--json"))
    (found,) = [each for each in jobs if each["id"] == job]
    assert (found["kind"], found["exit_code"], found["project"]) == ("exec", 3, "demo")


def test_a_job_can_be_ended(mnix: Mnix, demo: Path) -> None:
    job = mnix.out("exec", "-d", "sleep", "1000").strip()
    assert job in mnix.out("sessions")
    mnix.run("sessions", "--end", job)
    assert job not in mnix.out("sessions")
    assert (
        "There is no session" in mnix.run("sessions", "--end", "aaaaaaaa", code=1).stderr.decode()
    )


def test_a_build_that_fails_keeps_what_ran(mnix: Mnix, demo: Path, flake: FlakeMaker) -> None:
    good = (demo / "flake.nix").read_text()
    (demo / "flake.nix").write_text((flake("failing") / "flake.nix").read_text())
    done = mnix.run("rebuild-switch", code=1)
    assert b"> error: the tool refuses to be built" in done.stdout
    assert b"what ran before goes on" in done.stderr
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING") == "hi\n"
    (demo / "flake.nix").write_text(good)
    mnix.run("rebuild-switch")
    assert "refuses" not in mnix.out("logs")


def test_events_of_a_build_for_programs(mnix: Mnix, demo: Path) -> None:
    lines = mnix.out("rebuild-switch", "--json").splitlines()
    events = [json.loads(line) for line in lines]
    assert events[0]["event"] == "job"
    assert any(each["event"] == "line" and each["kind"] == "step" for each in events)
    assert (events[-1]["event"], events[-1]["ok"], events[-1]["generation"]) == ("end", True, 1)


def test_an_interrupted_build_goes_on_and_can_be_followed(mnix: Mnix, flake: FlakeMaker) -> None:
    require("nix")
    folder = flake("slow", seconds=3)
    mnix.run("new", "slow", str(folder), "--isolation", "host", "--no-build")
    process = mnix.start("rebuild-switch")
    assert process.stdout is not None
    for line in process.stdout:
        if b"slow line 2" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"the build goes on" in err
    assert b"mnix logs -f" in err
    log = mnix.out("logs", "-f")
    assert log.count("slow line 2\n") == 1
    assert "▸ generation 1 runs" in log
    mnix.run("ls", "--refresh")
    assert mnix.ls()["slow@local"]["generation"] == 1


def test_two_builds_of_one_project_at_once_are_refused_with_75(
    mnix: Mnix, flake: FlakeMaker
) -> None:
    require("nix")
    mnix.run("new", "slow", str(flake("slow", seconds=4)), "--isolation", "host", "--no-build")
    mnix.run("rebuild-switch", "--detach")
    done = mnix.run("rebuild-switch", code=75)
    assert b"slow" in done.stderr
    mnix.out("logs", "-f")


def test_pypi_hole_6_a_failed_new_leaves_nothing_behind(
    mnix: Mnix, flake: FlakeMaker, client_home: ClientHome
) -> None:
    require("nix")
    folder = flake("tiny")
    mnix.run("new", "demo", str(folder), "--isolation", "host", "--copy", "--no-build")
    data = client_home.path / ".local/share/mnix/projects"
    before = sorted(each.name for each in data.iterdir())
    bad = flake("tiny")
    (bad / "mnix.toml").write_text("isolation = 5")
    assert b"isolation must be" in mnix.run("new", "x", str(bad), code=1).stderr
    done = mnix.run("new", "demo", str(folder), "--isolation", "host", code=1)
    assert b"There is a project 'demo' on local already" in done.stderr
    assert sorted(each.name for each in data.iterdir()) == before
    assert list(mnix.ls()) == ["demo@local"]


def test_pypi_hole_6_a_push_that_is_cut_off_takes_the_new_project_back(
    mnix: Mnix, flake: FlakeMaker, client_home: ClientHome
) -> None:
    require("nix")
    folder = flake("tiny")
    with (folder / "huge").open("wb") as file:
        file.truncate(2 << 30)  # sparse here; sending it takes long enough to be cut off
    process = mnix.start("new", "demo", str(folder), "--isolation", "host", "--copy")
    data = client_home.path / ".local/share/mnix/projects"
    settle(lambda: list(data.glob("*/incoming/parts/*")), timeout=30, what="the upload")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert [each for each in data.iterdir() if each.is_dir()] == []
    assert mnix.ls() == {}


def test_pypi_hole_14_new_never_overwrites(mnix: Mnix, demo: Path, flake: FlakeMaker) -> None:
    before = mnix.ls()
    mnix.run("new", "demo", str(flake("tiny")), code=1)
    assert mnix.ls().keys() == before.keys()
    assert mnix.ls()["demo@local"]["id"] == before["demo@local"]["id"]


def test_sync_asks_before_it_forgets(mnix: Mnix, demo: Path) -> None:
    assert "server local is in sync" in mnix.out("sync")
    connection = sqlite3.connect(Path(os.environ["XDG_STATE_HOME"]) / "mnix/client.db")
    connection.execute(
        "INSERT INTO projects(name, remote_id, folder) VALUES ('gone', 'aaaa2345', '/x')"
    )
    connection.execute("DELETE FROM projects WHERE name = 'demo'")
    connection.commit()
    connection.close()
    out = mnix.out("sync")
    assert "local also has demo: added" in out
    assert "gone@local is missing there; kept" in out
    assert mnix.ls()["gone@local"]["state"] == "missing"
    assert "forgot gone@local" in mnix.out("sync", "-y")
    assert list(mnix.ls()) == ["demo@local"]


def test_a_project_of_pypi_mnix_is_taken_over_by_its_first_rebuild(
    mnix: Mnix, flake: FlakeMaker, tmp_path: Path
) -> None:
    require("nix")
    folder, old = flake("tiny"), tmp_path / "old-workspace"
    (folder / "mnix.toml").write_text('isolation = "host"\n')
    old.mkdir()
    (old / "remote-edit").write_text("precious")
    mnix.run("ls")
    connection = sqlite3.connect(Path(os.environ["XDG_STATE_HOME"]) / "mnix/client.db")
    connection.execute(
        "INSERT INTO projects(name, folder, legacy_workspace) VALUES ('My App', ?, ?)",
        (str(folder), str(old)),
    )
    connection.commit()
    connection.close()
    refused = mnix.run("exec", "-p", "My App", "true", code=2)
    assert b"mnix rebuild-switch --project 'My App@local'" in refused.stderr
    done = mnix.run("rebuild-switch", "--project", "My App")
    assert b"is called my-app from now on" in done.stderr
    assert mnix.out("exec", "--", "sh", "-c", "cat remote-edit; echo $GREETING") == "precioushi\n"
    assert (old / "remote-edit").exists()


def test_push_reports_what_it_did(mnix: Mnix, flake: FlakeMaker) -> None:
    require("nix")
    folder = flake("tiny")
    (folder / ".env").write_text("TOKEN=1\n")
    made = mnix.run("new", "demo", str(folder), "--isolation", "host", "--copy", "--no-build")
    assert made.stderr.count(b".env") == made.stderr.count(b"mnix: sending .env: may hold") == 1
    (folder / "a").write_text("1")
    (folder / "out").symlink_to("/etc/passwd")
    done = mnix.run("push")
    assert b"out was left out: it is a link that leaves the folder" in done.stderr
    assert b": 1 sent" in done.stdout
    (folder / "a").write_text("2")
    report = json.loads(mnix.out("push", "--json"))
    assert (report["sent"], report["trashed_there"]) == (["a"], 1)
    folder.rename(folder.with_name("moved"))
    assert b"is gone" in mnix.run("push", code=1).stderr


def test_a_machine_s_own_store_is_not_collected_in_unasked(mnix: Mnix, demo: Path) -> None:
    refused = mnix.run("gc", code=2)
    assert b"its machine's own nix store, which was left alone" in refused.stderr
    assert b"--yes" in refused.stderr


def test_in_place_there_is_nothing_to_push(mnix: Mnix, demo: Path) -> None:
    assert b"works in" in mnix.run("push", code=2).stderr
    (demo / "seen-at-once").touch()
    assert "seen-at-once" in mnix.out("exec", "ls")


def test_logs_can_be_cut_off_by_their_reader(mnix: Mnix, demo: Path) -> None:
    job = mnix.out("exec", "-d", "--", "seq", "100000").strip()
    process = mnix.start("logs", "-f", "--job", job)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"1\n"
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
