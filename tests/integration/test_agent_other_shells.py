"""Shells other than bash, asked for by name: they have a terminal of their own and its modes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.terminal import Emulator, Reply
from server_agent.control import dispatch
from server_agent.core import isolations, lifecycle, projects, running
from server_agent.protocol import frames
from server_agent.protocol.frames import Type
from tests.integration.agent_rig import Rig
from tests.integration.job_client import JobClient
from tests.integration.job_rig import jobs_of_its_own

__all__ = ["jobs_of_its_own"]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".zshrc").write_text("PROMPT='zsh> '\n")
    rig = Rig(lifecycle.create("demo", "host", "flake.nix", None, None)["id"])
    with projects.locked(rig.id, "test") as project:
        running.make(project, isolations.of("host"))
    yield rig
    lifecycle.remove(rig.id)


def answering(client: JobClient, emulator: Emulator, pattern: str) -> None:
    """Read until the emulator shows something, and answer what the shell asks meanwhile."""
    while not re.search(pattern, emulator.text().rstrip()):
        try:
            found = client.receive(timeout=30)
        except TimeoutError:
            pytest.fail(f"no {pattern!r} in:\n{emulator.text()}")
        for frame in found:
            if frame.type is Type.DATA:
                for event in emulator.feed(frame.offset_and_bytes()[1]):
                    if isinstance(event, Reply):
                        client.type(event.data)


@pytest.mark.parametrize(
    "shell", [pytest.param(n, marks=pytest.mark.needs(n)) for n in ("fish", "zsh")]
)
def test_a_shell_of_ones_own_choice_works_as_in_a_terminal(rig: Rig, shell: str) -> None:
    asked: dict[str, Any] = {"project": rig.id, "cols": 80, "rows": 24, "argv": [shell]}
    job = dispatch.call("session.open", asked)
    emulator = Emulator(80, 24)
    with JobClient(job["socket"]) as client:
        answering(client, emulator, r"[>#%]$")  # some forget what is typed before
        client.type(b"echo re''ady $TERM\r")
        answering(client, emulator, "ready xterm-256color")
        client.type(b"echo \xc3\xbc; sh -c 'echo begun; cat'\r")
        answering(client, emulator, "\nbegun")
        assert "\nü\n" in emulator.text()
        client.type(b"twice\r")
        answering(client, emulator, "\ntwice\ntwice")  # it is in the foreground
        client.send(frames.frame(Type.SIGNAL, b"INT"))
        answering(client, emulator, r"\^C\S*\s+.*[>#%]$")  # a prompt again
        client.type(b"echo st''ill\r")
        answering(client, emulator, "\nstill")
        client.type(b"exit 5\r")
        assert client.until_type(Type.EXIT).json()["code"] == 5
