"""One running git answers any number of questions, and its end is an error, not an answer."""

from pathlib import Path

import pytest

from mnix_tui.sync.checkignore import CheckIgnore, Rule
from tests.unit.sync.folders import git, make

pytestmark = pytest.mark.needs("git")


def test_more_questions_than_a_pipe_holds(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n" + "x" * 3000 + "*\n")
    long = "d" * 200
    paths = [f"{long}/{long}/{number}.{'log' if number % 2 else 'txt'}" for number in range(5000)]
    asking = CheckIgnore(str(tmp_path), tracked=False)
    try:
        answers = asking.ask(paths)
        assert [answer.ignores for answer in answers] == [bool(n % 2) for n in range(5000)]
        assert answers[1] == Rule(".gitignore", "1", "*.log")
        assert asking.ask([]) == []
        (kept,) = asking.ask(["keep.log"])
        assert kept.pattern == "!keep.log"
        assert not kept.ignores
    finally:
        asking.close()
    asking.close()


def test_git_that_ends_is_an_error_and_can_be_asked_again(tmp_path: Path) -> None:
    make(tmp_path, "sub/a", "b")
    git(tmp_path, "init", "-q")
    git(tmp_path / "sub", "init", "-q")
    git(tmp_path / "sub", "add", "a")
    git(tmp_path / "sub", "commit", "-q", "-m", "x")
    git(tmp_path, "add", "sub")
    asking = CheckIgnore(str(tmp_path), tracked=True)
    try:
        with pytest.raises(OSError, match="ended"):
            asking.ask(["b", "sub/a"])  # git does not look into a submodule
        asking.close()
        assert [answer.ignores for answer in asking.ask(["b"])] == [False]
    finally:
        asking.close()


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    asking = CheckIgnore(str(tmp_path / "missing"), tracked=True)
    with pytest.raises(OSError, match="missing"):
        asking.ask(["a"])
    asking.close()
