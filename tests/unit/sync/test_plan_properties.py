"""Whatever two people do to two trees: no content is lost, and both sides come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnix_tui.sync.gitdirs import Part, part_of, unit_of
from tests.unit.sync.worlds import (
    FOLDER,
    Tree,
    World,
    collect,
    commit,
    file,
    link,
    move,
    put,
    remove,
)

if TYPE_CHECKING:
    from mnix_tui.sync.building import Choice

names = st.sampled_from(["a", "b", "a.x", "c"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
words = st.sampled_from(["1", "2", "3", "44"])
roots = st.sampled_from(["", "a", "a/b"])
branches = st.sampled_from(["m", "x", "x/y"])

# The machine may be busy with other things: that is no finding.
MANY = settings(
    max_examples=250,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
Edit = tuple[Any, ...]
"""A function that edits a tree, and what it takes besides."""


def write(tree: Tree, path: str, word: str) -> None:
    put(tree, path, file(word))


def make_link(tree: Tree, path: str, word: str) -> None:
    put(tree, path, link("to " + word))


def make_folder(tree: Tree, path: str) -> None:
    put(tree, path, FOLDER)


def chmod(tree: Tree, path: str) -> None:
    if path in tree and tree[path].kind == "f":
        tree[path] = tree[path]._replace(mode=tree[path].mode ^ 0o111)


def write_in_git(tree: Tree, root: str, name: str, word: str) -> None:
    git = f"{root}/.git" if root else ".git"
    if git in tree and tree[git].kind == "d":
        put(tree, f"{git}/{name}", file(f"{name} {word}"))


def drop_git(tree: Tree, root: str) -> None:
    remove(tree, f"{root}/.git" if root else ".git")


git_names = st.sampled_from(
    ["index", "config", "hooks/pre-commit", "HEAD", "FETCH_HEAD", "index.lock"]
)
edits: st.SearchStrategy[Edit] = st.one_of(
    st.tuples(st.just(write), paths, words),
    st.tuples(st.just(write), paths, words),
    st.tuples(st.just(remove), paths),
    st.tuples(st.just(make_folder), paths),
    st.tuples(st.just(chmod), paths),
    st.tuples(st.just(make_link), paths, words),
    st.tuples(st.just(move), paths, paths),
    st.tuples(st.just(commit), roots, words, branches),
    st.tuples(st.just(commit), roots, words, branches),
    st.tuples(st.just(collect), roots, words),
    st.tuples(st.just(write_in_git), roots, git_names, words),
    st.tuples(st.just(drop_git), roots),
)
directions = st.sampled_from(["push", "push", "pull", "both"])
some_choices = st.sampled_from(["here", "there", "both", None])
a_side = st.lists(edits, max_size=5)
rounds = st.lists(
    st.tuples(
        a_side, a_side, directions, st.lists(some_choices, min_size=1, max_size=4), st.booleans()
    ),
    min_size=1,
    max_size=4,
)


def _edit(world: World, here: list[Edit], there: list[Edit], *, unread: bool) -> None:
    before_here, before = dict(world.here), dict(world.there)
    for edit in here:
        edit[0](world.here, *edit[1:])
    for edit in there:
        edit[0](world.there, *edit[1:])
    if unread:
        world.unread |= {path for path in world.there if path not in before}
        world.unread_here |= {path for path in world.here if path not in before_here}


@MANY
@given(rounds)
def test_no_content_is_ever_lost_and_both_sides_come_to_rest(rounds: list) -> None:  # type: ignore[type-arg]
    world = World()
    for here, there, direction, choices, unread in rounds:
        _edit(world, here, there, unread=unread)
        found = world.sync(direction)
        chosen: dict[str, Choice] = {
            conflict.path: choice
            for number, conflict in enumerate(found.conflicts)
            if (choice := choices[number % len(choices)]) is not None
        }
        if chosen:
            world.sync(direction, chosen)
            left = {conflict.path for conflict in world.plan(direction).conflicts}
            assert left == {conflict.path for conflict in found.conflicts} - chosen.keys()


@MANY
@given(rounds)
def test_both_ways_with_every_conflict_settled_makes_both_sides_alike(rounds: list) -> None:  # type: ignore[type-arg]
    world = World()
    for here, there, _, choices, unread in rounds:
        _edit(world, here, there, unread=unread)
        found = world.sync("both")
        chosen: dict[str, Choice] = {
            conflict.path: choices[number % len(choices)] or "both"
            for number, conflict in enumerate(found.conflicts)
        }
        world.sync("both", chosen)
        found = world.plan("both")
        assert not found.conflicts
        assert not found.keep_here
        assert not found.keep_there
        assert _plain(world.here) == _plain(world.there)


def _plain(tree: Tree) -> Tree:
    """Return all but what repositories keep for themselves."""
    found = {}
    for path, state in tree.items():
        unit = unit_of(path)
        part = part_of(path[len(unit) + 1 :]) if unit else Part.CORE
        if part is Part.CORE and (not unit or state.kind != "d"):
            found[path] = state
    return found
