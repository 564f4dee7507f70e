"""A command that has to wait for its server says so."""

import socket
from pathlib import Path

import pytest

from tests.integration.cli_rig import Mnix


def test_a_command_says_that_it_connects_and_leaves_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    mnix = Mnix(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mnix.run("server", "add", f"127.0.0.1:{port}", "slow", "--no-check")
        terminal = mnix.terminal("sessions", "--server", "slow")
        try:
            terminal.wait_for("connecting to slow")
            terminal.type(b"\x03")
            assert terminal.exit_code() == 130
            assert b"\r\x1b[K" in terminal.seen
        finally:
            terminal.close()
    piped = mnix.run("sessions", "--server", "slow", code=69)  # nobody listens any more
    assert b"connecting to" not in piped.stderr
