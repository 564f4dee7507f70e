"""What a shell is told of its terminal: its name, its colours, its letters."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import isolations, lifecycle, paths, projects, running
from tests.integration.agent_rig import Rig

SHOW = 'for v in TERM COLORTERM LANG LC_ALL TERM_PROGRAM TMUX MNIX_TTY; do eval "echo $v=\\${$v-none}"; done'


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("LANG", "LC_ALL", "LC_CTYPE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    rig = Rig(lifecycle.create("demo", "host", "flake.nix", None, None)["id"])
    with projects.locked(rig.id, "test") as project:
        running.make(project, isolations.of("host"))
    yield rig
    lifecycle.remove(rig.id)


def told(rig: Rig, term: str) -> dict[str, str]:
    """Return the variables that a command on a terminal sees."""
    import pty

    argv, _cwd, env = running.launch(
        rig.id, ["sh", "-c", SHOW], paths.new_id(), tty=True, bare=True, term=term
    )
    pid, terminal = pty.fork()
    if not pid:
        os.execvpe(argv[0], argv, env)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
    os.waitpid(pid, 0)
    os.close(terminal)
    return dict(re.findall(r"^(\w+)=(.*?)\r?$", shown.decode(), re.MULTILINE))


def test_a_shell_gets_a_terminal_that_is_described_and_speaks_utf_8(rig: Rig) -> None:
    found = told(rig, "")
    assert found["TERM"] == "xterm-256color"
    assert found["COLORTERM"] == "truecolor"
    assert found["TERM_PROGRAM"] == "mnix"
    assert found["LANG"] == "C.UTF-8"
    assert found["MNIX_TTY"] == "none"


def test_a_terminal_that_nobody_here_knows_is_taken_for_the_usual_one(rig: Rig) -> None:
    assert told(rig, "xterm-from-the-future")["TERM"] == "xterm-256color"
    assert told(rig, "vt100")["TERM"] == "vt100"
    assert told(rig, "vt100")["COLORTERM"] == "none"


def test_a_locale_that_is_not_here_is_replaced(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "tlh_KX.UTF-8")
    found = told(rig, "")
    assert (found["LANG"], found["LC_ALL"]) == ("C.UTF-8", "none")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert told(rig, "")["LC_ALL"] == "C.UTF-8"


def test_what_the_agent_s_own_terminal_says_of_itself_stays_outside(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    monkeypatch.setenv("TERM_PROGRAM", "other")
    found = told(rig, "")
    assert (found["TMUX"], found["TERM_PROGRAM"]) == ("none", "mnix")
