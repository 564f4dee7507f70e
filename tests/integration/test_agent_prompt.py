"""Bash tells the terminal of its prompts, commands and folder, and keeps what is the user's own."""

import os
import pty
import re
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from server_agent.core.prompt import PROMPT

SEQUENCE = re.compile(r"\x1b\](133|7);([^\x07]*)\x07")
VERSION = "BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]"
Shell = Callable[..., str]


@pytest.fixture(params=["newest", "before 5.1", "before 4.4"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    """Return what types lines into an interactive bash, each at its own prompt, and gives all that
    the terminal got. Older versions get what they would choose."""
    number = {"newest": VERSION, "before 5.1": "500", "before 4.4": "402"}[request.param]
    assert VERSION in PROMPT

    def run(*lines: str, before: str = "", after: str = "") -> str:
        rc = tmp_path / "rc"
        rc.write_text(f"PS1='ready> '\n{before}\n{PROMPT.replace(VERSION, number)}\n{after}\n")
        return _typed(rc, tmp_path, lines)

    return run


def _typed(rc: Path, home: Path, lines: tuple[str, ...]) -> str:
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(home)
        env = {"HOME": str(home), "TERM": "xterm-256color", "PATH": os.environ["PATH"]}
        env |= {"LANG": "C.UTF-8", "HOSTNAME": "box"}
        os.execvpe("bash", ["bash", "--rcfile", str(rc), "-i"], env)
    shown = b""
    for line in (*lines, "exit"):
        begun = len(shown)
        # The end of the prompt is a mark of ours, or what the test has for one.
        while not re.search(rb"133;B\x07|> $", shown[begun:]):
            assert select.select([terminal], [], [], 10)[0], shown
            shown += os.read(terminal, 4096)
        os.write(terminal, line.encode() + b"\r")
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode("utf-8", "replace")


def marks(shown: str) -> list[str]:
    """Return the marks, without those that bash before 4.4 can't give."""
    return [text for kind, text in SEQUENCE.findall(shown) if kind == "133"]


def test_prompts_commands_and_statuses_are_marked(shell: Shell, request: object) -> None:
    found = marks(shell("false", "(exit 3)", "echo 'out put'"))
    assert [mark for mark in found if mark != "C"] == [
        *("A", "B", "D;1", "A", "B", "D;3", "A", "B", "D;0", "A", "B"),
    ]
    if "C" in found:  # since bash 4.4
        assert found == [
            *("A", "B", "C", "D;1", "A", "B", "C", "D;3"),
            *("A", "B", "C", "D;0", "A", "B", "C"),
        ]


def test_an_empty_line_is_no_command(shell: Shell) -> None:
    found = marks(shell("false", "", ""))
    if "C" in found:
        assert found == ["A", "B", "C", "D;1", "A", "B", "A", "B", "A", "B", "C"]


def test_the_folder_is_told_as_a_url(shell: Shell, tmp_path: Path) -> None:
    shown = shell("mkdir -p 'ü %;x'", "cd 'ü %;x'", "true")
    folders = [text for kind, text in SEQUENCE.findall(shown) if kind == "7"]
    assert folders[0] == f"file://box{tmp_path}"
    assert folders[-1] == f"file://box{tmp_path}/%C3%BC%20%25%3Bx"
    assert len(folders) == 4  # at each prompt, for whoever came back from another machine


def test_the_user_s_prompt_may_change_at_any_time(shell: Shell) -> None:
    shown = shell("PS1='one> '", 'PS1="two $PS1"', "echo")
    plain = SEQUENCE.sub(lambda m: {"A": "<", "B": ">"}.get(m[2], ""), shown)
    assert "<ready> >" in plain
    assert "<one> >" in plain
    assert "<two one> >" in plain
    assert "<<" not in plain


def test_a_prompt_that_is_made_anew_each_time_is_marked_too(shell: Shell) -> None:
    shown = shell("true", before="PROMPT_COMMAND='PS1=\"st $? > \"'")
    assert shown.count("\x1b]133;A\x07st 0 > \x1b]133;B\x07") >= 2


def test_the_mark_is_on_the_line_with_the_prompt(shell: Shell) -> None:
    shown = shell("true", before=r"PS1='\n\nhere> '")
    assert "\r\n\x1b]133;A\x07here> " in shown


@pytest.mark.parametrize("kind", ["text", "array"])
def test_the_user_s_own_prompt_command_sees_the_status(shell: Shell, kind: str) -> None:
    own = 'echo "own:$?"'
    before = f"PROMPT_COMMAND='{own}'" if kind == "text" else f"PROMPT_COMMAND=(':' '{own}')"
    shown = shell("(exit 7)", 'echo "after:$?"', before=before)
    if kind == "text" or "133;C" in shown:
        assert "own:7" in shown
    assert "after:7" in shown
    assert "D;7" in shown


def test_what_is_put_into_prompt_command_later_runs_and_we_stay(shell: Shell) -> None:
    shown = shell('PROMPT_COMMAND=\'PS1="late> ";\'"${PROMPT_COMMAND-}"', "true", "false")
    assert "\x1b]133;A\x07late> \x1b]133;B\x07" in shown
    assert "D;1" in marks(shown)


def test_strict_shells_live_on(shell: Shell) -> None:
    shown = shell("set -u", "! true", "set -e; true", "! true", "echo st''ill", "set +eu")
    assert "still" in shown
    assert "unbound" not in shown
    assert marks(shown).count("D;1") == 2


def test_the_user_s_traps_and_ps0_stay(shell: Shell) -> None:
    shown = shell(
        "echo one", "trap -p DEBUG", before="trap 'seen=$BASH_COMMAND' DEBUG; PS0='[zero]'"
    )
    assert "trap -- 'seen=$BASH_COMMAND' DEBUG" in shown
    if "133;C" in shown:
        assert "[zero]\x1b]133;C\x07one" in shown


def test_without_promptvars_nothing_is_shown_raw(shell: Shell) -> None:
    shown = shell("echo one", "echo two", before="shopt -u promptvars")
    assert "_mnix" not in shown
    assert "D;0" in marks(shown)


def test_a_trace_is_not_full_of_ours(shell: Shell) -> None:
    shown = shell("set -x", "echo one", "set +x")
    traced = re.findall(r"^\+.*mnix.*$", shown, re.MULTILINE)
    assert 0 < len(traced) <= 6, traced
    assert "+ local" not in shown
    assert "+ echo one" in shown


def test_a_shell_in_the_shell_is_left_alone(shell: Shell) -> None:
    before = "export PROMPT_COMMAND=':' PS1='ready> '"
    shown = shell("bash --norc", "echo in''side", "exit", before=before)
    assert "inside" in shown
    assert "not found" not in shown


def test_a_line_that_wraps_is_edited_in_the_right_place(shell: Shell) -> None:
    from mnix_tui.terminal import Emulator

    long = "echo " + "x" * 90
    emulator = Emulator(80, 24)
    shown = shell(long + "\x01\x06\x06\x06\x06\x06y", before="PS1='prompt> '")
    emulator.feed(shown.encode())
    assert "yxxx" in emulator.text()
    assert emulator.text().startswith("prompt> echo yxxx")
