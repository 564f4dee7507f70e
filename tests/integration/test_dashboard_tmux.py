"""The real dashboard on a real terminal, as a person uses it, narrow and wide."""

import os
import pty
import re
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fleet import FlakeMaker
from tests.helpers.settle import settle
from tests.integration.cli_rig import SERVER_TOML
from tests.integration.people import COMMAND, Person
from tests.integration.tmux import Tmux

pytestmark = pytest.mark.needs("tmux", "nix", "vim", "less", "htop")
SIZES = pytest.mark.parametrize(("cols", "rows"), [(80, 24), (200, 50)])
Opener = Callable[[Path, int, int], Tmux]


@pytest.fixture
def anna(tmp_path: Path) -> Iterator[Person]:
    anna = Person(tmp_path / "anna")
    config = anna.home.path / ".config/mnix"
    config.mkdir()
    (config / "server.toml").write_text(SERVER_TOML)
    yield anna
    for ref in anna.ls():
        anna.run("rm", "-y", ref)


@pytest.fixture
def dashboard(anna: Person) -> Iterator[Opener]:
    """Open dashboards: folder, columns, rows."""
    opened: list[Tmux] = []

    def start(folder: Path, cols: int, rows: int) -> Tmux:
        opened.append(Tmux([COMMAND], cols=cols, rows=rows, env=anna.env, cwd=folder))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@SIZES
def test_a_project_made_built_and_worked_in(
    anna: Person, dashboard: Opener, flake: FlakeMaker, cols: int, rows: int
) -> None:
    folder = flake("tiny")
    screen = dashboard(folder, cols, rows)
    screen.wait_for("● local")
    screen.keys("n")
    screen.wait_for("● flake.nix")
    screen.wait_for("tiny")
    screen.keys("Tab", "Tab", "Tab", "Tab", "Right")
    screen.wait_for("No container")
    screen.keys("Enter")
    screen.wait_for("tiny @ local")
    assert anna.ls()["tiny@local"]["folder"] == str(folder)
    screen.keys("r")
    screen.wait_for("Generation 1 · in use")

    screen.keys("s")
    screen.wait_for("^\\ then")  # the keyboard is the shell's
    screen.type("PS1='ready> '; echo is-$GREETING\n")
    screen.wait_for("is-hi")
    screen.type("vim flake.nix\n")
    screen.wait_for("description =")
    screen.wait_for('"flake.nix"')
    screen.type(":q\n")
    screen.wait_gone('"flake.nix"')
    screen.type("seq 1000 | less\n")
    screen.wait_for("│ 1 ")
    screen.type("G")
    screen.wait_for("(END)")
    screen.wait_for("│ 1000 ")
    screen.type("q")
    screen.wait_gone("(END)")
    screen.type("htop\n")
    screen.wait_for("F1Help")
    screen.type("q")
    screen.wait_gone("F1Help")
    screen.type("echo still-$GREETING\n")
    assert "ready> vim flake.nix" in screen.wait_for("still-hi")

    screen.keys("C-\\", "d")
    screen.wait_for("n new")
    screen.keys("q")
    screen.wait_for("goes on without mnix")
    sessions = anna.out("sessions", "-s", "local")
    assert "session" in sessions


@SIZES
def test_a_build_goes_on_while_nobody_looks(
    anna: Person, dashboard: Opener, flake: FlakeMaker, cols: int, rows: int
) -> None:
    folder = flake("slow", seconds=14)  # time enough to look again on a busy machine
    anna.run("new", "api", str(folder), "--isolation", "host", "--no-build")
    first = dashboard(folder, cols, rows)
    first.wait_for("● local")
    first.keys("Down")
    first.wait_for("api @ local")
    first.keys("r")
    first.wait_for("slow line 2")
    first.close()

    second = dashboard(folder, cols, rows)
    second.wait_for("building")
    second.wait_for("slow line")  # it comes back to the tab that it was left at
    second.wait_for("Generation 1 · in use", timeout=30)
    second.type("]")
    second.wait_gone("2 built")
    second.type("[")
    second.wait_for("2 built")
    second.keys("Down", "Down", "Enter")  # the second row: the whole log of what was built there
    second.wait_for("slow-tool-1.0 ·")
    second.keys("Home")
    second.wait_for("slow line 1 ")
    log = anna.out("logs", "-p", "api")
    assert re.findall(r"slow line (\d+)\n", log) == [str(n) for n in range(1, 71)]
    assert anna.sh("echo $GREETING", "api") == "hi\n"


def test_a_terminal_that_goes_away_without_a_word(anna: Person) -> None:
    keyboard, side = pty.openpty()
    termios.tcsetwinsize(keyboard, (24, 80))
    # A session without a controlling terminal: no signal tells of its end.
    with subprocess.Popen(
        [COMMAND], stdin=side, stdout=side, stderr=side, env=anna.env, start_new_session=True
    ) as process:
        os.close(side)
        seen = b""

        def painted() -> bool:
            nonlocal seen
            seen += os.read(keyboard, 65536)
            return b"local" in seen

        settle(painted, what="the first paint")
        os.close(keyboard)
        try:
            settle(lambda: process.poll() is not None, what="the dashboard's end")
        finally:
            process.kill()


@SIZES
def test_shells_side_by_side_are_there_again_in_the_next_dashboard(
    anna: Person, dashboard: Opener, flake: FlakeMaker, cols: int, rows: int
) -> None:
    folder = flake("tiny")
    anna.run("new", "api", str(folder), "--isolation", "host", "--no-build")
    first = dashboard(folder, cols, rows)
    first.wait_for("● local")
    first.keys("Down")
    first.wait_for("api @ local")
    first.keys("s")
    first.wait_for("^\\ then")
    first.type("PS1='one> '; echo is-$((40+2))\n")
    first.wait_for("is-42")
    first.keys("C-\\")
    first.type("|")
    first.wait_for("─ Shell 2 ")
    first.type("PS1='two> '; echo is-$((40+3))\n")
    first.wait_for("is-43")
    first.wait_for("is-42")
    first.keys("C-\\")
    first.type(",")
    first.wait_for("Name of Shell 2")
    first.type("right")
    first.keys("Enter")
    first.wait_for("─ right ")

    # Out of sight it goes on, and a command that fails there is marked, in the tab and the fleet.
    first.type("until [ -e go ]; do sleep 0.1; done; false\n")
    first.keys("C-\\", "d")
    first.wait_for("n new")
    first.type("[")  # the overview
    first.wait_for("Sessions and builds")
    (folder / "go").touch()
    first.wait_for("api ⌂ ✕")
    first.keys("q")
    first.wait_for("go on without mnix")

    second = dashboard(folder, cols, rows)
    second.wait_for("Shell 1 │ right")
    second.type("]")
    second.wait_for("is-43")
    second.wait_for("is-42")  # each shell comes in its own time
    second.wait_for("─ right ")
    second.wait_for("^\\ then")
    second.keys("C-\\", "Right")
    second.type("exit\n")
    second.wait_for("✕ 1")
    second.keys("Enter")
    second.wait_gone("─ right ")
    second.wait_for("is-42")
