"""Rule by rule: what becomes of one path, of folders, and of repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mnix_tui.sync.beside import Beside
from mnix_tui.sync.gitdirs import Part, is_junk, is_obeyed, part_of, unit_of
from mnix_tui.sync.model import Action, printable
from mnix_tui.sync.plan import plan, settled
from tests.unit.sync.worlds import FOLDER, file, link

if TYPE_CHECKING:
    from mnix_tui.sync.building import Direction
    from mnix_tui.sync.verdicts import Triple
    from server_agent.trees.model import State

ONE, TWO, SIX = file("1"), file("2"), file("6")


def paths(actions: list[Action]) -> list[str]:
    return [action.path for action in actions]


def test_what_only_one_side_changed_goes_its_way_or_is_kept() -> None:
    triples = {
        "here": (ONE, TWO, ONE),
        "there": (ONE, ONE, TWO),
        "new here": (None, ONE, None),
        "new there": (None, None, ONE),
        "gone here": (ONE, None, ONE),
        "gone there": (ONE, ONE, None),
    }
    push = plan(triples, "push")
    assert paths(push.send) == ["here", "new here"]
    assert paths(push.delete_there) == ["gone here"]
    assert push.keep_there == ["gone there", "new there", "there"]
    assert not push.fetch
    assert not push.delete_here
    pull = plan(triples, "pull")
    assert paths(pull.fetch) == ["new there", "there"]
    assert paths(pull.delete_here) == ["gone there"]
    assert pull.keep_here == ["gone here", "here", "new here"]
    both = plan(triples, "both")
    assert (both.send, both.delete_there) == (push.send, push.delete_there)
    assert (both.fetch, both.delete_here) == (pull.fetch, pull.delete_here)
    assert settled(both, triples) == {
        "here": TWO,
        "there": TWO,
        "new here": ONE,
        "new there": ONE,
        "gone here": None,
        "gone there": None,
    }


def test_what_is_expected_is_told_with_each_action() -> None:
    triples = {"a": (ONE, TWO, ONE), "b": (ONE, None, ONE), "c": (ONE, ONE, link("x"))}
    both = plan(triples, "both")
    assert both.send == [Action("a", TWO, ONE)]
    assert both.delete_there == [Action("b", None, ONE)]
    assert both.fetch == [Action("c", link("x"), ONE)]


def test_only_permissions_need_no_content() -> None:
    run = ONE._replace(mode=0o755)
    (action,) = plan({"a": (ONE, run, ONE)}, "push").send
    assert action.mode_only
    assert action.size == 0


@pytest.mark.parametrize("direction", ["push", "pull", "both"])
def test_a_conflict_is_left_alone_until_somebody_chooses(direction: str) -> None:
    triples = {"a.txt": (ONE, TWO, SIX)}
    found = plan(triples, direction)  # type: ignore[arg-type]
    assert paths_of_everything(found) == []
    (conflict,) = found.conflicts
    assert (conflict.path, conflict.kind, conflict.here, conflict.there) == (
        "a.txt",
        "changed",
        TWO,
        SIX,
    )
    here = plan(triples, direction, {"a.txt": "here"})  # type: ignore[arg-type]
    assert here.send == [Action("a.txt", TWO, SIX)]
    assert not here.conflicts
    there = plan(triples, direction, {"a.txt": "there"})  # type: ignore[arg-type]
    assert there.fetch == [Action("a.txt", SIX, TWO)]
    both = plan(triples, direction, {"a.txt": "both"}, server="tokyo", stamp="S")  # type: ignore[arg-type]
    copy = "a.from-tokyo-S.txt"
    assert both.fetch == [Action(copy, SIX, None, source="a.txt")]
    assert both.send == [Action(copy, SIX, None, late=True), Action("a.txt", TWO, SIX)]


def test_what_one_deleted_and_the_other_changed_survives() -> None:
    triples = {"a": (ONE, None, TWO), "b": (ONE, TWO, None)}
    both = plan(triples, "both")
    assert paths(both.fetch) == ["a"]
    assert paths(both.send) == ["b"]
    assert plan(triples, "push").keep_there == ["a"]
    assert plan(triples, "pull").keep_here == ["b"]


def test_the_same_on_both_sides_only_moves_the_base() -> None:
    triples = {"a": (None, ONE, ONE), "b": (ONE, None, None), "c": (ONE, ONE, ONE)}
    found = plan(triples, "both")
    assert found.agreed == ["a", "b"]
    assert settled(found, triples) == {"a": ONE, "b": None}
    assert found.nothing


def test_a_folder_with_something_left_in_it_is_not_deleted() -> None:
    triples = {
        "d": (FOLDER, None, FOLDER),
        "d/old": (ONE, None, ONE),
        "d/new": (None, None, ONE),
        "e": (FOLDER, None, FOLDER),
        "e/f": (FOLDER, None, FOLDER),
    }
    push = plan(triples, "push")
    assert paths(push.delete_there) == ["d/old", "e", "e/f"]
    assert push.keep_there == ["d", "d/new"]
    both = plan(triples, "both")
    assert paths(both.fetch) == ["d", "d/new"]


def test_a_folder_comes_back_for_what_survives_in_it() -> None:
    triples = {"d": (FOLDER, FOLDER, None), "d/a": (ONE, TWO, None), "d/b": (ONE, ONE, None)}
    push = plan(triples, "push")
    assert paths(push.send) == ["d", "d/a"]
    assert push.keep_there == ["d/b"]
    both = plan(triples, "both")
    assert paths(both.send) == ["d", "d/a"]
    assert paths(both.delete_here) == ["d/b"]


def test_a_file_in_the_place_of_a_folder() -> None:
    triples: dict[str, Triple] = {"d": (FOLDER, ONE, FOLDER), "d/a": (ONE, None, ONE)}
    push = plan(triples, "push")
    assert push.send == [Action("d", ONE, FOLDER)]
    assert paths(push.delete_there) == ["d/a"]
    triples["d/b"] = (None, None, ONE)
    found = plan(triples, "push")
    assert paths_of_everything(found) == []
    assert [(each.path, each.kind, each.paths) for each in found.conflicts] == [
        ("d", "folder-file", 3)
    ]
    both = plan(triples, "push", {"d": "both"}, server="s", stamp="1")
    assert paths(both.fetch) == ["d.from-s-1", "d.from-s-1/a", "d.from-s-1/b"]
    assert paths(both.delete_there) == ["d/a", "d/b"]


def test_a_digest_that_decides_is_asked_for_and_nothing_is_done_before() -> None:
    unread = ONE._replace(value="")
    found = plan({"a": (None, TWO, unread), "b": (None, None, unread)}, "both")
    assert found.unknown == ["a"]
    assert paths(found.fetch) == ["b"]
    assert not found.nothing
    longer = file("123")._replace(value="")
    differs = plan({"a": (None, TWO, longer)}, "both", {"a": "here"})
    assert differs.unknown == ["a"]  # what to expect there has to be known
    assert plan({"a": (None, TWO, longer)}, "both", {"a": "there"}).unknown == []
    assert [each.kind for each in plan({"a": (None, TWO, longer)}, "both").conflicts] == ["changed"]


def test_what_rules_that_are_coming_leave_out_is_not_deleted_here() -> None:
    triples = {
        "d/.gitignore": (ONE, ONE, TWO),
        "d/secret": (ONE, ONE, None),
        "d/e/f": (ONE, ONE, None),
        "other": (ONE, ONE, None),
    }
    found = plan(triples, "both")
    assert paths(found.delete_here) == ["other"]
    assert paths(found.postponed) == ["d/e/f", "d/secret"]
    del triples["d/.gitignore"]
    assert len(plan(triples, "both").delete_here) == 3


@pytest.mark.parametrize("rules", ["d/.gitignore", "d/.git/info/exclude", ".git/info/exclude"])
@pytest.mark.parametrize("here", [ONE, file("here"), None])
def test_while_the_rules_differ_nothing_is_deleted_here_by_those_of_the_server(
    rules: str, here: State | None
) -> None:
    gone = {"d/a": (ONE, ONE, None)}
    assert paths(plan({rules: (ONE, here, TWO), **gone}, "pull").postponed) == ["d/a"]
    for even in ((ONE, TWO, TWO), (ONE, here, ONE)):
        assert "d/a" in paths(plan({rules: even, **gone}, "pull").delete_here)


# --- repositories


def test_a_commit_goes_as_a_whole_with_its_index() -> None:
    triples = {
        ".git/refs/heads/main": (ONE, TWO, ONE),
        ".git/objects/ab/c": (None, ONE, None),
        ".git/index": (ONE, TWO, SIX),
        ".git/logs/HEAD": (ONE, TWO, SIX),
        ".git/FETCH_HEAD": (None, ONE, SIX),
    }
    assert len(plan(triples, "push").send) == 5
    pull = plan(triples, "pull")
    assert pull.keep_here == [".git"]
    assert paths_of_everything(pull) == []


def test_two_commits_are_one_conflict_and_objects_travel_all_the_same() -> None:
    triples = {
        ".git/refs/heads/main": (ONE, TWO, SIX),
        ".git/refs/heads/only": (None, ONE, None),
        ".git/objects/ab/here": (None, ONE, None),
        ".git/objects/ab/there": (None, None, ONE),
        ".git/index": (ONE, TWO, SIX),
    }
    found = plan(triples, "both")
    assert [(each.path, each.kind, each.paths) for each in found.conflicts] == [(".git", "git", 2)]
    assert paths(found.send) == [".git/objects/ab/here"]
    assert paths(found.fetch) == [".git/objects/ab/there"]
    both = plan(triples, "push", {".git": "both"}, server="s", stamp="1")
    assert ".git/refs/heads/from-s-1/main" in paths(both.fetch)
    assert ".git/objects/ab/there" in paths(both.fetch)
    assert Action(".git/refs/heads/main", TWO, SIX) in both.send
    there = plan(triples, "push", {".git": "there"})
    assert paths(there.delete_here) == [".git/refs/heads/only"]


def test_the_index_alone_is_no_change_but_what_was_staged_here_is_sent() -> None:
    assert paths(plan({".git/index": (ONE, TWO, ONE)}, "push").send) == [".git/index"]
    # git status there wrote it anew, as long as before: nothing was staged there.
    assert paths(plan({".git/index": (ONE, file("22"), SIX)}, "push").send) == [".git/index"]
    for triple in ((ONE, ONE, TWO), (ONE, TWO, file("staged there")), (None, ONE, TWO)):
        found = plan({".git/index": triple}, "both")
        assert paths_of_everything(found) == []
        assert found.nothing
    assert paths_of_everything(plan({".git/index": (ONE, TWO, ONE)}, "pull")) == []


def test_objects_that_git_collected_are_neither_deleted_nor_brought_back() -> None:
    gone = {".git/objects/ab/c": (ONE, None, ONE), ".git/objects/ab/d": (ONE, ONE, None)}
    assert paths_of_everything(plan(gone, "both")) == []
    # But a reference that goes there may need what the server dropped.
    gone[".git/refs/heads/main"] = (ONE, TWO, ONE)
    assert paths(plan(gone, "push").send) == [".git/objects/ab/d", ".git/refs/heads/main"]


def test_a_repository_that_was_deleted_is_deleted_there_only_when_chosen() -> None:
    triples = {
        "s/.git": (FOLDER, None, FOLDER),
        "s/.git/HEAD": (ONE, None, ONE),
        "s/.git/objects": (FOLDER, None, FOLDER),
        "s/.git/index": (ONE, None, TWO),
    }
    for direction in ("push", "both"):
        found = plan(triples, direction)
        assert [each.path for each in found.conflicts] == ["s/.git"]
        assert not found.delete_there
        assert not found.fetch
    assert len(plan(triples, "push", {"s/.git": "here"}).delete_there) == 4
    assert len(plan(triples, "push", {"s/.git": "there"}).fetch) == 4
    assert len(plan(triples, "push", {"s/.git": "both"}).fetch) == 4
    assert plan(triples, "pull").keep_here == ["s/.git"]
    mirrored = {path: (base, there, here) for path, (base, here, there) in triples.items()}
    fetching: list[Direction] = ["pull", "both"]
    for direction in fetching:
        found = plan(mirrored, direction)
        assert [each.path for each in found.conflicts] == ["s/.git"]
        assert not found.delete_here
        assert not found.send
    assert len(plan(mirrored, "push", {"s/.git": "there"}).delete_here) == 4
    assert len(plan(mirrored, "push", {"s/.git": "here"}).send) == 4
    rules = {"s/.git/info": (FOLDER, FOLDER, None), "s/.git/info/exclude": (ONE, ONE, None)}
    found = plan({**mirrored, **rules}, "push", {"s/.git": "there"})
    assert len(found.delete_here) == 6
    assert not found.postponed
    triples["s/.git/HEAD"] = (ONE, None, TWO)
    assert plan(triples, "push").keep_there == ["s/.git"]
    assert len(plan(triples, "both").fetch) == 4


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/post-checkout",
        ".git/config",
        ".git/config.worktree",
        ".git/commondir",
        "sub/.git/hooks/pre-commit",
        ".git/modules/sub/config",
        ".git/modules/a/b/hooks/pre-commit",
        ".git/modules/refs/x/config",
        ".git/x/.git/config",
        ".git/rebase-merge/git-rebase-todo",
        ".git/rebase-apply/0001",
        ".git/sequencer/todo",
        ".git/modules/sub/rebase-merge/git-rebase-todo",
        ".git/BISECT_START",
        ".git/MERGE_RR",
        ".git/rr-cache/ab/preimage",
        ".git/remotes/origin",
        ".GIT/config",
        "a/.Git/hooks/x",
        ".git /config",
        "git~1/config",
        ".g\u200cit/config",
        ".git::$INDEX_ALLOCATION/config",
    ],
)
@pytest.mark.parametrize("base", [None, ONE])
def test_hole_a_server_makes_git_here_run_something(path: str, base: object) -> None:
    triple = (base, base, TWO)
    for direction in ("pull", "both", "push"):
        found = plan({path: triple}, direction)  # type: ignore[dict-item]
        assert paths_of_everything(found) == []
    chosen = plan({path: (ONE, TWO, SIX)}, "both", {path: "there", ".git": "there"})
    assert path not in paths(chosen.fetch)


@pytest.mark.parametrize("state", [ONE, link("elsewhere")])
def test_hole_a_server_points_git_here_elsewhere(state: object) -> None:
    for path in (".git", "sub/.git"):
        found = plan({path: (None, None, state)}, "pull")  # type: ignore[dict-item]
        assert not found.fetch
        assert paths(found.withheld) == [path]
    assert not plan({".git/objects": (None, None, link("x"))}, "pull").fetch


def test_settings_are_sent_but_never_overwritten() -> None:
    assert paths(plan({".git/config": (ONE, TWO, ONE)}, "push").send) == [".git/config"]
    found = plan({".git/config": (ONE, TWO, SIX)}, "both")
    assert paths_of_everything(found) == []
    assert paths(found.withheld) == [".git/config"]


def test_a_rebase_that_was_ended_there_is_over_here() -> None:
    triples: dict[str, Triple] = {
        ".git/rebase-merge": (FOLDER, FOLDER, None),
        ".git/rebase-merge/git-rebase-todo": (ONE, ONE, None),
        ".git/HEAD": (ONE, ONE, TWO),
    }
    gone = [".git/rebase-merge", ".git/rebase-merge/git-rebase-todo"]
    assert paths(plan(triples, "pull").delete_here) == gone
    assert paths_of_everything(plan(triples, "push")) == []
    triples[".git/rebase-merge/done"] = (None, ONE, None)
    assert paths(plan(triples, "pull").delete_here) == gone[1:]


def test_parts_of_repositories() -> None:
    assert unit_of("a/.git/config") == "a/.git"
    assert unit_of("a.git/config") == ""
    assert unit_of("a/.gitignore") == ""
    assert part_of("modules/sub/objects/ab/c") is Part.OBJECT
    assert part_of("modules/a/b/refs/heads/main") is Part.CORE
    assert part_of("modules/sub/index") is Part.VOLATILE
    assert part_of("refs/heads/config") is Part.CORE
    assert is_junk(".git/refs/heads/main.lock")
    assert is_junk(".git/objects/pack/tmp_pack_x")
    assert is_junk(".git/objects/info/alternates")
    assert not is_junk("Cargo.lock")
    assert not is_obeyed("src/config", ONE)
    assert not is_obeyed("git/hooks/x", ONE)


# --- names


def test_copies_have_names_that_nobody_has() -> None:
    beside = Beside({"a.from-my-server-1.py"}, "my server", "1")
    assert beside.name("a.py") == "a.from-my-server-1-2.py"
    assert beside.name("a.py") == "a.from-my-server-1-3.py"
    assert beside.name("d/.env") == "d/.env.from-my-server-1"
    assert beside.name("x/Makefile") == "x/Makefile.from-my-server-1"
    long = beside.name("é" * 120 + ".txt")
    assert len(long.encode()) <= 255
    assert long.endswith(".from-my-server-1.txt")
    assert Beside((), "../..", "1").name("a") == "a.from-server-1"


def test_paths_are_printable() -> None:
    assert printable("a\udcff\x1b[2J\n日本") == "a\\xff\\x1b[2J\\n日本".replace("\\n", "\\x0a")


def paths_of_everything(found: object) -> list[str]:
    lists = ("send", "fetch", "delete_there", "delete_here")
    return [action.path for name in lists for action in getattr(found, name)]
