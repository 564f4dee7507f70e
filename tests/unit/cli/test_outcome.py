"""How a build's end is told: what went wrong first, then the tree, then what to do."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mnix_tui.cli import follow, outcome
from mnix_tui.cli.notify import message
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project
from mnix_tui.domain.states import JobState
from mnix_tui.nixlog import Build
from tests.unit.cli.test_node_log import A, C, begin, nix, said

SOURCE = f"/nix/store/{'s' * 32}-source"


def failed(*lines: str) -> Build:
    build = Build()
    text = f"error: builder for '{A}' failed with exit code 2"
    build.feed(begin(1, A) + begin(2, C) + b"".join(said(1, line) for line in lines))
    build.feed(nix(action="stop", id=1) + nix(action="msg", level=0, msg=text, raw_msg=text))
    build.end()
    return build


def test_a_failure_is_told_before_the_tree_and_fits_the_screen() -> None:
    build = failed(*(f"line {number}" for number in range(100)))
    for cols, rows in ((80, 24), (200, 50), (40, 12)):
        lines = outcome.final(build, (cols, rows), False, worked=False, job="aaaa2345")
        assert lines[0].startswith("✕ tool-1.0 failed to build"), (cols, rows)
        assert "  │ line 99" in lines, (cols, rows)
        assert "  → its whole log: mnix logs --rebuild aaaa2345 --node tool-1.0" in lines
        assert any("python3.11-numpy" in line for line in lines[5:]), (cols, rows)
        assert len(lines) <= max(rows, 14), (cols, rows)
        assert not any("\x1b" in line for line in lines)
        assert sum("failed to build" in line for line in lines) == 1, lines
    coloured = outcome.final(build, (80, 24), True, worked=False, job="aaaa2345")
    assert "\x1b[31m" in coloured[0]


def test_what_to_do_names_the_project_where_it_is_not_the_selected_one() -> None:
    build, naming = failed("no such thing"), " --project api@tokyo"
    lines = outcome.final(build, (80, 24), False, worked=False, job="aaaa2345", naming=naming)
    log = "mnix logs --project api@tokyo --rebuild aaaa2345 --node tool-1.0"
    assert f"  → its whole log: {log}" in lines
    assert f"`{log}`" in outcome.addressed(build.problems[0].hint, "aaaa2345", naming)
    assert outcome.addressed("`mnix gc` frees", "", naming) == f"`mnix gc{naming}` frees"


async def test_a_build_that_failed_is_begun_again_by_the_same_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = Project("api", "tokyo", "id1")
    link: Any = SimpleNamespace()  # nothing is asked there
    for reason in ("", "cancelled"):
        ended = Job("aaaa2345", "rebuild", "id1", JobState.EXITED, exit_code=1, reason=reason)
        await follow._tell(link, project, ended, Build(), False, " --project api@tokyo")
        assert "mnix rebuild-switch --project api@tokyo" in capsys.readouterr().err


def test_what_worked_is_told_by_its_tree_alone() -> None:
    build = Build()
    build.feed(begin(1, A) + nix(action="stop", id=1))
    build.feed(b'@mnix {"action":"result","ok":true,"generation":4,"changed":true,"message":""}\n')
    build.end()
    lines = outcome.final(build, (80, 24), False, worked=True)
    assert "tool-1.0" in lines[0]
    assert "generation 4" in lines[-1]


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "\x9b2J", "\u202egnp"])
def test_nothing_in_a_problem_moves_the_terminal(hostile: str) -> None:
    lines = outcome.final(failed(hostile), (80, 24), False, worked=False)
    assert all(line.isprintable() for line in lines), lines


def test_a_file_of_the_flake_is_named_as_it_is_called_here(tmp_path: Path) -> None:
    (tmp_path / "nix").mkdir()
    (tmp_path / "nix/flake.nix").touch()
    assert outcome.here(f"{SOURCE}/nix/flake.nix", str(tmp_path)) == "nix/flake.nix"
    assert outcome.here(f"{SOURCE}/gone.nix", str(tmp_path)) == f"{SOURCE}/gone.nix"
    assert outcome.here("«string»", str(tmp_path)) == "«string»"
    assert outcome.position("flake.nix", 3, 5) == "flake.nix:3:5"
    assert outcome.position("flake.nix", 0, 0) == "flake.nix"
    assert outcome.position("", 3, 5) == ""


def test_a_notification_carries_no_sequence_of_its_own() -> None:
    text = message("api;\x1b]52;c;eA==\x07 is rebuilt")
    assert text == (
        "\a\x1b]9;mnix: api,\\x1b]52,c,eA==\\x07 is rebuilt\x1b\\"
        "\x1b]777;notify;mnix;api,\\x1b]52,c,eA==\\x07 is rebuilt\x1b\\"
    )
    wrapped = message("done", tmux=True)
    assert wrapped.startswith("\a\x1bPtmux;\x1b\x1b]9;mnix: done\x1b\x1b\\\x1b\\")
