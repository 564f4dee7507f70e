"""A day of two people's edits on one project, and of what runs in its workspace: nothing is lost."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.sync.folders import git, make
from tests.unit.sync.offices import Client, Server, content, is_shared, sound

if TYPE_CHECKING:
    from pathlib import Path

if TYPE_CHECKING:
    from pathlib import Path

    from mnix_tui.sync.building import Choice, Direction

ROUNDS = 16
NAMES = ["a.py", "b", "notes.txt", "lib", "src", "tests", "data.bin", "x.log", "Ü", "-"]
DIRECTIONS: list[Direction] = ["push", "push", "pull", "both"]
CHOICES: list[Choice] = ["here", "there", "both"]


class Worker:
    """Edits a folder at random, as people, builds and git do."""

    def __init__(self, root: Path, dice: random.Random, name: str) -> None:
        self.root = root
        self._dice = dice
        self._name = name
        self._count = 0

    def work(self) -> None:
        """Do a few things."""
        for _ in range(self._dice.randrange(6)):
            self._dice.choice(
                [
                    self._write,
                    self._write,
                    self._write,
                    self._delete,
                    self._move,
                    self._link,
                    self._folder,
                    self._permit,
                    self._grow,
                    self._rules,
                    self._rules,
                    self._lead_out,
                    self._commit,
                ]
            )()

    def _path(self) -> Path:
        depth = self._dice.choice([1, 1, 2, 2, 3])
        return self.root.joinpath(*(self._dice.choice(NAMES) for _ in range(depth)))

    def _clear(self, path: Path) -> Path:
        """Make room at a path, whatever is in its way."""
        for above in [*reversed(path.parents), path]:
            if self.root in above.parents and (above.is_symlink() or not above.is_dir()):
                above.unlink(missing_ok=True)
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _text(self) -> str:
        self._count += 1
        return f"{self._name} {self._count} {self._dice.random()}\n"

    def _write(self) -> None:
        self._clear(self._path()).write_text(self._text())

    def _delete(self) -> None:
        path = self._path()
        if path.exists() or path.is_symlink():
            self._clear(path).unlink(missing_ok=True)

    def _move(self) -> None:
        path, target = self._path(), self._path()
        if path.exists() and path not in target.parents and target not in (path, *path.parents):
            self._clear(target)
            if path.exists():
                path.rename(target)

    def _link(self) -> None:
        self._clear(self._path()).symlink_to(self._dice.choice(["a.py", "no", "lib"]) + self._name)

    def _lead_out(self) -> None:
        self._clear(self._path()).symlink_to("/nowhere")

    def _folder(self) -> None:
        self._clear(self._path()).mkdir()

    def _permit(self) -> None:
        path = self._path()
        if path.is_file() and not path.is_symlink():
            path.chmod(self._dice.choice([0o644, 0o755, 0o600]))

    def _grow(self) -> None:
        path = self.root / "data.bin"
        if not path.is_file() or path.is_symlink():
            self._clear(path).write_bytes(self._dice.randbytes(700_000))
            return
        with path.open("r+b") as file:
            file.seek(self._dice.randrange(600_000))
            file.write(self._text().encode())

    def _rules(self) -> None:
        name = self._dice.choice([".gitignore", ".gitignore", ".mnixignore", "lib/.gitignore"])
        path = self._clear(self.root / name)
        path.write_text(
            self._dice.choice(["*.log\n", "*.log\n/tests/\n", "b\n", ""]) + self._text()
        )

    def _commit(self) -> None:
        if not (self.root / ".git").is_dir():
            git(self.root, "init", "-q")
        if self._dice.random() < 0.3:
            git(self.root, "checkout", "-q", "--orphan", f"{self._name}{self._count}")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", self._text())
        if self._dice.random() < 0.2:
            git(self.root, "gc", "-q")


@pytest.mark.needs("git")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_of_two_peoples_edits_loses_nothing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    make(tmp_path, "s/work/")
    server = Server(tmp_path / "s/work", tmp_path / "s/trash", tmp_path / "s/incoming")
    clients = [Client(tmp_path / "ann"), Client(tmp_path / "bob")]
    workers = [
        Worker(clients[0].root, dice, "ann"),
        Worker(clients[1].root, dice, "bob"),
        Worker(server.root, dice, "build"),
    ]
    make(clients[0].root, "a.py", "src/b", "lib/x.log", "tests/a.py")
    for _ in range(ROUNDS):
        dice.choice(workers).work()
        client = dice.choice(clients)
        direction = dice.choice(DIRECTIONS)
        found, _ = client.sync(server, direction)
        chosen = {
            conflict.path: dice.choice(CHOICES)
            for conflict in found.conflicts
            if dice.random() < 0.5
        }
        if chosen:
            client.sync(server, direction, chosen)
    rest(server, clients, dice)
    for root in (server.root, *(client.root for client in clients)):
        assert sound(root), root
    trees = [office.tree() for office in (server, *clients)]
    common = set.intersection(*(set(tree) for tree in trees))
    assert len(common) > 10
    for path in common:
        if is_shared(path):
            assert len({content(office.root / path) for office in (server, *clients)}) == 1, path


def rest(server: Server, clients: list[Client], dice: random.Random) -> None:
    """Bring all together, every conflict settled, until nothing is left to do."""
    for _ in range(8):
        quiet = True
        for client in clients:
            found, skipped = client.sync(server, "both")
            chosen = {conflict.path: dice.choice(CHOICES) for conflict in found.conflicts}
            if chosen:
                client.sync(server, "both", chosen)
            # Nothing replaces what the rules leave out on the other side: that is said each time.
            moves = (*found.send, *found.fetch, *found.delete_there, *found.delete_here)
            left = {each.path for each in moves if each.state is None or each.state.kind != "d"}
            quiet = quiet and not found.conflicts and left <= set(skipped)
        if quiet:
            return
    raise AssertionError("they never come to rest")


@pytest.mark.needs("git")
def test_git_works_in_the_workspace_and_what_is_staged_here_is_staged_there(
    tmp_path: Path,
) -> None:
    make(tmp_path, "s/work/")
    server = Server(tmp_path / "s/work", tmp_path / "s/trash", tmp_path / "s/incoming")
    ann, bob = Client(tmp_path / "ann"), Client(tmp_path / "bob")
    git(ann.root, "init", "-q")
    make(ann.root, "a", "src/b")
    git(ann.root, "add", "-A")
    git(ann.root, "commit", "-q", "-m", "one")
    ann.sync(server, "push")
    assert git(server.root, "status", "--porcelain") == ""
    make(ann.root, "new.nix")
    git(ann.root, "add", "new.nix")
    ann.sync(server, "push")
    assert git(server.root, "status", "--porcelain") == "A  new.nix\n"
    git(ann.root, "switch", "-q", "-c", "topic")
    (ann.root / "a").unlink()
    git(ann.root, "add", "-A")
    git(ann.root, "commit", "-q", "-m", "two")
    ann.sync(server, "push")
    assert git(server.root, "status", "--porcelain", "--branch") == "## topic\n"
    git(server.root, "commit", "-q", "--allow-empty", "-m", "there")
    git(ann.root, "commit", "-q", "--allow-empty", "-m", "here")
    found, _ = ann.sync(server, "both")
    assert [conflict.path for conflict in found.conflicts] == [".git"]
    ann.sync(server, "both", {".git": "both"})
    beside = f"from-tokyo-{ann.syncs}/topic"
    for root in (ann.root, server.root):
        assert git(root, "log", "-1", "--format=%s") == "here\n"
        assert git(root, "log", "-1", "--format=%s", beside) == "there\n"
    bob.sync(server, "pull")
    assert git(bob.root, "log", "-1", "--format=%s") == "here\n"
    assert not (bob.root / ".git/config").exists()


@pytest.mark.needs("git")
@pytest.mark.parametrize("in_git", [True, False])
def test_rules_that_came_by_a_transfer_count_on_the_other_side(
    tmp_path: Path, in_git: bool
) -> None:
    make(tmp_path, "s/work/")
    server = Server(tmp_path / "s/work", tmp_path / "s/trash", tmp_path / "s/incoming")
    client = Client(tmp_path / "ann")
    if in_git:
        git(client.root, "init", "-q")
    make(client.root, "a", "build/x", "build/y", "secret")
    client.sync(server, "push")
    (client.root / ".gitignore").write_text("build/\n")
    client.sync(server, "push")
    found, _ = client.sync(server, "push")
    assert found.nothing
    assert found.keep_there == []
    assert (server.root / "build/x").is_file()
    (server.root / ".gitignore").write_text("build/\nsecret\n")
    for _ in range(3):
        found, _ = client.sync(server, "both")
        assert (client.root / "secret").is_file()
    assert found.nothing
    (client.root / ".gitignore").unlink()
    for _ in range(3):
        found, _ = client.sync(server, "both")
    assert found.nothing
    assert (server.root / "secret").is_file()
    assert {"secret", "build/x"} <= server.tree().keys() & client.tree().keys()
