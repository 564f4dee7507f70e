"""Rebuilds on a terminal, in a pipe and for programs, and what can be asked about them later."""

import hashlib
import json
import re
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.terminal import Emulator
from tests.fleet import ClientHome, FlakeMaker
from tests.helpers.settle import settle
from tests.integration.cli_rig import SERVER_TOML, Mnix
from tests.integration.people import greet
from tests.integration.tmux import Tmux

pytestmark = pytest.mark.needs("nix")
COLOURS = re.compile(rb"\x1b\[[0-9;]*[1-9][0-9;]*m")
LOUD = """
        printf 'a\\ttab \\033[31mred\\033[0m and \\007bell \\342\\202\\254\\n'
        for ((i = 1; i <= 100000; i++)); do echo "line $i of a hundred thousand"; done
"""


@pytest.fixture
def mnix(client_home: ClientHome, tmp_path: Path) -> Iterator[Mnix]:
    config = client_home.path / ".config/mnix"
    config.mkdir(parents=True)
    (config / "server.toml").write_text(SERVER_TOML)
    (config / "client.toml").write_text("notify_after = 0.01\n")
    folder = tmp_path / "here"
    folder.mkdir()
    mnix = Mnix(folder)
    yield mnix
    for ref in mnix.ls():
        mnix.run("rm", "-y", ref, code=None)


def loud(folder: Path) -> bytes:
    """Have a flake's tool print much; return what it prints."""
    flake = folder / "flake.nix"
    head, _, rest = flake.read_text().partition("        coproc NEVER")
    flake.write_text(head + LOUD + "        echo done >" + rest.partition("        echo done >")[2])
    lines = "".join(f"line {number} of a hundred thousand\n" for number in range(1, 100_001))
    return b"a\ttab \x1b[31mred\x1b[0m and \x07bell \xe2\x82\xac\n" + lines.encode()


def test_a_tree_that_lives_through_resizes_and_ctrl_z(mnix: Mnix, flake: FlakeMaker) -> None:
    mnix.run("new", "slow", str(flake("slow", seconds=8)), "--isolation", "host", "--no-warm-up")
    env = {**mnix.env, "PS1": "ready> ", "MNIX": f"{sys.executable} -m mnix_tui"}
    tmux = Tmux(["bash", "--norc", "-i"], cols=80, rows=24, env=env, cwd=mnix.folder)

    def rows(text: str) -> int:
        return sum(text in row for row in tmux.screen().splitlines())

    def one_tree() -> bool:
        return rows("◐ slow-tool-1.0") == rows("slow-tool-1.0> slow line") == 1

    try:
        tmux.wait_for("ready>")
        tmux.type("$MNIX rebuild-switch")
        tmux.keys("Enter")
        tmux.wait_for("◐ slow-tool-1.0")
        settle(one_tree)
        assert tmux.ask("#{cursor_flag}") == "0"
        tmux.type("typed while it builds")
        for cols, height in ((47, 12), (200, 50), (80, 24)):
            tmux.resize(cols, height)
            settle(one_tree, what=f"one tree at {cols}x{height}")
        assert "typed" not in tmux.screen()
        tmux.keys("C-z")
        tmux.wait_for("Stopped")
        assert rows("◐ slow-tool-1.0") == 0
        assert tmux.ask("#{cursor_flag}") == "1"
        tmux.type("fg")
        tmux.keys("Enter")
        settle(one_tree, what="the tree after fg")
        screen = tmux.wait_for("mnix: rebuilt project slow at generation 1", timeout=30)
        assert screen.count("● slow-tool-1.0") == 1
        assert "generation 1 is ready" in screen
        assert "◐" not in screen
        assert "slow line" not in screen
        settle(lambda: tmux.ask("#{cursor_flag}") == "1")
        tmux.type("stty -a | grep -o -e '[-]*echo '")
        tmux.keys("Enter")
        tmux.wait_for("\necho\n")
    finally:
        tmux.close()


