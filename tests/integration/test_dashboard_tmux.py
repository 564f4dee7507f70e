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

pytestmark = [pytest.mark.needs("tmux", "nix", "vim", "less", "htop"), pytest.mark.timeout(60)]
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
    screen.wait_for("generation 1 is in use")

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
    screen.wait_for("│1 ")
    screen.type("G")
    assert "│1000 " in screen.wait_for("(END)")
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
    folder = flake("slow", seconds=7)
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
    second.keys("Down")
    second.wait_for("Rebuild 1")
    second.keys("]")
    second.wait_for("slow line")
    second.wait_for("generation 1 is in use", timeout=30)
    second.keys("Home")
    second.wait_for("slow line 1 ")
    log = anna.out("logs", "-p", "api")
    assert re.findall(r"slow line (\d+)\n", log) == [str(n) for n in range(1, 36)]
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
