"""Shells are told of a new generation at their next prompt, and become a fresh one on request."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import environment, inner, usecases
from server_agent.core.reenter import REENTER
from tests.integration.hooked import Hooked, Typist, hooked

TOLD = "mnix: generation {} is ready: mnix-reenter"


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooked]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FIRST", "of the login\nin two lines")
    with hooked(tmp_path) as rig:
        yield rig


@pytest.fixture
def typist() -> Iterator[type[Typist]]:
    yield Typist
    Typist.end_all()


def test_a_shell_becomes_one_of_the_new_generation(
    rig: Hooked, typist: type[Typist], tmp_path: Path
) -> None:
    # A strict shell in vi mode, with a hook that wants something done in the end.
    (tmp_path / ".bashrc").write_text("set -o vi\nHISTFILE=~/hist\nexport MINE=bashrc\n")
    rig.hook("trap 'echo by''e $GREETING' EXIT; set -u; export OLD=1", "one")
    shell = typist(rig)
    assert "one" in shell.ask("set -u; echo $GREETING-$OLD; mkdir -p a; cd a; export LATE=x")
    assert shell.generation == 1
    pid, start, box = inner.read_pidfile(shell.pidfile) or (0, "", "")
    rig.hook("export NEW=1", "two")
    assert shell.ask("true").count(TOLD.format(2)) == 1
    assert TOLD.format(2) not in shell.ask("echo once")

    # With a space before it, as by who types it for the user, it leaves no line in the history.
    shell.type(" mnix-reenter")
    shell.until("bye one")
    shown = shell.ask('echo "$GREETING ${OLD-gone} ${LATE-gone} $NEW $MINE $FIRST $$ ${PWD##*/}"')
    assert f"two gone gone 1 bashrc of the login\r\nin two lines {shell.pid} a\r\n" in shown
    assert "\x1b]133;D;0\x07" in shell.shown.partition("bye one")[2].partition("133;A")[0]
    assert inner.read_pidfile(shell.pidfile) == (pid, start, box)
    assert shell.generation == 2
    history = shell.ask("history")
    assert "echo once" in history
    assert "mnix-reenter" not in history
    assert "gone" in shell.ask('echo "${MNIX_GENERATION-gone}"')
    assert "PATH=/usr" in shell.ask("(echo PATH=${PATH})")  # not the one of before in front of it
    assert shell.leave() == 0


def test_a_rollback_is_told_of_as_well_and_each_switch_once(
    rig: Hooked, typist: type[Typist]
) -> None:
    rig.hook("true", "one")
    rig.hook("true", "two")
    shell = typist(rig)
    shell.ask("true")
    assert usecases.rollback(rig.id)["generation"] == 1
    assert shell.ask("true").count(TOLD.format(1)) == 1
    assert usecases.rollback(rig.id, 2)["generation"] == 2
    assert "ready" not in shell.ask("true")  # back where the shell is
    usecases.rollback(rig.id, 1)
    assert shell.ask("true").count(TOLD.format(1)) == 1
    shell.type("mnix-reenter")
    assert "one 1" in shell.ask("echo $GREETING $((2 - 1))")
    assert shell.generation == 1
    assert shell.leave() == 0


def test_what_would_be_lost_is_said_first(rig: Hooked, typist: type[Typist]) -> None:
    rig.hook("true", "one")
    shell = typist(rig)
    shell.ask("true")
    rig.hook("true", "two")
    shell.ask("sleep 30 & true")
    assert "jobs of this shell" in shell.ask("set -eu; mnix-reenter || echo $-")
    assert "a shell in a shell" in shell.ask("set +eu; (mnix-reenter)")
    assert shell.generation == 1
    assert "Terminated" in shell.ask("kill %1; wait; true")
    # Another container took over.
    Path(rig.project.env, "box").write_text("other\n")
    assert "container was replaced" in shell.ask("mnix-reenter")
    rig.hook("true", "three")
    Path(rig.project.env, "box").write_text("other\n")
    assert "generation 3 is ready, in a new container" in shell.ask("true")
    environment.switch(rig.project, 3)
    assert shell.ask("echo $GREETING").count("one\r\n") == 1
    shell.type("mnix-reenter")
    assert "three\r\n" in shell.ask("echo $GREETING")
    assert shell.leave() == 0


def test_a_plain_shell_takes_the_generation_that_was_mended(
    rig: Hooked, typist: type[Typist]
) -> None:
    rig.hook("export HALF=1; exit 7", "one")
    shell = typist(rig)
    shell.until("this is a plain shell")
    assert "none-none" in shell.ask("echo ${HALF-none}-${GREETING-none}")
    rig.hook("true", "two")
    assert shell.ask("true").count(TOLD.format(2)) == 1
    shell.type("mnix-reenter")
    assert "two-none" in shell.ask("echo $GREETING-${HALF-none}")
    assert shell.leave() == 0


def test_an_old_bash_says_that_it_is_too_old(tmp_path: Path) -> None:
    script = tmp_path / "reenter.sh"
    number = "BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]"
    assert number in REENTER
    script.write_text(REENTER.replace(number, "403"))
    argv = ["bash", "-c", f"set -eu; _mnix_here={tmp_path}; . {script}; mnix-reenter || echo on"]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)
    assert "can't do that (4.4 can)" in done.stderr
    assert done.stdout == "on\n"


def test_a_pid_file_is_read_whoever_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    for text, found, generation in (
        ("7 123 box\n", (7, "123", "box"), 0),
        ("7 - box 12\n", (7, "-", "box"), 12),
        ("7 123 box 9\n0\n", (7, "123", "box"), 9),  # written over a longer one
        ("", None, 0),
        ("7 123\n", None, 0),
        ("7 123 box x\n", (7, "123", "box"), 0),
    ):
        path.write_text(text)
        assert inner.read_pidfile(str(path)) == found
        assert inner.read_generation(str(path)) == generation
    os.unlink(path)
    assert inner.read_pidfile(str(path)) is None
