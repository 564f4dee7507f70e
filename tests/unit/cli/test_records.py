"""The log of what a command does on servers: written when it ends, and said where that fails."""

from pathlib import Path

import click
import pytest

from mnix_tui.cli import records
from mnix_tui.cli.context import Context
from mnix_tui.domain.audit import Ran
from mnix_tui.store import audit


def _command(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    monkeypatch.setattr(Context, "database", property(lambda _: database))
    with click.Context(click.Command("exec")):
        tell = records.recorder(Context())
        assert tell is not None
        tell(Ran("tokyo", 1.0, "command", "make", "ok", 0.5))


def test_what_is_not_in_the_log_is_said_when_the_command_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "client.db"
    _command(monkeypatch, database)
    assert [each.detail for _, each in audit.read(database, "tokyo")] == ["make"]
    assert capsys.readouterr().err == ""
    audit.place(database).unlink()
    audit.place(database).mkdir()
    _command(monkeypatch, database)
    assert "not all of this is in the log" in capsys.readouterr().err
