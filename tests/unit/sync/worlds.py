"""Two trees and what was agreed of them, edited at will and synchronised by a plan, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.gitdirs import Part, part_of, unit_of
from mnix_tui.sync.plan import plan, settled
from mnix_tui.sync.verdicts import Triple, alike
from server_agent.trees.model import State, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.sync.building import Choice, Direction
    from mnix_tui.sync.model import Action, Plan

Tree = dict[str, State]
FOLDER = State("d", 0, 0, 0, "")


def file(content: str, mode: int = 0o644) -> State:
    """Return a file whose digest is its content."""
    return State("f", mode, len(content), 0, content)


def link(target: str) -> State:
    """Return a link."""
    return State("l", 0, 0, 0, target)


def parents(path: str) -> Iterable[str]:
    """Yield the folders that ``path`` is in, the topmost first."""
    for at, char in enumerate(path):
        if char == "/":
            yield path[:at]


def contents(tree: Mapping[str, State]) -> set[str]:
    """Return all that a person could miss."""
    return {state.value for state in tree.values() if state.kind != "d"}


def put(tree: Tree, path: str, state: State) -> None:
    """Write something as a person does: what is in its way goes."""
    for folder in parents(path):
        if tree.get(folder, FOLDER).kind != "d":
            del tree[folder]
        tree[folder] = FOLDER
    remove(tree, path)
    tree[path] = state


def remove(tree: Tree, path: str) -> None:
    """Delete a path and all below it."""
    for each in [each for each in tree if each == path or each.startswith(path + "/")]:
        del tree[each]


def move(tree: Tree, path: str, target: str) -> None:
    """Rename a path and all below it; nothing when that is nonsense."""
    if path not in tree or target == path or target.startswith(path + "/"):
        return
    if path.startswith(target + "/"):
        return
    taken = {each: state for each, state in tree.items() if (each + "/").startswith(path + "/")}
    remove(tree, path)
    put(tree, target, taken[path])
    for each, state in taken.items():
        tree[target + each[len(path) :]] = state


# --- git's habits, as far as they matter here


def commit(tree: Tree, root: str, number: str, branch: str) -> None:
    """Make a commit, and a repository before if there is none."""
    git = f"{root}/.git" if root else ".git"
    if git not in tree or tree[git].kind != "d":
        put(tree, git, FOLDER)
        for folder in ("objects", "refs", "refs/tags", "hooks"):
            put(tree, f"{git}/{folder}", FOLDER)
        put(tree, f"{git}/config", file("plain config"))
    put(tree, f"{git}/objects/{number[:1]}/{number}", file(f"object {number}", 0o444))
    put(tree, f"{git}/HEAD", file(f"ref: {branch}"))
    put(tree, f"{git}/refs/heads/{branch}", file(f"commit {number}"))
    put(tree, f"{git}/logs/refs/heads/{branch}", file(f"log {number}"))
    put(tree, f"{git}/index", file(f"index {number}"))


def collect(tree: Tree, root: str, number: str) -> None:
    """Pack all objects and references, as ``git gc`` does, and drop what nothing refers to."""
    git = f"{root}/.git" if root else ".git"
    heads = referred(tree, git)
    for path in [path for path in tree if path.startswith(f"{git}/objects/")]:
        del tree[path]
    packed = "-".join(sorted(set(heads.values())))
    if not packed:
        return
    put(tree, f"{git}/objects/pack/pack-{packed}.pack", file(f"pack {packed}", 0o444))
    put(tree, f"{git}/objects/pack/multi-pack-index", file(f"cache {number}"))
    remove(tree, f"{git}/refs/heads")
    put(tree, f"{git}/refs/heads", FOLDER)
    text = ";".join(f"{name}=commit {value}" for name, value in sorted(heads.items()))
    put(tree, f"{git}/packed-refs", file(text))


def referred(tree: Tree, git: str) -> dict[str, str]:
    """Return the commits that a repository's references name."""
    found: dict[str, str] = {}
    packed = tree.get(f"{git}/packed-refs")
    if packed is not None and packed.kind == "f":
        for line in packed.value.split(";"):
            name, _, value = line.partition("=commit ")
            found[name] = value
    for path, state in tree.items():
        if path.startswith(f"{git}/refs/") and state.value.startswith("commit "):
            found[path[len(git) + 1 :].removeprefix("refs/heads/")] = state.value[7:]
    return found


def broken(tree: Tree) -> set[str]:
    """Return the repositories that miss an object which a reference names."""
    bad = set()
    for git in {unit_of(path) for path in tree} - {""}:
        names = [path for path in tree if path.startswith(f"{git}/objects/")]
        for value in referred(tree, git).values():
            if not any(value in name.rpartition("/")[2] for name in names):
                bad.add(git)
    return bad


