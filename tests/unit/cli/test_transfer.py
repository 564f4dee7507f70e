"""What a push says beside its result."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.cli import connect, said, transfer
from mnix_tui.cli.context import Context
from mnix_tui.cli.target import Target
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.sync import turns

PROJECT = Project("api", "tokyo", "id", "/home/me/api")


def test_a_push_that_is_stopped_says_what_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def stopped(work: Coroutine[Any, Any, Any]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(connect, "run", stopped)
    chosen = Target(PROJECT, Server("tokyo", "h"))
    for dry_run in (True, False):
        with pytest.raises(KeyboardInterrupt):
            transfer._run(Context(), chosen, "push", dry_run, False, False)
    assert capsys.readouterr().err == f"mnix: stopped: {transfer.STOPPED}\n"


def test_what_was_said_is_new_only_when_it_comes_again(tmp_path: Path) -> None:
    database = tmp_path / "mnix.db"
    assert said.fresh(database, PROJECT, "push", ["a"]) == (["a"], 0)  # it can't be kept yet
    (tmp_path / "sync").mkdir()
    assert said.fresh(database, PROJECT, "push", ["a", "\udcff"]) == (["a", "\udcff"], 0)
    assert said.fresh(database, PROJECT, "push", ["a", "b", "\udcff"]) == (["b"], 2)
    assert said.fresh(database, PROJECT, "pull", ["a", "c"]) == (["c"], 1)
    assert said.fresh(database, PROJECT, "push", ["a", "b", "\udcff"]) == ([], 3)
    assert said.fresh(database, PROJECT, "push", []) == ([], 0)
    assert said.fresh(database, PROJECT, "pull", []) == ([], 0)
    assert said.fresh(database, PROJECT, "push", ["a"]) == (["a"], 0)
    turns.place(database, PROJECT, "said").write_text("[damaged")
    assert said.fresh(database, PROJECT, "push", ["a"]) == (["a"], 0)
