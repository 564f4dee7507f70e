"""The commands that move files, over real SSH: what a person reads, and what is there then."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer
from tests.fleet.run import run
from tests.helpers.settle import settle
from tests.integration.cli_rig import Terminal
from tests.integration.people import Person, configured

pytestmark = pytest.mark.fleet


@pytest.fixture
def tokyo(fleet: Fleet) -> FleetServer:
    return configured(fleet.server("tokyo"))


@pytest.fixture
def ann(tokyo: FleetServer, tmp_path: Path) -> Person:
    ann = Person(tmp_path / "ann")
    ann.knows(tokyo)
    return ann


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        each.close()


class There:
    """A project's workspace on the server, edited there by its owner."""

    def __init__(self, server: FleetServer, project: str) -> None:
        self.server = server
        self.path = server.home / ".local/share/mnix/projects" / project / "workspace"

    def sh(self, script: str) -> str:
        return self.server.as_user("sh", "-ec", f"cd {self.path}; {script}").stdout


def made(ann: Person, tokyo: FleetServer, folder: Path) -> There:
    """Make project api of a folder; nothing is built."""
    ann.run("new", "api", str(folder), "-s", "tokyo", "--isolation", "host", "--no-build")
    return There(tokyo, ann.ls()["api@tokyo"]["id"])


