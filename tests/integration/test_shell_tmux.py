"""``mnix shell`` on a real terminal: what it leaves behind, and what it says of a dead link."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer
from tests.helpers.settle import settle
from tests.integration.cli_rig import SERVER_TOML
from tests.integration.people import COMMAND, Person, configured
from tests.integration.tmux import Tmux

pytestmark = pytest.mark.needs("tmux", "nix", "vim")

LEADER = "C-\\"
MODES = " ".join(
    f"{name}=#{{{name}}}"
    for name in (
        "alternate_on",
        "cursor_flag",
        "insert_flag",
        "keypad_cursor_flag",
        "keypad_flag",
        "mouse_any_flag",
        "mouse_sgr_flag",
        "origin_flag",
        "scroll_region_upper",
        "scroll_region_lower",
        "wrap_flag",
        "pane_title",
    )
)
Opener = Callable[..., Tmux]


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Person]:
    ann = Person(tmp_path / "ann")
    config = ann.home.path / ".config/mnix"
    config.mkdir()
    (config / "server.toml").write_text(SERVER_TOML)
    yield ann
    for ref in ann.ls():
        ann.run("rm", "-y", ref, code=None)


@pytest.fixture
def terminal(ann: Person) -> Iterator[Opener]:
    """Open terminals with an ordinary shell in each."""
    opened: list[Tmux] = []

    def start(cols: int = 90, rows: int = 24) -> Tmux:
        env = {**ann.env, "PS1": "outer$ "}
        argv = ["bash", "--norc", "--noprofile"]
        opened.append(Tmux(argv, cols=cols, rows=rows, env=env, cwd=ann.folder))
        opened[-1].wait_for("outer$")
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def shell(screen: Tmux, *argv: str) -> None:
    """Open ``mnix shell`` and wait for its prompt."""
    screen.type(f"{COMMAND} shell {' '.join(argv)}\n")
    screen.wait_for("[demo]")
    screen.type("PS1='inner> '\n")
    screen.wait_for("\ninner>")


def leave(screen: Tmux) -> None:
    screen.keys(LEADER)
    screen.keys("d")
    screen.wait_for("left running")


def demo(ann: Person, folder: Path, *where: str) -> None:
    ann.run("new", "demo", str(folder), "--isolation", "host", "--no-build", *where)


def test_what_a_program_switched_is_switched_back_when_it_is_left(
    ann: Person, terminal: Opener, flake: FlakeMaker
) -> None:
    demo(ann, flake("tiny"))
    screen = terminal()
    before = screen.ask(MODES)
    shell(screen)
    switches = (
        r"\e[22;0t\e]2;inner title\a\e[?1049h\e[?1h\e=\e[?1003;1006h\e[?2004h\e[?1004h\e[?6h\e[?7l"
        r"\e[3;9r\e[4h\e[5 q\e[>1u\e[>4;2m\e[?25l\e(0"
    )
    screen.type(f"printf '{switches}'; sleep 1000\n")
    settle(lambda: "alternate_on=1" in screen.ask(MODES))
    settle(lambda: "cursor_flag=0" in screen.ask(MODES))
    changed = screen.ask(MODES)
    assert "keypad_flag=1" in changed
    assert "mouse_any_flag=1" in changed
    leave(screen)
    assert screen.ask(MODES) == before
    screen.type("echo qqq-$((1 + 1))\n")
    screen.wait_for("qqq-2")
    (job,) = json.loads(ann.out("sessions", "--json"))
    ann.run("sessions", "--end", job["id"])


def test_sessions_have_names_and_several_terminals_share_one(
    ann: Person, terminal: Opener, flake: FlakeMaker
) -> None:
    demo(ann, flake("tiny"))
    ann.set("MNIX_CLIENT_NAME", "ann@laptop")
    one = terminal(90, 24)
    shell(one, "--name", "web")
    assert "web" in ann.fails("shell", "--name", "web")
    ann.set("MNIX_CLIENT_NAME", "ann@desk")
    two = terminal(70, 20)
    two.type(f"{COMMAND} shell --attach web\n")
    one.wait_for("ann@desk is here too")
    two.wait_for("inner>")
    assert json.loads(ann.out("sessions", "--json"))[0]["clients"] == 2
    two.type("tput cols\n")
    two.wait_for("\n70\n")
    one.wait_for("ann@desk leads: the size is 70×20 until you type")
    one.type("tput cols\n")
    one.wait_for("\n90\n")
    assert " web " in ann.out("sessions")
    ann.run("sessions", "--rename", "web", "site")
    one.keys(LEADER)
    one.keys("?")
    one.wait_for("d leave it running")
    leave(one)
    one.type("clear\n")
    one.type(f"{COMMAND} shell --attach\n")
    one.wait_for("inner>")
    ann.run("sessions", "--end", "site")
    one.wait_for("outer$")
    two.wait_for("outer$")
    assert "none runs there" in ann.fails("shell", "--attach", "site")


@pytest.mark.fleet
@pytest.mark.slow
def test_a_dead_link_is_told_keeps_what_is_typed_and_spoils_nothing(
    ann: Person, terminal: Opener, flake: FlakeMaker, fleet: Fleet
) -> None:
    tokyo = configured(fleet.server("tokyo"))
    ann.knows(tokyo)
    demo(ann, flake("tiny"), "--server", "tokyo")
    screen = terminal(120, 24)
    shell(screen)
    screen.type("clear; seq 100; cat\n")
    screen.wait_for("\n100\n")
    before = screen.screen()
    silence(screen, tokyo, before)
    absence(screen, tokyo)
    screen.keys("C-c")
    screen.wait_for("inner>")
    full_screen(screen, tokyo)
    screen.type("exit\n")
    screen.wait_for("outer$")


def silence(screen: Tmux, tokyo: FleetServer, before: str) -> None:
    """The server says nothing for a while, and goes on."""
    tokyo.freeze()
    screen.wait_for("no answer from tokyo for", timeout=12)
    screen.type("abc")
    screen.wait_for("3 keys wait")
    told = screen.screen()
    assert told.splitlines()[:-1] == before.splitlines()[:-1]  # only the bottom line is ours
    tokyo.thaw()
    screen.wait_for("\nabc")
    screen.wait_gone("no answer")
    after = screen.screen()
    assert after.replace("abc", "", 1) == before


def absence(screen: Tmux, tokyo: FleetServer) -> None:
    """The server is gone, and comes back."""
    tokyo.kill_sshd()
    screen.wait_for("r now, d leave")
    screen.type("d\n")
    screen.wait_for("2 keys wait")
    tokyo.start_sshd()
    screen.keys(LEADER)
    screen.keys("r")
    screen.wait_for("\nabcd\nabcd\n")
    screen.wait_gone("wait")
    assert screen.screen().count("abcd") == 2


def full_screen(screen: Tmux, tokyo: FleetServer) -> None:
    """A program that draws the whole screen does not notice."""
    screen.type("clear; seq 200 > numbers; vim -u NONE -N '+set ruler' '+normal 100G' numbers\n")
    screen.wait_for("100,1")
    before = screen.screen()
    tokyo.drop_connections()
    screen.wait_for("connected again")
    screen.wait_gone("connected again")
    assert screen.screen() == before
    screen.type("oa new line")
    screen.wait_for("a new line")
    screen.keys("Escape")
    screen.type(":q!\n")
    screen.wait_for("inner>")
    screen.wait_gone("a new line")
