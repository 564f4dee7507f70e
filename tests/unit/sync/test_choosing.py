"""Which files are taken: git's own answer in a repository, with .mnixignore on top."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from mnix_tui.sync import git as git_module
from mnix_tui.sync.rulemarks import for_server
from server_agent.trees.index import Index
from server_agent.trees.model import ABOVE
from tests.helpers import settle
from tests.unit.sync.folders import git, look, make, taken

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the git commands that were started."""
    found: list[str] = []
    real = subprocess.Popen

    class Counted(real):  # type: ignore[valid-type,misc]
        def __init__(self, args: list[str], **options: object) -> None:
            found.append(args[len(git_module.COMMAND)])
            super().__init__(args, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    return found


def repository(root: Path) -> Path:
    make(root, "a", "new", "build/x", "deep/keep", "deep/x.log", ".env", "empty/", "build/deep/")
    (root / ".gitignore").write_text("build/\n.env\n")
    (root / "deep/.gitignore").write_text("*.log\n!important.log\n")
    make(root, "deep/important.log", "deep/er/y.log")
    git(root, "init", "-q")
    git(root, "add", "a", "deep", ".gitignore")
    return root


def test_git_decides_and_dot_git_comes_along(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / ".git/info/exclude").write_text("new\n")
    index = Index()
    look(tmp_path, index)
    assert taken(index) == {
        ".gitignore",
        "a",
        "deep/",
        "deep/.gitignore",
        "deep/important.log",
        "deep/keep",
        "empty/",
    }
    inside = taken(index, inside_git=True)
    assert {".git/", ".git/HEAD", ".git/index", ".git/refs/heads/"} <= inside
    without = Index()
    look(tmp_path, without, dot_git=False)
    assert taken(without, inside_git=True) == taken(index)


def test_what_a_repository_locks_or_caches_stays(tmp_path: Path) -> None:
    repository(tmp_path)
    make(tmp_path, ".git/index.lock", ".git/objects/pack/tmp_pack_1", ".git/worktrees/w/gitdir")
    index = Index()
    look(tmp_path, index)
    inside = taken(index, inside_git=True)
    assert not {path for path in inside if "lock" in path or "tmp_" in path or "worktrees" in path}


def test_no_git_runs_when_nothing_is_unknown_and_one_for_a_new_file(
    tmp_path: Path, started: list[str]
) -> None:
    repository(tmp_path)
    rules = tmp_path / ".gitignore"
    settle(lambda: time.time() - rules.stat().st_ctime > 0.2)
    index = Index()
    look(tmp_path, index)
    started.clear()
    look(tmp_path, index)
    make(tmp_path, "a", ".git/objects/12/34")
    look(tmp_path, index)
    assert started == []
    make(tmp_path, "b", "deep/c", "deep/d.log")
    found = look(tmp_path, index).found
    assert started == ["check-ignore"]
    assert {path for path in found.changes if not path.startswith(".git")} == {"b", "deep/c"}


def test_many_new_files_are_listed_at_once(tmp_path: Path, started: list[str]) -> None:
    repository(tmp_path)
    index = Index()
    look(tmp_path, index)
    started.clear()
    make(tmp_path, *(f"many/{number}" for number in range(200)), "many/x/y.log", "many/none/")
    (tmp_path / "many/.gitignore").write_text("1*\n")
    look(tmp_path, index)
    assert "ls-files" in started
    assert len(started) <= 3
    assert "many/5" in taken(index)
    assert "many/15" not in taken(index)
    assert "many/none/" in taken(index)


def test_a_file_that_is_tracked_although_ignored_is_taken_and_the_server_is_told(
    tmp_path: Path,
) -> None:
    repository(tmp_path)
    git(tmp_path, "add", "-f", "build/x", ".env")
    (tmp_path / ".git/info/exclude").write_text("# mine\nscratch*\n")
    without = Index()
    look(tmp_path, without, dot_git=False)
    assert for_server(without.rules)[0] == "scratch*"
    index = Index()
    look(tmp_path, index)
    assert {"build/", "build/x", ".env"} <= taken(index)
    assert "build/deep/" not in taken(index)
    told = for_server(index.rules)
    assert told == [ABOVE, "!/.env", "!/build/", "/build/*", "!/build/x"]


def test_rules_that_change_outside_of_the_tree_are_noticed(tmp_path: Path) -> None:
    repository(tmp_path)
    index = Index()
    look(tmp_path, index)
    assert "new" in taken(index)
    (tmp_path / ".git/info/exclude").write_text("new\n")
    found = look(tmp_path, index).found
    assert found.changes["new"][1] is None
    (tmp_path / ".git/info/exclude").write_text("")
    look(tmp_path, index)
    assert "new" in taken(index)
    git(tmp_path, "add", "-f", ".env")
    look(tmp_path, index)
    assert ".env" in taken(index)
    git(tmp_path, "rm", "-q", "--cached", ".env")
    look(tmp_path, index)
    assert ".env" not in taken(index)


def test_the_users_own_excludes_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(make(tmp_path / "root"))
    (tmp_path / "mine").write_text("new\n")
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\texcludesFile = {tmp_path}/mine\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(settings))
    index = Index()
    look(root, index)
    assert "new" not in taken(index)
    assert for_server(index.rules) == ["new"]
    (tmp_path / "mine").write_text("a\nnothing\n")
    look(root, index)
    assert {"a", "new"} <= taken(index)


def test_rules_that_change_in_the_tree_are_noticed(tmp_path: Path) -> None:
    repository(tmp_path)
    index = Index()
    look(tmp_path, index)
    (tmp_path / ".gitignore").write_text(".env\nnew\n")
    look(tmp_path, index)
    assert {"build/", "build/x", "build/deep/"} <= taken(index)
    assert "new" not in taken(index)


