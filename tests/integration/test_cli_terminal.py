"""The commands on a terminal: shells that can be left and come back to, questions, Ctrl-C."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import ClientHome, FlakeMaker
from tests.integration.cli_rig import SERVER_TOML, Mnix, Terminal
from tests.integration.people import greet

pytestmark = pytest.mark.needs("nix")
LEADER = b"\x1c"


@pytest.fixture
def mnix(client_home: ClientHome, tmp_path: Path) -> Iterator[Mnix]:
    config = client_home.path / ".config/mnix"
    config.mkdir(parents=True)
    (config / "server.toml").write_text(SERVER_TOML)
    folder = tmp_path / "here"
    folder.mkdir()
    mnix = Mnix(folder)
    yield mnix
    for ref in mnix.ls():
        mnix.run("rm", "-y", ref, code=None)


@pytest.fixture
def demo(mnix: Mnix, flake: FlakeMaker) -> Path:
    folder = flake("tiny")
    mnix.run("new", "demo", str(folder), "--isolation", "host")
    return folder


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for each in terminals:
        each.close()


def test_a_shell_with_its_environment_its_size_and_its_exit_code(
    mnix: Mnix, demo: Path, opened: list[Terminal]
) -> None:
    opened.append(shell := mnix.terminal("shell"))
    shell.type(b"echo is-$GREETING-$((40 + 2)) $(tput cols)\n")
    shell.wait_for("is-hi-42 100")
    shell.resize(70, 20)
    shell.type(b"read -t 0.5; echo now-$(tput cols)x$(tput lines)\n")
    shell.wait_for("now-70x20")
    # One process that says it and sleeps: it has the terminal when it speaks.
    shell.type(b"sh -c 'echo sl\"\"eeping; exec sleep 1000'\n")
    shell.wait_for("sleeping")
    shell.type(b"\x03echo code-$?\n")
    shell.wait_for("code-130")
    shell.type(b"exit 5\n")
    assert shell.exit_code() == 5


def test_a_shell_is_left_and_come_back_to(mnix: Mnix, demo: Path, opened: list[Terminal]) -> None:
    opened.append(shell := mnix.terminal("shell"))
    shell.type(b"kept=precious; echo ready-$((1 + 1))\n")
    shell.wait_for("ready-2")
    shell.type(LEADER + b"d")
    shell.wait_for("\r\nmnix: left running")
    assert shell.exit_code() == 0
    found = re.search(rb"mnix (shell --server local --attach (\S+))", shell.seen)
    assert found is not None
    opened.append(again := mnix.terminal(*found[1].decode().split()))
    again.wait_for("ready-2")
    again.type(b"echo still-$kept\n")
    again.wait_for("still-precious")
    again.type(b"exit\n")
    assert again.exit_code() == 0
    assert mnix.run("shell", "--attach", found[2].decode(), code=1).stderr


def test_a_shell_is_told_of_another_generation_and_enters_it(
    mnix: Mnix, demo: Path, opened: list[Terminal]
) -> None:
    opened.append(shell := mnix.terminal("shell"))
    shell.type(b"echo is-$GREETING\n")
    shell.wait_for("is-hi")
    greet(demo, "hello")
    assert b"1 shell keeps the environment from before" in mnix.run("rebuild-switch").stderr
    shell.wait_for("\x1b[0;7m generation 2 is ready: mnix-reenter")  # our line, at the bottom
    shell.type(b"\n")
    shell.wait_for("mnix: generation 2 is ready: mnix-reenter")
    shell.type(b"mnix-reenter\n")
    shell.type(b"echo now-$GREETING\n")
    shell.wait_for("now-hello")
    assert [each["generation"] for each in json.loads(mnix.out("sessions", "--json"))] == [2]
    rolled = mnix.out("rollback")
    assert "project demo is at generation 1" in rolled
    assert "until: mnix-reenter" in rolled
    shell.type(b"exit\n")
    assert shell.exit_code() == 0


def test_a_command_on_a_terminal(mnix: Mnix, demo: Path, opened: list[Terminal]) -> None:
    opened.append(shell := mnix.terminal("shell", "--", "sh", "-c", "test -t 0 && exit 9"))
    assert shell.exit_code() == 9


def test_a_shell_reads_a_pipe(mnix: Mnix, demo: Path) -> None:
    done = mnix.run("shell", stdin=b"echo is-$GREETING; exit 4\n", code=4)
    assert b"is-hi" in done.stdout


def test_ctrl_c_in_a_build_asks_and_the_build_can_be_ended(
    mnix: Mnix, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    folder = flake("slow", seconds=60)
    mnix.run("new", "slow", str(folder), "--isolation", "host", "--no-build")
    opened.append(build := mnix.terminal("rebuild-switch"))
    build.wait_for("slow line 2")
    build.type(b"\x03")
    build.wait_for("[f]ollow it further?")
    build.type(b"f\n")
    build.wait_for("slow line")
    build.type(b"\x03")
    build.wait_for("[e]nd it")
    build.type(b"e\n")
    build.wait_for("the build and all that it started have ended", timeout=10)
    assert build.exit_code() == 130
    assert "exited" in mnix.out("sessions", "--all")


def test_removing_asks_first(mnix: Mnix, demo: Path, opened: list[Terminal]) -> None:
    opened.append(ask := mnix.terminal("rm", "demo"))
    ask.wait_for("Remove project demo@local?")
    ask.type(b"n\n")
    assert ask.exit_code() == 1
    assert b"add --yes" in mnix.run("rm", "demo", code=2).stderr
    assert list(mnix.ls()) == ["demo@local"]
    opened.append(again := mnix.terminal("rm", "demo"))
    again.wait_for("[y/N]")
    again.type(b"y\n")
    assert again.exit_code() == 0
    assert mnix.ls() == {}
    assert (demo / "flake.nix").exists()


def test_selecting_offers_the_projects(
    mnix: Mnix, demo: Path, flake: FlakeMaker, opened: list[Terminal]
) -> None:
    mnix.run("new", "other", str(flake("tiny")), "--isolation", "host", "--no-build")
    opened.append(ask := mnix.terminal("select"))
    ask.wait_for("Project number")
    ask.type(b"1\n")
    ask.wait_for("selected project demo@local")
    assert ask.exit_code() == 0
