import time
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Endpoint
from mnix_tui.link.hostkeys import command as knowncommand
from mnix_tui.link.hostkeys.command import Told, said_by_command
from mnix_tui.link.sshconfig import config as sshconfig

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFG6CPwkxHRphqq8w0KpUKUFdj7MQZZmghTL3XsHVgX8"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def told(home: Path, command: str) -> Told:
    (home / ".ssh" / "config").write_text(f"Host box\n  KnownHostsCommand {command}\n")
    config = sshconfig.load(Endpoint("box", "anna", 2222))
    return said_by_command(config, "[box]:2222")


def test_where_there_is_none_nothing_is_run(home: Path) -> None:
    assert not told(home, "none").failed


def test_it_is_told_which_host_and_what_it_says_counts(home: Path) -> None:
    script = home / "keys"
    script.write_text(f'#!/bin/sh\necho "$@" >{home}/asked\necho "$1 {KEY}"\necho garbage\n')
    script.chmod(0o755)
    said = told(home, f'{script} "%H" %h %p %r %I %t %%')
    assert [found.where for found in said.match("[box]:2222")] == ["KnownHostsCommand:1"]
    assert said.match("other") == []
    assert (home / "asked").read_text() == "[box]:2222 box 2222 anna ORDER NONE %\n"
    assert not said.failed


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nowhere/keys %H", "No such file"),
        ("/bin/false", "exit code 1"),
        ("/usr/bin/yes", "more than 1 MiB"),
        ("/bin/echo %Z", "Z"),
    ],
)
def test_what_goes_wrong_is_said_and_nothing_known_from_it(
    home: Path, command: str, why: str
) -> None:
    said = told(home, command)
    assert "KnownHostsCommand" in said.failed
    assert why in said.failed
    assert said.match("box") == []


def test_one_that_hangs_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowncommand, "PATIENCE", 0.2)
    began = time.monotonic()
    assert "no answer" in told(home, "/bin/sleep 60").failed
    assert time.monotonic() - began < 5