def test_a_plan_says_what_is_secret_and_what_is_ignored_and_moves_nothing(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    folder = flake("tiny", git=True)
    (folder / ".gitignore").write_text("build/\n*.log\n")
    there = made(ann, tokyo, folder)
    (folder / "build").mkdir()
    (folder / "build/x.o").write_text("o")
    (folder / ".env").write_text("TOKEN=1\n")
    (folder / "src").mkdir()
    for at in range(30):
        (folder / f"src/{at}-{'long' * 30}.py").write_text("x = 1\n")
    plan = ann.out("push", "--dry-run")
    assert plan.startswith("would push api to tokyo: send 3")
    assert "\n  ! .env" in plan
    assert "29-longlong" in plan
    assert "build/  .gitignore:1: build/" in plan
    found = json.loads(ann.out("push", "-n", "--json"))
    assert found["preview"]["totals"]["send"] == len(found["preview"]["send"]) > 30
    opened.append(shown := ann.terminal("push", "--dry-run"))
    shown.wait_for("look at this before it is sent for the first time")
    assert shown.exit_code() == 0
    assert there.sh("test -e .env || echo not there") == "not there\n"
    done = ann.run("push")
    assert b" sent" in done.stdout
    assert done.stderr.count(b".env") == done.stderr.count(b"mnix: sending .env: may hold") == 1
    assert there.sh("cat .env; ls src | wc -l; ls build 2>&1 || true").startswith("TOKEN=1\n30\n")


def test_what_the_server_changed_is_kept_and_conflicts_are_settled(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    folder = flake("tiny")
    (folder / "both").write_text("one\n")
    there = made(ann, tokyo, folder)
    there.sh("echo from-there > notes; echo two > both")
    (folder / "mine").write_text("m")
    done = ann.run("push")
    assert b"2 kept that only tokyo changed" in done.stdout
    assert "only tokyo changed both, notes\n  → fetch: mnix pull\n" in done.stderr.decode()
    assert "2 fetched" in ann.out("pull")
    assert (folder / "notes").read_text() == "from-there\n"

    there.sh("printf 'two\\ntheirs\\n' > both")
    (folder / "both").write_text("two\nmine\n")
    said = ann.fails("push")
    assert "conflict: both: changed on both sides" in said
    assert "mnix resolve both --here, --there or --both" in said
    assert there.sh("cat both") == "two\ntheirs\n"
    listed = ann.run("conflicts", code=1).stdout.decode()
    assert listed.splitlines()[1].startswith("both ")
    assert "1 conflict" in ann.out("ls")
    opened.append(shown := ann.terminal("conflicts", "both"))
    shown.wait_for("--- both on tokyo  11 B")
    shown.wait_for("\x1b[31m-theirs\x1b[m")
    shown.wait_for("\x1b[32m+mine\x1b[m")
    assert shown.exit_code() == 1
    ann.set("_MNIX_COMPLETE", "bash_complete")
    ann.set("COMP_WORDS", "mnix resolve ")
    ann.set("COMP_CWORD", "2")
    assert ann.out() == "plain,both\n"
    ann.unset("_MNIX_COMPLETE")
    assert "Which copy stays?" in ann.fails("resolve", "both", code=2)
    assert "settled 1 conflict: both stay" in ann.out("resolve", "both", "--both")
    (beside,) = folder.glob("both.from-tokyo-*")
    assert beside.read_text() == "two\ntheirs\n"
    assert there.sh("cat both both.from-*") == "two\nmine\ntwo\ntheirs\n"


def test_what_was_deleted_comes_back_from_the_trash(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    (folder / "notes").write_text("ours\n")
    there = made(ann, tokyo, folder)
    (folder / "notes").unlink()
    assert "1 deleted, 1 older in the trash" in ann.out("push")
    there.sh("echo newer > notes")
    entries = json.loads(ann.out("trash", "--json"))
    gone = next(each for each in entries if each["path"] == "notes")
    assert "restored 1 path on tokyo" in ann.out("trash", "restore", gone["id"], "notes")
    assert there.sh("cat notes") == "ours\n"
    newest = json.loads(ann.out("trash", "--json"))[0]
    assert (newest["path"], newest["size"]) == ("notes", len("newer\n"))
    ann.run("pull")
    there.sh("rm notes")
    assert "1 deleted here" in ann.out("pull")
    (batch,) = {
        each["id"]
        for each in json.loads(ann.out("trash", "--here", "--json"))
        if each["path"] == "notes"
    }
    assert "restored 1 path here" in ann.out("trash", "restore", batch, "notes", "--here")
    assert (folder / "notes").read_text() == "ours\n"


def test_a_folder_that_vanished_and_a_server_that_is_away_are_said(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    there = made(ann, tokyo, folder)
    away = folder.rename(folder.with_name("away"))
    assert "is gone" in ann.fails("push")
    assert "if it moved: mnix adopt api@tokyo FOLDER" in ann.fails("adopt", "api")
    assert "nothing to fetch" in ann.out("adopt", "api", str(away))
    assert ann.out("push").startswith("pushed api")
    away.rename(folder)  # and back
    ann.run("adopt", "api", str(folder))
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()
    assert "--allow-empty" in ann.fails("push")
    plan = ann.out("push", "-n")
    assert "nothing of this is done: " in plan
    assert "  flake.nix\n" in plan
    assert there.sh("ls flake.nix") == "flake.nix\n"
    folder.rmdir()
    away.rename(folder)
    tokyo.kill_sshd()
    tokyo.wait_port(up=False)
    assert "tokyo" in ann.fails("pull", code=69)


def test_watching_is_one_line_a_transfer_and_survives_a_lost_link(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    folder = flake("tiny")
    there = made(ann, tokyo, folder)
    opened.append(watch := ann.terminal("watch"))
    watch.wait_for("(ctrl-c ends it)")
    (folder / "a").write_text("1")
    watch.wait_for("1 sent (")
    watch.wait_for(": a\r\n")
    assert there.sh("cat a") == "1"
    tokyo.drop_connections()
    watch.wait_for("what changes meanwhile is sent once it is back")
    (folder / "b").write_text("2")
    watch.wait_for("tokyo: all is well again")
    settle(lambda: there.sh("cat b || true") == "2", timeout=30, what="the change that was made")
    watch.type(b"\x03")
    assert watch.exit_code() == 0

    process = ann.start("watch", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] in ("watching", "synced")
    (folder / "c").write_text("3")
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "synced" and event["sent"] == ["c"]:
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.communicate()


def test_adopting_and_cloning(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker, tmp_path: Path
) -> None:
    folder = flake("tiny", git=True)
    (folder / "same").write_text("same")
    (folder / "differs").write_text("ann's")
    made(ann, tokyo, folder)

    bob = Person(tmp_path / "bob")
    bob.knows(tokyo)
    assert "did you mean api?" in bob.fails("adopt", "apo", "-s", "tokyo")
    mine = tmp_path / "bob-api"
    mine.mkdir()
    (mine / "same").write_text("same")
    (mine / "differs").write_text("bob's")
    (mine / "new").write_text("n")
    done = bob.run("adopt", "api", str(mine), "-s", "tokyo", code=1)
    assert b"adopted project api of tokyo for " in done.stdout
    assert b"conflict: differs: changed on both sides" in done.stderr
    assert (mine / "differs").read_text() == "bob's"
    assert (mine / "flake.nix").exists()
    assert "has a folder here already" in bob.fails("adopt", "api", str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()
    bob.run("resolve", "--all", "--there")
    assert (mine / "differs").read_text() == "ann's"
    assert "1 sent" in bob.out("push")
    assert "1 fetched" in ann.out("pull")
    assert (folder / "new").read_text() == "n"

    bare = tokyo.home / "repo.git"
    run(["git", "clone", "-q", "--bare", folder, bare])
    run(["chown", "-R", tokyo.user, bare])
    url = f"file://{bare}"
    said = bob.fails("new", "--git", url, "--ref", "nope", "web", "-s", "tokyo", "--no-build")
    assert "nope" in said
    assert "web@tokyo" not in bob.ls()
    options = ("-s", "tokyo", "--no-build", "--isolation", "host")
    assert "leave out FOLDER" in bob.fails("new", "--git", url, "web", ".", *options, code=2)
    bob.run("new", "--git", url, "--ref", "main", "web", *options)
    there = There(tokyo, bob.ls()["web@tokyo"]["id"])
    assert there.sh("git rev-parse --abbrev-ref HEAD; ls flake.nix") == "main\nflake.nix\n"
    assert "has no folder here" in bob.fails("push", "web", code=2)
    assert "fetched" in bob.out("adopt", "web", str(tmp_path / "bob-web"))
    assert (tmp_path / "bob-web/.git/HEAD").exists()


def test_a_rebuild_says_what_is_in_conflict_and_builds(
    ann: Person, tokyo: FleetServer, flake: FlakeMaker
) -> None:
    folder = flake("tiny")
    (folder / "both").write_text("one")
    there = made(ann, tokyo, folder)
    there.sh("echo there > both; echo x > only-there")
    (folder / "both").write_text("here")
    done = ann.run("rebuild-switch", "--detach")
    assert b"conflict: both: changed on both sides" in done.stderr
    assert b"only tokyo changed only-there" in done.stderr
    assert done.stdout.startswith(b"job ")