@pytest.mark.parametrize("colours", [True, False])
def test_a_failure_stays_on_the_screen_with_what_to_do(
    colours: bool, mnix: Mnix, flake: FlakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    mnix.run("new", "bad", str(flake("failing")), "--isolation", "host", "--no-warm-up")
    terminal = mnix.terminal("rebuild-switch")
    try:
        assert terminal.exit_code() == 1
        seen = terminal.seen
    finally:
        terminal.close()
    assert bool(COLOURS.search(seen)) == colours
    assert b"\a\x1b]9;mnix: bad could not be rebuilt" in seen
    emulator = Emulator(100, 30)
    emulator.feed(seen)
    emulator.frame()
    rows = [row for row in emulator.text().splitlines() if row.strip()]
    at = {
        text: next(i for i, row in enumerate(rows) if text in row)
        for text in (
            "✕ failing-tool-1.0 failed to build (exit code 3)",
            "│ error: the tool refuses to be built",
            "→ its whole log: mnix logs",
            "⊘ failing-shell-env",
            "mnix: the build of bad failed",
            "what ran before goes on",
        )
    }
    assert list(at.values()) == sorted(at.values()), rows
    (hint,) = re.findall(r"mnix (logs --rebuild \S+ --node \S+)", "\n".join(rows))
    log = mnix.out(*hint.split())
    assert log.splitlines()[-1] == "error: the tool refuses to be built"
    if colours:
        return
    assert "bad has no environment yet: mnix rebuild-switch" in mnix.out("drift")
    done = mnix.run("rebuild-switch", code=1)
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"failing-tool-1.0> error: the tool refuses to be built" in done.stdout
    assert b"failing-tool-1.0 failed to build (exit code 3)" in done.stderr
    assert b"mnix logs --rebuild" in done.stderr


def test_everything_about_rebuilds_can_be_asked_later(mnix: Mnix, flake: FlakeMaker) -> None:
    folder = flake("slow")
    printed = loud(folder)
    lines = mnix.out("new", "api", str(folder), "--isolation", "host", "--copy").splitlines()
    assert sum(line.startswith("slow-tool-1.0> line ") for line in lines) == 100_000
    log = mnix.run("logs", "--node", "tool").stdout
    assert hashlib.sha256(log).hexdigest() == hashlib.sha256(printed).hexdigest()
    assert mnix.out("logs").splitlines() == lines[1:]

    for command in (["logs"], ["logs", "--json"]):
        unread = mnix.start(*command)  # ctrl-c works while nobody takes what is printed
        assert unread.stdout is not None
        assert unread.stderr is not None
        assert unread.stdout.readline()
        unread.send_signal(signal.SIGINT)
        assert unread.wait(20) == 130
        assert unread.stderr.read() == b""
        unread.stdout.close()
        unread.stderr.close()

    (folder / "seconds").write_text("1\n")
    greet(folder, "hello")
    drift = json.loads(mnix.out("drift", "--json"))
    assert [each["name"] for each in drift["unpushed"]] == ["flake.nix"]
    assert (
        '+          GREETING = "hello";' in mnix.run("drift", "--exit-code", code=1).stdout.decode()
    )
    assert "unsent: flake.nix" in mnix.out("ls", "--refresh")

    events = [json.loads(line) for line in mnix.out("rebuild-switch", "--json").splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["job", "end"]
    assert (events[-1]["generation"], events[-1]["changed"]) == (2, True)
    ends = {each["name"]: each["state"] for each in events if each["event"] == "stop"}
    assert ends == {"slow-shell-env": "done"}
    assert "unsent" not in mnix.out("ls", "--refresh")
    assert mnix.run("drift", "--exit-code").stdout
    (folder / "flake.nix").write_text("{ outputs = self: undefined; }")
    assert "flake.nix:1:" in mnix.run("rebuild-switch", code=1).stderr.decode()

    rebuilds = json.loads(mnix.out("logs", "--list", "--json"))
    assert [(each["generation"], each["ok"]) for each in rebuilds] == [
        (None, False),
        (2, True),
        (1, True),
    ]
    table = mnix.out("logs", "--list")
    assert all(each["job"] in table for each in rebuilds)
    assert mnix.out("logs", "--tree").count("✕ undefined variable") == 1
    assert "✕" not in mnix.out("logs", "--rebuild", "2", "--tree")
    tree = json.loads(mnix.out("logs", "--rebuild", rebuilds[2]["job"], "--tree", "--json"))
    (tool,) = [each for each in tree["nodes"] if each["name"] == "slow-tool-1.0"]
    assert (tool["state"], tool["lines"]) == ("done", 100_001)
    assert "slow-tool-1.0" in mnix.run("logs", "-r", "1", "-n", "zlib", code=1).stderr.decode()
    assert "mnix logs --list" in mnix.run("logs", "--rebuild", "9", code=1).stderr.decode()

    made = json.loads(mnix.out("generations", "--json"))
    assert [(each["number"], each["current"]) for each in made] == [(2, True), (1, False)]
    assert made[0]["job"] == rebuilds[1]["job"]
    assert mnix.out("generations").splitlines()[1].startswith("*  2")
    diff = json.loads(mnix.out("diff", "--json"))
    assert (diff["a"], diff["b"]) == (1, 2)
    assert mnix.run("diff", "2", "2", "--exit-code").stdout
    assert "project api is at generation 1" in mnix.out("rollback")
    assert mnix.out("exec", "--", "sh", "-c", "echo $GREETING") == "hi\n"
    assert "project api is at generation 2" in mnix.out("rollback", "2")
    assert "it has: 1, 2" in mnix.run("rollback", "7", code=1).stderr.decode()


def test_a_warm_up_is_waited_for_and_another_rebuild_is_not(mnix: Mnix, flake: FlakeMaker) -> None:
    folder = flake("slow", seconds=4)
    made = mnix.out("new", "slow", str(folder), "--isolation", "host", "--detach")
    job = re.search(r"job (\S+): follow it with mnix logs -f --tree --job \1", made)
    assert job is not None
    follow = mnix.terminal("logs", "-f", "--tree")
    try:
        follow.wait_for("slow-tool-1.0> slow line")
        done = mnix.run("rebuild-switch")
        assert b"mnix: waiting for the warm-up" in done.stderr
        assert b"nothing changed" in done.stderr
        assert follow.exit_code() == 0
    finally:
        follow.close()
    found = json.loads(mnix.out("logs", "--list", "--json"))
    assert [(each["cause"], each["generation"]) for each in found] == [
        ("rebuild", None),
        ("warm-up", 1),
    ]
    (folder / "nonce").write_text(uuid.uuid4().hex)
    mnix.run("rebuild-switch", "--detach")
    now = json.loads(mnix.out("ls", "--refresh", "--json"))["projects"][0]
    assert now["rebuild"]["cause"] == "rebuild"
    refused = mnix.run("rebuild-switch", code=75)
    assert b"mnix logs -f --tree --project slow@local" in refused.stderr
    assert re.search(rb"since \d\d:\d\d", refused.stderr)
    mnix.run("sessions", "--end", now["rebuild"]["job"])