class World:
    """A folder here, a workspace there, and what was agreed."""

    def __init__(self) -> None:
        self.base: Tree = {}
        self.here: Tree = {}
        self.there: Tree = {}
        self.trash_here: set[str] = set()
        self.trash_there: set[str] = set()
        self.syncs = 0
        self.unread: set[str] = set()
        """Files of the server that nobody has computed the digest of."""
        self.unread_here: set[str] = set()

    def triples(self, *, odd: bool = False) -> dict[str, Triple]:
        """Return what a plan is made from; ``odd``: without what is the same everywhere."""
        found: dict[str, Triple] = {}
        for path in self.base.keys() | self.here.keys() | self.there.keys():
            there = self.there.get(path)
            if there is not None and there.kind == "f" and path in self.unread:
                there = there._replace(value="")
            here = self.here.get(path)
            if here is not None and here.kind == "f" and path in self.unread_here:
                here = here._replace(value="")
            triple = (self.base.get(path), here, there)
            if not odd or not (same(triple[0], triple[1]) and same(triple[1], triple[2])):
                found[path] = triple
        return found

    def plan(self, direction: Direction, choices: Mapping[str, Choice] | None = None) -> Plan:
        """Plan, and compute what the plan asks for."""
        while True:
            found = plan(
                self.triples(), direction, choices, server="tokyo", stamp=f"1-{self.syncs}"
            )
            if not found.unknown:
                assert found == plan(
                    self.triples(odd=True),
                    direction,
                    choices,
                    server="tokyo",
                    stamp=f"1-{self.syncs}",
                )
                return found
            unread = self.unread | self.unread_here
            assert set(found.unknown) <= unread, "asks for what is known"
            self.unread.difference_update(found.unknown)
            self.unread_here.difference_update(found.unknown)

    def carry_out(self, found: Plan) -> None:
        """Do what a plan says; each step must be possible as it is told."""
        triples = self.triples()
        sources = [action.source or action.path for action in found.fetch]
        assert len(sources) == len(set(sources)), "one source for two"
        there = dict(self.there)
        here = dict(self.here)
        _apply(self.here, found.delete_here, found.fetch, there, self.trash_here)
        late = {action.path: self.here[action.path] for action in found.send if action.late}
        _apply(self.there, found.delete_there, found.send, {**here, **late}, self.trash_there)
        moved = {action.path for action in (*found.send, *found.fetch)}
        self.unread_here -= moved  # to move it, it was read
        self.unread -= moved
        for path, state in settled(found, triples).items():
            if state is None:
                self.base.pop(path, None)
            else:
                known = self.here if path in self.here else self.there
                self.base[path] = known[path]
        well_formed(self.here)
        well_formed(self.there)

    def sync(self, direction: Direction, choices: Mapping[str, Choice] | None = None) -> Plan:
        """Synchronise, and check what always holds."""
        self.syncs += 1
        found = self.plan(direction, choices)
        before = contents(self.here) | contents(self.there)
        here, there = dict(self.here), dict(self.there)
        sound = not broken(here) and not broken(there)
        if not choices:
            self._only_agreed_things_go(found)
        self.carry_out(found)
        after = contents(self.here) | contents(self.there) | self.trash_here | self.trash_there
        assert before <= after, f"lost: {before - after}"
        if not choices:
            assert direction != "push" or self.here == here
            assert direction != "pull" or self.there == there
        for conflict in found.conflicts:
            for tree, was in ((self.here, here), (self.there, there)):
                for path, state in was.items():
                    if (path + "/").startswith(conflict.path + "/"):
                        assert tree.get(path) == state, f"{path} is in a conflict"
        if sound:
            assert not broken(self.here)
            assert not broken(self.there)
        again = self.plan(direction)
        moved = (*again.send, *again.fetch, *again.delete_there, *again.delete_here)
        assert moved == ()
        assert not again.agreed
        return found

    def _only_agreed_things_go(self, found: Plan) -> None:
        """What is replaced or deleted is what was agreed before: nobody's newer work."""
        for action in (*found.send, *found.delete_there, *found.fetch, *found.delete_here):
            before, unit = action.before, unit_of(action.path)
            if before is None or before.kind == "d":
                continue
            if unit and part_of(action.path[len(unit) + 1 :]) in (Part.VOLATILE, Part.JUNK):
                continue
            if (
                unit
                and action.state is None
                and part_of(action.path[len(unit) + 1 :])
                in (
                    Part.OBJECT,
                    Part.OBEYED,
                )
            ):
                assert self.base[unit].kind == "d"
                continue
            assert same(self.base.get(action.path), before), f"{action} is newer"


def _apply(
    tree: Tree, deletes: list[Action], puts: list[Action], source: Tree, trash: set[str]
) -> None:
    for action in sorted(deletes, key=lambda action: action.path, reverse=True):
        assert action.before is not None
        assert alike(tree.get(action.path), action.before) is True
        _is_empty(tree, action.path)
        _discard(tree, action.path, trash)
    for action in puts:
        assert alike(tree.get(action.path), action.before) is True, action
        if tree.get(action.path) is not None:
            _is_empty(tree, action.path)
            _discard(tree, action.path, trash)
        content = source[action.source or action.path]
        assert action.state is not None
        assert alike(content, action.state) is not False
        tree[action.path] = content


def _discard(tree: Tree, path: str, trash: set[str]) -> None:
    state = tree.pop(path)
    if state.kind != "d":
        trash.add(state.value)


def _is_empty(tree: Tree, path: str) -> None:
    left = [each for each in tree if each.startswith(path + "/")]
    assert not left, f"{path} is not empty: {left}"


def well_formed(tree: Tree) -> None:
    """Check that everything is in a folder."""
    for path in tree:
        for folder in parents(path):
            assert tree.get(folder) == FOLDER, f"{path} has no folder {folder}"
