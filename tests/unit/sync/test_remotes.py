"""What of a clone's settings is not fetched, and what is said of it."""

import subprocess
from pathlib import Path

from mnix_tui.sync import remotes
from mnix_tui.sync.plan import plan
from tests.unit.sync.worlds import file

CONFIG = """[core]
\tbare = false
[remote "origin"]
\turl = https://me:token@example.org/a/b.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[remote "known"]
\turl = https://example.org/known.git
[remote "scp"]
\turl = git@example.org:a/b.git
[remote "run"]
\turl = ext::sh -c evil
[remote "odd"]
\turl = https://example.org/$(evil)
[remote "--option"]
\turl = https://example.org/x
[branch "main"]
\turl = https://example.org/none
"""


def test_remotes_that_are_missing_are_named_with_what_to_type(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "remote", "add", "known", "x"], cwd=tmp_path, check=True)
    begin = f"git -C {tmp_path} remote add"
    assert remotes.missing(str(tmp_path), CONFIG) == [
        f"origin is not set here: {begin} origin https://example.org/a/b.git",
        f"scp is not set here: {begin} scp git@example.org:a/b.git",
    ]
    assert remotes.missing(str(tmp_path), "") == []


def test_nothing_is_said_of_examples_of_hooks() -> None:
    hook = (None, None, file("1"))
    found = plan({".git/hooks/pre-push": hook, ".git/hooks/pre-push.sample": hook}, "pull")
    assert [each.path for each in found.withheld] == [".git/hooks/pre-push"]
    assert found.fetch == []
