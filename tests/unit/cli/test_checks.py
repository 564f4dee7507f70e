"""A server's checks: drawn on a terminal, line by line in a pipe, and the exit codes that follow."""

import io
import signal
from dataclasses import replace
from typing import Any

import pytest

from mnix_tui.actions.doctor import Report
from mnix_tui.cli import check_lines, connect, own_terminal
from mnix_tui.cli.check_display import Drawn, Lines
from mnix_tui.cli.doctor import exit_code
from mnix_tui.domain import checks
from mnix_tui.domain.checks import Check, CheckState
from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.link import HostKeyQuestion, LinkOptions, SecretQuestion
from mnix_tui.terminal.emulator import Emulator
from mnix_tui.ui import check_words


class Terminal(io.StringIO):
    """A terminal that shows what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = Emulator(60, 20)

    def write(self, text: str) -> int:
        self.screen.feed(text.replace("\n", "\r\n").encode())
        return len(text)

    @property
    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.screen.text().rstrip().splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(own_terminal, "size", lambda: (60, 20))
    monkeypatch.setattr(own_terminal, "in_front", lambda: True)
    return Terminal()


def after(key: str, state: CheckState, said: str = "", **more: Any) -> tuple[Check, ...]:
    """Return checks that went well up to ``key``, which is like this now."""
    found, reached = [], False
    for check in checks.fresh():
        if check.key == key:
            seconds = None if state is CheckState.RUNNING else 0.5
            found.append(replace(check, state=state, said=said, seconds=seconds, **more))
            reached = True
        elif not reached:
            found.append(replace(check, state=CheckState.OK, seconds=0.012))
        elif state is CheckState.FAILED:
            found.append(replace(check, state=CheckState.SKIPPED))
        else:
            found.append(check)
    return tuple(found)


LOGIN = after(
    "login", CheckState.FAILED, "every key was refused: " + "x" * 80, hint="add one", fix="ssh-add"
)


async def test_what_is_drawn_stays_in_its_place_and_ends_uncut(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = Drawn(terminal)
    terminal.write("saved server tokyo\n")
    with display.held():
        display(checks.fresh())
        display(after("connect", CheckState.RUNNING, "10.0.0.1 port 22"))
        assert len(terminal.shown) == 12
        assert terminal.shown[0] == "saved server tokyo"
        assert terminal.shown[1] == "  ✓ SSH configuration    12 ms"
        assert terminal.shown[3] == "  ◐ connect                     10.0.0.1 port 22"
        assert terminal.shown[4] == "  · host key"
        monkeypatch.setattr(own_terminal, "in_front", lambda: False)
        display(checks.fresh())  # the terminal is somebody else's now
        assert terminal.shown[3] == "  ◐ connect                     10.0.0.1 port 22"
        monkeypatch.setattr(own_terminal, "in_front", lambda: True)
        display(LOGIN)
        assert len(terminal.shown) == 12  # cut: the next check stands in the next line
        assert not terminal.screen.frame(force=True).cursor.visible
    assert terminal.screen.frame(force=True).cursor.visible
    text = "".join(terminal.shown)
    assert "x" * 20 in text
    assert "      → add one" in terminal.shown
    assert "      $ ssh-add" in terminal.shown
    assert text.endswith("  – not tried: Python, mnix's agent, Podman, nix, disk, linger")
    assert terminal.shown.count("saved server tokyo") == 1


def test_a_check_that_takes_its_time_says_for_how_long() -> None:
    (check,) = [each for each in after("connect", CheckState.RUNNING) if each.key == "connect"]
    assert "s" not in check_lines.line(check, running=0.5).replace("connect", "")
    assert "3.0 s" in check_lines.line(check, running=3)


async def test_a_question_has_the_terminal_for_itself(terminal: Terminal) -> None:
    display = Drawn(terminal)
    seen: list[list[str]] = []
    stops = signal.getsignal(signal.SIGTSTP)

    async def ask(question: HostKeyQuestion) -> bool:
        display(after("hostkey", CheckState.RUNNING, "waiting"))  # news meanwhile draw nothing
        terminal.write("Is it right? yes\n")
        seen.append(terminal.shown)
        assert signal.getsignal(signal.SIGTSTP) is stops  # ctrl-z is the question's
        return True

    async def secret(question: SecretQuestion) -> tuple[str, ...] | None:
        seen.append(terminal.shown)
        return None

    options = connect.asking_in_turn(
        LinkOptions(ask_host_key=ask, ask_secret=secret), display.paused
    )
    assert options.ask_host_key is not None
    assert options.ask_secret is not None
    host_key = HostKeyQuestion("tokyo", "tokyo", "ssh-ed25519", "SHA256:x")
    with display.held():
        assert signal.getsignal(signal.SIGTSTP) is not stops
        display(after("hostkey", CheckState.RUNNING))
        assert await options.ask_host_key(host_key)
        assert seen == [["Is it right? yes"]]
        assert terminal.shown[0] == "Is it right? yes"
        assert len(terminal.shown) == 12
        assert await options.ask_secret(SecretQuestion("tokyo", "password", "me@tokyo", ())) is None
        assert seen[1] == ["Is it right? yes"]
    nobody = connect.asking_in_turn(LinkOptions(), display.paused)
    assert (nobody.ask_host_key, nobody.ask_secret) == (None, None)


def test_a_pipe_gets_each_check_once_and_in_order() -> None:
    out = io.StringIO()
    display = Lines(out)
    display(checks.fresh())
    display(after("connect", CheckState.RUNNING))
    # Podman answers before Python did: it waits for its turn.
    display(
        tuple(
            replace(each, state=CheckState.OK) if each.key == "podman" else each
            for each in after("python", CheckState.RUNNING)
        )
    )
    failed = after("python", CheckState.FAILED, "none", hint="add one", fix="apt install python3")
    display(failed)
    display(failed)
    lines = out.getvalue().splitlines()
    titles = [line[4:].partition("  ")[0] for line in lines if line[2] in "✓✕–"]
    assert titles == list(checks.TITLES.values())
    assert "\x1b" not in out.getvalue()
    assert lines[lines.index("      → add one") + 1] == "      $ apt install python3"


def test_a_pipe_gets_a_check_that_went_well_first_and_failed_later_as_failed() -> None:
    out = io.StringIO()
    display = Lines(out)
    display(after("hostkey", CheckState.RUNNING))
    assert out.getvalue() == ""
    display(after("connect", CheckState.FAILED, "no way through", hint="look there"))
    lines = out.getvalue().splitlines()
    assert [line[2] for line in lines[:5]] == ["✓", "✓", "✕", " ", "–"]
    assert "no way through" in lines[2]
    assert lines[3] == "      → look there"

    out = io.StringIO()
    display = Lines(out)
    display(after("podman", CheckState.WAITING))  # the agent started, and has told nothing yet
    assert "log in" in out.getvalue()
    assert "agent" not in out.getvalue()
    display(after("agent", CheckState.FAILED, "no answer"))
    assert out.getvalue().count("agent") == 1
    assert "no answer" in out.getvalue()


def test_a_command_for_a_server_is_none_for_this_machine() -> None:
    there = Check("linger", "linger", CheckState.WARN, fix="loginctl x", fix_on="box")
    assert check_lines.advice(there) == ["      on box: $ loginctl x"]
    assert check_lines.advice(replace(there, fix_on="")) == ["      $ loginctl x"]
    assert "on box: $ loginctl x   c copies it" in check_words.about(there, copy="c").plain


def test_what_a_server_says_moves_no_terminal() -> None:
    check = Check("disk", "disk", CheckState.WARN, 0.1, "full\x1b[2J", "rm \x07", "look\nthere")
    text = "\n".join(check_lines.report([check]))
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        ([], 0),
        (["config"], 1),
        (["resolve"], 69),
        (["connect"], 69),
        (["hostkey"], 69),  # no answer there is none, and no "no"
        (["hostkey no"], 77),
        (["login"], 69),
        (["login no"], 77),
        (["podman"], 1),
        (["connect", "resolve"], 69),
        (["connect", "login"], 69),
        (["connect", "login no"], 1),
    ],
)
def test_the_exit_code_says_what_kind_of_trouble_it_is(failed: list[str], code: int) -> None:
    server = Server("tokyo", "tokyo")
    fine = Report(server, after("linger", CheckState.WARN))
    reports = []
    for each in failed:
        key, _, no = each.partition(" ")
        found = after(key, CheckState.FAILED, "why")
        reports.append(Report(server, checks.changed(found, key, refused=bool(no))))
    assert exit_code([fine, *reports]) == code
    for each, report in zip(failed, reports, strict=True):
        status = report.status(0.0)
        if each == "podman":
            assert status is None
        else:
            assert status is not None
            expected = ServerState.REFUSED if each.endswith(" no") else ServerState.OFFLINE
            assert (status.state, status.reason) == (expected, "why")


def test_the_verdict_is_one_line() -> None:
    assert check_lines.verdict(LOGIN) == "✕ failed: log in"
    assert check_lines.verdict(after("linger", CheckState.WARN)) == (
        "! it works; 1 thing could be better"
    )
    assert check_lines.verdict(after("linger", CheckState.OK)) == "✓ everything is fine"
