"""`project.file`: one file of a workspace, never through a link, never more than an answer holds."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.control import dispatch
from server_agent.core import files, lifecycle
from server_agent.protocol import lines
from server_agent.protocol.errors import AgentError
from server_agent.trees import digest
from tests.integration.agent_rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig.make("demo", "host")
    yield rig
    lifecycle.remove(rig.id)


def look(rig: Rig, path: str) -> tuple[object, object, object]:
    found = dispatch.call("project.file", {"project": rig.id, "path": path})
    assert len(lines.encode({"id": 1, "result": found})) < lines.MAX_LINE
    return found["text"], found["size"], found["state"]


def test_a_file_s_text_size_and_state(rig: Rig, tmp_path: Path) -> None:
    top = Path(rig.project.workspace)
    (top / "sub").mkdir()
    (top / "sub" / "text").write_text("grüße\n")
    (top / "sub" / "text").chmod(0o640)
    os.utime(top / "sub" / "text", ns=(5, 5))
    state = ["f", 0o640, 8, 5, digest.of_bytes("grüße\n".encode())]
    assert look(rig, "sub/text") == ("grüße\n", 8, state)
    assert look(rig, "sub") == (None, 0, ["d", 0, 0, 0, ""])
    assert look(rig, "nowhere/x") == look(rig, "sub/text/x") == (None, 0, None)
    (top / "binary").write_bytes(b"\xff\0")
    assert look(rig, "binary")[:2] == (None, 2)
    for content in (b"x" * (files.MAX_TEXT + 1), b"\x01" * (400 << 10)):
        (top / "much").write_bytes(content)
        assert look(rig, "much")[:2] == (None, len(content))
    (top / "much").write_bytes(b"x" * files.MAX_TEXT)
    assert look(rig, "much")[0] == "x" * files.MAX_TEXT
    os.mkfifo(top / "fifo")
    assert look(rig, "fifo") == (None, 0, None)


def test_no_link_leads_out(rig: Rig, tmp_path: Path) -> None:
    top = Path(rig.project.workspace)
    (tmp_path / "secret").write_text("secret")
    (top / "link").symlink_to(tmp_path / "secret")
    (top / "out").symlink_to(tmp_path)
    text, _, state = look(rig, "link")
    assert text is None
    assert isinstance(state, list)
    assert (state[0], state[4]) == ("l", str(tmp_path / "secret"))
    assert look(rig, "out/secret") == (None, 0, None)
    for path in ("../project.json", "/etc/passwd", "a//b", ".", ".mnix/x"):
        with pytest.raises(AgentError):
            look(rig, path)
