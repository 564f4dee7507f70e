"""What a person is shown before anything moves."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnix_tui.sync.plan import plan
from mnix_tui.sync.preview import by_folder, preview
from mnix_tui.sync.warned import LARGE, as_notes
from server_agent.trees.index import Index
from tests.unit.sync.folders import git, look, make
from tests.unit.sync.worlds import file

if TYPE_CHECKING:
    from mnix_tui.sync.verdicts import Triple


def first_push(root: Path) -> tuple[dict, Index]:  # type: ignore[type-arg]
    index = Index()
    found = look(root, index).found
    return {path: (None, now, None) for path, (_, now) in found.changes.items()}, index


@pytest.mark.needs("git")
def test_what_is_ignored_is_shown_with_its_rule(tmp_path: Path) -> None:
    root = make(tmp_path / "root", "a", "build/x", "deep/x.log", "sub/y.tmp", "mine", "other.md")
    git(root, "init", "-q")
    git(root / "sub", "init", "-q")
    (root / ".gitignore").write_text("# built\n\nbuild/\n")
    (root / "deep/.gitignore").write_text("*.log\n")
    (root / "sub/.gitignore").write_text("*.tmp\n")
    (root / ".git/info/exclude").write_text("mine\n")
    (root / ".mnixignore").write_text("# not there\n*.md\n")
    triples, index = first_push(root)
    shown = preview("push", plan(triples, "push"), str(root), triples, ["a note"], index=index)
    assert {(each.path, each.rule, each.source) for each in shown.ignored} == {
        ("build/", "build/", ".gitignore:3"),
        ("deep/x.log", "*.log", "deep/.gitignore:1"),
        ("sub/y.tmp", "*.tmp", "sub/.gitignore:1"),
        ("mine", "mine", ".git/info/exclude:1"),
        ("other.md", "*.md", ".mnixignore:2"),
    }
    assert shown.ignored_more == 0
    told = json.loads(json.dumps(shown.to_json()))
    assert told["totals"]["send"] == len(shown.plan.send)
    assert told["notes"] == ["a note"]
    assert {"path": "build/", "rule": "build/", "source": ".gitignore:3"} in told["ignored"]


def test_rules_are_shown_without_git_too_and_no_more_than_can_be_read(tmp_path: Path) -> None:
    make(tmp_path, "keep/a", *(f"out/{number}.o" for number in range(300)))
    (tmp_path / ".gitignore").write_text("*.o\n")
    triples, index = first_push(tmp_path)
    shown = preview("push", plan(triples, "push"), str(tmp_path), triples, index=index)
    assert len(shown.ignored) == 200
    assert shown.ignored_more == 100
    assert {(each.rule, each.source) for each in shown.ignored} == {("*.o", ".gitignore:1")}


def test_secrets_and_large_files_are_warned_of_before_they_are_first_sent(tmp_path: Path) -> None:
    make(
        tmp_path,
        ".env",
        "app/.env.local",
        ".env.example",
        "ssh/id_ed25519",
        "ssh/id_ed25519.pub",
        "id_card.py",
        "certs/ca.pem",
        "credentials-prod.json",
        "home/.aws/credentials",
        ".netrc",
        "src/env.py",
    )
    (tmp_path / "certs/key.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    os.mkfifo(tmp_path / "fifo.pem")
    with (tmp_path / "model.bin").open("wb") as large:
        large.truncate(LARGE)
    make(tmp_path, *(f"web/node_modules/{number}/x" for number in range(1000)))
    triples, _ = first_push(tmp_path)
    # Blocks of zeros are no secret: what counts is that it goes for the first time.
    shown = preview("push", plan(triples, "push"), str(tmp_path), triples)
    warned = {(each.path, each.kind) for each in shown.warnings}
    assert warned == {
        (".env", "secret"),
        ("app/.env.local", "secret"),
        ("ssh/id_ed25519", "secret"),
        ("certs/key.pem", "secret"),
        ("credentials-prod.json", "secret"),
        ("home/.aws/credentials", "secret"),
        (".netrc", "secret"),
        ("model.bin", "large"),
        ("web/node_modules", "heavy"),
    }
    again = {path: (now, now._replace(value="x"), now) for path, (_, now, _) in triples.items()}
    assert preview("push", plan(again, "push"), str(tmp_path), again).warnings == ()


def test_a_password_in_a_repositorys_settings_is_warned_of(tmp_path: Path) -> None:
    make(tmp_path, "a/.git/config", "b/.git/config", "c/.git/config")
    (tmp_path / "a/.git/config").write_text('[remote "o"]\n\turl = https://me:word@host/x.git\n')
    (tmp_path / "b/.git/config").write_text('[remote "o"]\n\turl = ssh://git@host:22/x.git\n')
    triples: dict[str, Triple] = {
        f"{each}/.git/config": (None, file(each), None) for each in ("a", "b", "c")
    }
    shown = preview("push", plan(triples, "push"), str(tmp_path), triples)
    assert [(each.path, each.kind) for each in shown.warnings] == [("a/.git/config", "secret")]


def test_a_push_says_a_few_warnings_and_how_many_more(tmp_path: Path) -> None:
    make(tmp_path, *(f"{number}/.env" for number in range(80)))
    triples, _ = first_push(tmp_path)
    notes = as_notes(plan(triples, "push"), triples, str(tmp_path))
    assert len(notes) == 11
    assert notes[0].startswith("0/.env: may hold secrets")
    assert notes[-1] == "70 more like these: mnix push --dry-run"


def test_sizes_are_added_up_two_levels_deep_the_largest_first() -> None:
    triples = {
        path: (None, file("x" * size), None)
        for path, size in {"a": 1, "b/c": 2, "b/d/e": 3, "b/d/f/g/h": 4, "z/y/x/w": 50}.items()
    }
    sizes = by_folder(plan(triples, "push").send)
    assert [(each.path, each.files, each.bytes) for each in sizes] == [
        ("z/y", 1, 50),
        ("b/d", 2, 7),
        ("b", 1, 2),
        ("", 1, 1),
    ]
