"""How shells and commands start in an environment, with hooks of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.agent_rig import typed_shell
from tests.integration.hooked import Hooked, hooked


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooked]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with hooked(tmp_path) as rig:
        yield rig


def test_a_shell_has_the_bashrc_and_the_environment(rig: Hooked) -> None:
    rig.hook("export HOOKED=1")
    shown = typed_shell(
        rig, "mine", "echo $GREETING-$HOOKED", 'echo "${PATH%%:*}"', "trap -p", "exit 3"
    )
    assert "from my bashrc" in shown
    assert "hi-1" in shown
    assert "path-not-set" not in shown
    assert "[demo] " in shown
    assert "_mnix" not in shown


def test_without_an_environment_a_shell_and_a_command_say_so(rig: Hooked) -> None:
    said = "mnix: there is no environment yet"
    assert f"{said}, so this is a plain shell" in typed_shell(rig, "exit")
    done = rig.exec("echo", "out")
    assert (done.returncode, done.stdout) == (0, b"out\n")
    assert done.stderr.decode() == f"{said}: run without one\n"
    assert rig.exec("true", bare=True).stderr == b""
    rig.hook("")
    assert rig.exec("true").stderr == b""
    assert said not in typed_shell(rig, "exit")


@pytest.mark.parametrize("hook", ["exit 7", "set -e; false", "set -eu; exit 1"])
def test_a_hook_that_ends_the_shell_leaves_a_plain_one_that_says_why(
    rig: Hooked, hook: str
) -> None:
    rig.hook(hook)
    shown = typed_shell(rig, "echo still $((40 + 2)) here", "mine", "exit")
    assert "mnix: the shellHook ended the shell" in shown
    assert "still 42 here" in shown
    assert "from my bashrc" in shown


def test_a_hook_that_stumbles_over_an_unset_variable_goes_on(rig: Hooked) -> None:
    rig.hook("set -u\necho $NOT_SET_AT_ALL\nexport AFTER=1")
    shown = typed_shell(rig, "echo still $((40 + 2)) here", "echo a${NOT_SET}b$AFTER", "exit")
    assert "NOT_SET_AT_ALL: unbound variable" in shown
    assert "still 42 here" in shown
    assert "ab1" in shown


@pytest.mark.parametrize("hook", ["export A=1; return 0; export A=2", "f() { return 3; }; f; A=1"])
def test_a_hook_may_return(rig: Hooked, hook: str) -> None:
    rig.hook(hook + "\n# the end")
    shown = typed_shell(rig, "echo A=$A $((40 + 2))", "exit")
    assert "A=1 42" in shown
    assert "mnix:" not in shown
    assert rig.exec("echo", "ok").stdout == b"ok\n"


def test_a_hook_that_is_no_script_is_told_of(rig: Hooked) -> None:
    rig.hook("if true; then echo )")
    shown = typed_shell(rig, "echo still $((40 + 2)) here", "exit")
    assert "mnix: the shellHook stopped at an error" in shown
    assert "still 42 here" in shown


def test_strictness_of_a_hook_does_not_stay(rig: Hooked) -> None:
    rig.hook("set -eu; export HOOKED=1")
    shown = typed_shell(rig, "false", "echo a${NOT_SET}b $((40 + 2))", "exit")
    assert "ab 42" in shown
    assert "shellHook ended" not in shown


def test_a_hook_may_become_another_shell(rig: Hooked) -> None:
    rig.hook("exec sh -i")
    shown = typed_shell(rig, "echo other $((40 + 2)) $GREETING", "exit")
    assert "other 42 hi" in shown
    assert "mnix:" not in shown


def test_a_hook_s_own_exit_trap_and_prompt_stay(rig: Hooked) -> None:
    rig.hook("trap 'echo cleaned $((40 + 2))' EXIT; PS1='mine> '")
    shown = typed_shell(rig, "exit")
    assert "cleaned 42" in shown
    assert "mine> " in shown


def test_a_command_s_output_has_nothing_of_the_hook_s(rig: Hooked) -> None:
    rig.hook("echo noise; cat; export HOOKED=1")
    done = rig.exec("sh", "-c", "echo $GREETING $HOOKED; cat", stdin=b"typed\xff\n")
    assert (done.returncode, done.stdout) == (0, b"hi 1\ntyped\xff\n")
    assert b"noise" in done.stderr


def test_a_hook_that_exits_stops_the_command_and_says_so(rig: Hooked) -> None:
    rig.hook("exit 7")
    done = rig.exec("echo", "never")
    assert (done.returncode, done.stdout) == (7, b"")
    assert b"the shellHook ended early (exit 7), so the command was not run" in done.stderr
    rig.hook("exit 0")
    assert rig.exec("echo", "never").returncode == 1
    assert rig.exec("echo", "bare", bare=True).stdout == b"bare\n"


def test_a_hook_that_becomes_a_shell_runs_the_command_instead(rig: Hooked) -> None:
    rig.hook("export HOOKED=1; exec zsh")
    done = rig.exec("sh", "-c", "echo $HOOKED; cat", stdin=b"typed")
    assert (done.returncode, done.stdout) == (0, b"1\ntyped")


def test_strictness_of_a_hook_is_not_the_command_s(rig: Hooked) -> None:
    rig.hook("set -eu")
    assert rig.exec("bash", "-c", "false; echo a${NOT_SET}b").stdout == b"ab\n"


def test_pypi_hole_11_options_and_input_are_the_command_s(rig: Hooked) -> None:
    rig.hook("")
    done = rig.exec(
        "sh", "-c", 'printf "%s|" "$@"; cat', "x", "-h", "--help", "--", "a b", "", stdin=b"in"
    )
    assert done.stdout == b"-h|--help|--|a b||in"


def test_exit_codes_are_the_command_s(rig: Hooked) -> None:
    rig.hook("")
    for code in (0, 1, 75, 125, 126, 127, 255):
        assert rig.exec("sh", "-c", f"exit {code}").returncode == code
    assert rig.exec("sh", "-c", "kill -9 $$").returncode == 137
    missing = rig.exec("no-such-program")
    assert missing.returncode == 127
    assert missing.stderr == b"mnix: no-such-program: command not found in this environment\n"


def test_a_command_starts_in_the_folder_asked_for(rig: Hooked) -> None:
    rig.hook("")
    Path(rig.project.workspace, "below").mkdir()
    assert rig.exec("pwd", cwd="below").stdout.decode() == f"{rig.project.workspace}/below\n"
    assert rig.exec("pwd").stdout.decode() == f"{rig.project.workspace}\n"


def test_no_pid_file_is_left(rig: Hooked) -> None:
    rig.hook("")
    rig.exec("true")
    assert list(Path(rig.project.run).iterdir()) == []


def test_a_shell_marks_its_prompts_unless_told_not_to(
    rig: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.hook("PS1='hooked> '")
    assert "\x1b]133;A\x07hooked> \x1b]133;B\x07" in typed_shell(rig, "exit")
    rig.hook("exit 7")  # the plain shell too
    assert "\x1b]133;A\x07" in typed_shell(rig, "exit")
    monkeypatch.setenv("MNIX_SHELL_INTEGRATION", "0")
    shown = typed_shell(rig, "echo $((40 + 2)); declare -p PS0; exit")
    assert "42" in shown
    assert "\x1b]133" not in shown
    assert "\x1b]7" not in shown