def test_submodules_and_nested_repositories_ask_their_own_git(tmp_path: Path) -> None:
    other = make(tmp_path / "other", "lib", "trash.o")
    (other / ".gitignore").write_text("*.o\n")
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "x")
    root = make(tmp_path / "root", "a", "nested/n", "nested/n.log")
    (root / ".gitignore").write_text("*.x\n")
    (root / "nested/.gitignore").write_text("*.log\n")
    git(root, "init", "-q")
    git(root / "nested", "init", "-q")
    git(root, "submodule", "--quiet", "add", str(other), "sub")
    make(root, "sub/new.o", "sub/new.x")
    index = Index()
    found = look(root, index)
    assert {"a", "nested/n", "sub/lib", "sub/.gitignore", "sub/new.x"} <= taken(index)
    assert not {"nested/n.log", "sub/new.o"} & taken(index)
    inside = taken(index, inside_git=True)
    assert {"sub/.git", ".git/modules/sub/HEAD", "nested/.git/HEAD"} <= inside
    assert found.rules.notes == []


def test_a_worktree_is_taken_without_the_repository_that_is_elsewhere(tmp_path: Path) -> None:
    main = make(tmp_path / "main", "a")
    git(main, "init", "-q")
    git(main, "add", ".")
    git(main, "commit", "-q", "-m", "x")
    git(main, "worktree", "add", "-q", str(tmp_path / "tree"))
    make(tmp_path / "tree", "b", "c.log")
    (tmp_path / "tree/.gitignore").write_text("*.log\n")
    index = Index()
    found = look(tmp_path / "tree", index)
    assert taken(index, inside_git=True) == {"a", "b", ".gitignore"}
    assert "has its repository in another folder" in found.notes
    (main / ".git/info/exclude").write_text("b\n")
    look(tmp_path / "tree", index)
    assert taken(index) == {"a", ".gitignore"}


def test_a_folder_in_a_repository_and_one_that_it_ignores(tmp_path: Path) -> None:
    repository(tmp_path)
    index = Index()
    look(tmp_path / "deep", index)
    assert taken(index) == {".gitignore", "keep", "important.log"}
    ignored = Index()
    look(tmp_path / "build", ignored)
    assert taken(ignored) == {"x", "deep/"}


def test_special_files_are_said_unless_they_are_ignored(tmp_path: Path) -> None:
    repository(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "build/pipe")
    os.mkfifo(tmp_path / "deep/pipe.log")
    found = look(tmp_path, Index())
    assert [each.path for each in found.found.notes] == ["pipe"]


def test_names_that_are_not_utf8_or_look_like_magic(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    names = [b"\xff\xfe", b":(glob)x", b"-n", b" ", b"a\nb", b"*", b"!x", b"\xff.log", b"\\"]
    for name in names:
        os.close(os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT))
    (tmp_path / ".gitignore").write_text("*.log\n")
    index = Index()
    look(tmp_path, index)
    expected = {os.fsdecode(name) for name in names if not name.endswith(b".log")}
    assert taken(index) == expected | {".gitignore"}
    make(tmp_path, *(f"more/{number}" for number in range(50)))
    again = Index()
    look(tmp_path, again)
    assert expected <= taken(again)


def test_where_git_refuses_its_files_are_read(tmp_path: Path) -> None:
    make(tmp_path, "a", "b.log", ".git/HEAD")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / ".git/config").write_text("[core\n")
    index = Index()
    found = look(tmp_path, index)
    assert taken(index) == {"a", ".gitignore"}
    assert "git can't be asked" in found.notes


def test_without_git_the_gitignore_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    index = Index()
    found = look(tmp_path, index)
    assert {"a", "new", "deep/keep"} <= taken(index)
    assert not {"build/", ".env", "deep/x.log"} & taken(index)
    assert "git is not installed here" in found.notes


@pytest.mark.parametrize("in_git", [True, False])
def test_mnixignore_has_the_last_word(tmp_path: Path, in_git: bool) -> None:
    repository(tmp_path)
    if not in_git:
        (tmp_path / ".git").rename(tmp_path / "moved")
        (tmp_path / "moved/HEAD").unlink()
    (tmp_path / ".mnixignore").write_text(
        "# not for the server\n/a\n*.md\n!README.md\n!/build/\n/build/d*\n!deep/x.log\nmoved/\n"
    )
    make(tmp_path, "README.md", "deep/other.md", "build/keep", "build/.env")
    index = Index()
    look(tmp_path, index)
    assert {"README.md", "build/", "build/x", "deep/x.log", ".mnixignore", "build/keep"} <= taken(
        index
    )
    assert not {"a", "deep/other.md", "build/deep/", ".env", "build/.env"} & taken(index)
    (tmp_path / ".mnixignore").unlink()
    look(tmp_path, index)
    assert {"a", "deep/other.md"} <= taken(index)
    assert not {"build/", "deep/x.log"} & taken(index)


def test_hole_a_repository_runs_nothing_when_it_is_asked(tmp_path: Path) -> None:
    repository(tmp_path)
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(trap))
    git(tmp_path, "config", "core.pager", str(trap))
    git(tmp_path, "config", "core.hooksPath", str(tmp_path))
    index = Index()
    look(tmp_path, index)
    make(tmp_path, "another")
    look(tmp_path, index)
    assert not (tmp_path / "sprung").exists()


def test_a_repository_that_borrows_objects_is_said(tmp_path: Path) -> None:
    repository(tmp_path / "one")
    git(tmp_path / "one", "commit", "-q", "-m", "x")
    git(tmp_path, "clone", "-q", "--shared", "one", "two")
    found = look(tmp_path / "two", Index())
    assert "borrows objects" in found.notes
