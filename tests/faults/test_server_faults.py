"""Servers that are not as they should be: full disks, broken Podmans, flakes that don't build."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer
from tests.helpers.disks import fill
from tests.integration.cli_rig import SERVER_TOML
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


@pytest.fixture
def small_disk(tokyo: FleetServer) -> Iterator[Path]:
    """A disk of 8 MiB where the server keeps its projects."""
    folder = tokyo.home / ".local/share/mnix"
    tokyo.write(".local/share/mnix/here", "").unlink()
    options = f"size=8m,uid={tokyo.uid},gid={tokyo.uid},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    # A rootless Podman that is alive already would not see what is mounted only now.
    tokyo.as_user("podman", "system", "migrate")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk(small_disk: Path, anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    folder = flake("tiny")
    (folder / "code").write_text("first")
    anna.run("new", "-s", "tokyo", "api", str(folder))
    where = project_folder(tokyo, anna.ls()["api@tokyo"])

    (folder / "large").write_bytes(bytes(range(256)) * (40 << 10))
    (folder / "code").write_text("second")
    said = anna.fails("push")
    assert "not enough room" in said
    assert "→" in said
    assert (where / "workspace/code").read_text() == "first"
    (folder / "large").unlink()

    filler = fill(small_disk)
    greet(folder, "hello")
    said = anna.fails("rebuild-switch")
    assert "not enough room" in said, said
    anna.run("exec", "--", "sh", "-c", "test $GREETING = hi")
    assert (where / "workspace/code").read_text() == "first"
    assert "full" in anna.fails("new", "-s", "tokyo", "other", str(folder))
    assert anna.ls().keys() == {"api@tokyo"}
    anna.run("stop")
    anna.run("start")
    anna.run("exec", "--", "sh", "-c", "test $GREETING = hi")

    filler.unlink()
    anna.run("rebuild-switch")
    assert anna.sh("echo $GREETING; cat code", "api") == "hello\nsecond"
    fill(small_disk)
    anna.run("rollback")
    assert anna.sh("echo $GREETING", "api") == "hi\n"
    anna.run("rm", "-y", "api")
    assert not where.exists()


def test_a_disk_that_fills_up_while_it_builds(
    small_disk: Path, anna: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    anna.run("new", "-s", "tokyo", "api", str(folder))
    greet(folder, "hello")
    (folder / "mnix.toml").write_text(
        "warmup_command = 'dd if=/dev/zero of=/workspace/filler bs=4k 2>/dev/null; exit 0'\n"
    )
    anna.run("rebuild-switch")
    assert anna.sh("echo $GREETING", "api") == "hello\n"
    assert "is busy" not in anna.out("ls", "--refresh")
    anna.run("exec", "--bare", "rm", "/workspace/filler")
    (folder / "mnix.toml").write_text("")
    anna.run("rebuild-switch")
    assert anna.ls()["api@tokyo"]["generation"] == 2


@pytest.mark.needs("nix", "root")
def test_a_rebuild_without_room_for_its_generation(tmp_path: Path, flake: FlakeMaker) -> None:
    anna = Person(tmp_path / "anna")
    config = anna.home.path / ".config/mnix"
    config.mkdir()
    (config / "server.toml").write_text(SERVER_TOML)
    disk = anna.home.path / ".local/share/mnix"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        folder = flake("tiny")
        anna.run("new", "api", str(folder), "--isolation", "host")
        greet(folder, "hello")
        filler = fill(disk)
        done = anna.run("rebuild-switch", code=1)
        assert b"full" in done.stdout
        assert b"generation 1 stays as it is" in done.stdout
        assert b"Traceback" not in done.stdout
        assert anna.sh("echo $GREETING", "api") == "hi\n"
        filler.unlink()
        anna.run("rebuild-switch")
        assert anna.sh("echo $GREETING", "api") == "hello\n"
        anna.run("rm", "-y", "api")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo "3.0.1 true"', "Podman 3.0.1 is too old"),
        ('echo "Error: cannot set up namespace" >&2; exit 125', "cannot set up namespace"),
        ("kill -SEGV $$", "Podman does not work"),
        ("", "Podman"),
    ],
    ids=["too-old", "broken", "crashes", "says-nothing"],
)
def test_a_podman_that_does_not_work(
    anna: Person, tokyo: FleetServer, flake: FlakeMaker, script: str, reason: str
) -> None:
    podman = tokyo.write("odd/podman", f"#!/bin/sh\n{script}\n", 0o755)
    configured(tokyo, f'podman_binary = "{podman}"\n')
    folder = str(flake("tiny"))
    said = anna.fails("new", "-s", "tokyo", "api", folder)
    assert reason in said
    assert "--isolation host" in said
    assert anna.ls() == {}
    assert list((tokyo.home / ".local/share/mnix/projects").glob("*/project.json")) == []
    anna.run("new", "-s", "tokyo", "api", folder, "--isolation", "host", "--no-build")


def test_a_podman_that_stops_working(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    folder = flake("tiny")
    anna.run("new", "-s", "tokyo", "api", str(folder))
    broken = tokyo.write(
        "odd/podman", "#!/bin/sh\necho 'Error: database is locked' >&2; exit 125\n", 0o755
    )
    configured(tokyo, f'podman_binary = "{broken}"\n')
    assert "database is locked" in anna.run("rebuild-switch", code=1).stdout.decode()
    assert "database is locked" in anna.fails("stop")
    anna.run("ls", "--refresh")
    assert list(anna.ls()) == ["api@tokyo"]
    configured(tokyo)
    assert anna.sh("echo $GREETING", "api") == "hi\n"


def test_an_image_that_can_not_be_had(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    folder = flake("tiny")
    tokyo.write(
        ".config/mnix/server.toml",
        SERVER_TOML.replace("localhost/mnix-base", "localhost/no-such-image"),
    )
    done = anna.run("new", "-s", "tokyo", "api", str(folder), code=1)
    assert b"the image localhost/no-such-image can't be had" in done.stdout
    assert b"server.toml" in done.stdout
    assert b"api is there without an environment: mnix rebuild-switch" in done.stderr
    assert anna.ls()["api@tokyo"]["state"] == "failed"
    assert "no-such-image" in anna.ls()["api@tokyo"]["detail"]
    assert tokyo.as_user("podman", "ps", "-aq").stdout == ""
    configured(tokyo)
    anna.run("rebuild-switch")
    (folder / "mnix.toml").write_text('image = "localhost/another"\n')
    done = anna.run("rebuild-switch", code=1)
    assert b"the image localhost/another can't be had" in done.stdout
    assert anna.sh("echo $GREETING", "api") == "hi\n"


def test_flakes_that_do_not_work(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    broken = anna.run("new", "-s", "tokyo", "api", str(flake("broken")), code=1)
    assert b"thisNameIsUndefined" in broken.stdout
    assert b"mend what is named above" in broken.stderr
    assert anna.ls()["api@tokyo"]["state"] == "failed"
    assert anna.sh("echo $GREETING-", "api") == "-\n"
    good = flake("tiny")
    anna.run("rebuild-switch", str(good / "flake.nix"))
    assert anna.sh("echo $GREETING", "api") == "hi\n"
    failing = anna.run("rebuild-switch", str(flake("failing") / "flake.nix"), code=1)
    assert b"the tool refuses to be built" in failing.stdout
    assert b"generation 1 stays as it is" in failing.stdout
    assert anna.sh("echo $GREETING", "api") == "hi\n"
    empty = anna.folder / "empty"
    empty.mkdir()
    none = anna.fails("new", "-s", "tokyo", "other", str(empty))
    assert "There is no flake.nix" in none
    assert "nix flake init" in none
    assert anna.ls().keys() == {"api@tokyo"}


def test_hooks_and_warm_ups(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    folder = flake("nasty")
    anna.run("new", "-s", "tokyo", "api", str(folder))
    ended = anna.run("exec", "sh", "-c", "echo ran", code=7)
    assert (ended.stdout, b"the shellHook ended early (exit 7)" in ended.stderr) == (b"", True)
    assert anna.sh("echo ran", "api", "--bare") == "ran\n"
    (folder / "flake.nix").write_text((flake("strict") / "flake.nix").read_text())
    anna.run("rebuild-switch")
    assert anna.sh("echo $GREETING-$unset-$HOOKED", "api") == "hi--1\n"
    (folder / "mnix.toml").write_text("warmup_command = 'kill -9 $$'\n")
    greet(folder, "hello")
    done = anna.run("rebuild-switch", code=1)
    assert b"the warm-up ended with signal 9" in done.stdout
    assert b"generation 2 stays as it is" in done.stdout
    assert anna.sh("echo $GREETING", "api") == "hi\n"
    assert anna.ls()["api@tokyo"]["generation"] == 2


@contextmanager
def away(home: Path) -> Iterator[None]:
    """A login whose home folder is not there."""
    elsewhere = home.with_name(f"{home.name}.away")
    home.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(home)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that is mounted, and nobody may write to."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.needs("root")
def test_homes_that_can_not_hold_the_agent(anna: Person, tokyo: FleetServer) -> None:
    with away(tokyo.home):
        said = anna.fails("sessions", "-s", "tokyo", code=69)
        assert f"there is no home folder {tokyo.home}" in said
        assert f"→ make it: sudo install -d -m 700 -o {tokyo.uid}" in said
    with read_only(tokyo.home):
        said = anna.fails("sessions", "-s", "tokyo", code=69)
        assert "the home folder is mounted read-only" in said
        assert f"→ mount it for writing: sudo mount -o remount,rw {tokyo.home}" in said
    share = tokyo.home / ".local/share"
    share.chmod(0o500)
    try:
        said = anna.fails("sessions", "-s", "tokyo", code=69)
    finally:
        share.chmod(0o755)
    assert f"{share} can't be written" in said
    assert f"→ make it yours: sudo chown {tokyo.uid}:" in said
    anna.run("sessions", "-s", "tokyo")


@pytest.mark.needs("root")
def test_a_home_without_programs(tokyo: FleetServer, anna: Person, flake: FlakeMaker) -> None:
    folder = tokyo.home / ".local/share/mnix"
    tokyo.write(".local/share/mnix/here", "").unlink()
    shape = f"size=64m,noexec,uid={tokyo.uid},gid={tokyo.uid},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", shape, "tmpfs", folder], check=True)
    try:
        tokyo.as_user("podman", "system", "migrate")
        anna.run("new", "-s", "tokyo", "api", str(flake("tiny")))
        assert anna.sh("echo $GREETING", "api") == "hi\n"
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_start_files_that_get_in_the_way(anna: Person, tokyo: FleetServer) -> None:
    usual = (tokyo.home / ".bashrc").read_text()
    for text, seen in (
        ("echo 'go away' >&2; exit 3", "go away"),
        ("exit 0", "the server said nothing"),
        ("printf '\\033[2Jhello\\n'; exec true", "hello"),
    ):
        tokyo.bashrc(text)
        said = anna.fails("sessions", "-s", "tokyo", code=69)
        assert "The agent did not start" in said, said
        assert seen in said
        assert "\x1b" not in said
        assert text.startswith("echo") or ".bashrc" in said
        tokyo.write(".bashrc", usual)
    tokyo.bashrc("echo welcome; stty -echo; set -u; alias sh=false printf=false; read -t 0 line")
    anna.run("sessions", "-s", "tokyo")


@pytest.mark.needs("faketime")
def test_clocks_that_are_a_year_apart(anna: Person, tokyo: FleetServer, flake: FlakeMaker) -> None:
    # The library makes Python's sleep last a year, which the agent uses and the client does not.
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    behind = {"LD_PRELOAD": str(library), "FAKETIME": "-365d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    for name, value in behind.items():
        anna.set(name, value)
    folder = flake("tiny")
    anna.run("new", "-s", "tokyo", "api", str(folder), "--no-build")
    (folder / "code").write_text("changed")
    anna.run("push")
    job = anna.out("exec", "--bare", "--detach", "--", "sleep", "1000").strip()
    for off, word in (("-365d", "ahead"), ("+365d", "behind")):
        anna.set("FAKETIME", off)
        for listed in (anna.out("ls", "--refresh"), anna.out("sessions", "-s", "tokyo")):
            assert not re.search(r"365|52w|\b1y", listed), listed
        doctor = json.loads(anna.run("server", "doctor", "tokyo", "--json").stdout)
        agent = next(each for each in doctor["servers"][0]["checks"] if each["key"] == "agent")
        assert (agent["state"], f"its clock is 365 days {word}" in agent["said"]) == ("warn", True)
    assert tokyo.processes("sleep 1000"), job
