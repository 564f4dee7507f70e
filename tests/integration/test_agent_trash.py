"""`trash.list` and `trash.restore`: what a transfer replaced comes back, and replaces nothing for good."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent.control import dispatch
from server_agent.core import lifecycle, trashing
from server_agent.protocol import lines
from server_agent.protocol.errors import AgentError
from tests.integration.agent_rig import Rig
from tests.integration.sync_client import SyncClient


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig.make("demo", "host")
    yield rig
    lifecycle.remove(rig.id)


def trash(rig: Rig) -> dict[str, Any]:
    found = dispatch.call("trash.list", {"project": rig.id})
    assert len(lines.encode({"id": 1, "result": found})) < lines.MAX_LINE
    return dict(found)


def test_what_was_replaced_and_deleted_comes_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = Path(rig.project.workspace)
    with SyncClient(rig.id, {}) as client:
        client.files({"sub/a": b"one", "b": b"bee"})
        client.commit()
        there = client.refresh(0).changed
        client.batch(["x", "b", list(there["b"])])
        client.files({"sub/a": b"two"}, there)
        done = client.commit()
    assert (done["applied"], done["trashed"], done["skipped"]) == (2, 2, [])
    found = trash(rig)
    rows = [(row["id"], row["by"], row["path"], row["kind"], row["size"]) for row in found["trash"]]
    assert sorted(rows) == [
        (done["trash"], "test", "b", "f", 3),
        (done["trash"], "test", "sub/a", "f", 3),
    ]
    assert (found["more"], found["bytes"]) == (False, 6)
    info = dispatch.call(
        "trash.restore", {"project": rig.id, "id": done["trash"], "paths": ["sub", "b"]}
    )
    assert info["id"] == rig.id
    assert ((top / "sub" / "a").read_bytes(), (top / "b").read_bytes()) == (b"one", b"bee")
    found = trash(rig)
    assert [(row["path"], row["size"]) for row in found["trash"]] == [("sub/a", 3)]
    for batch, path in (("nowhere", "b"), (done["trash"], "b"), ("..", "project.json")):
        with pytest.raises(AgentError) as error:
            trashing.restore(rig.id, batch, [path])
        assert error.value.code == "not-found"
    with SyncClient(rig.id, {"index": done["index"], "seq": done["seq"]}) as client:
        assert set(client.there.changed) == {"sub/a", "b"}
    with SyncClient(rig.id, {}) as client:
        client.batch(["x", "b", list(client.known(["b"])["b"])])
        assert client.commit()["skipped"] == []
    rows = dispatch.call("trash.list", {"project": rig.id, "paths": ["b", "../b"]})["trash"]
    assert [row["path"] for row in rows] == ["b"]
    # The newest of each: what was deleted now, and what was replaced when the rest came back.
    info = dispatch.call("trash.restore", {"project": rig.id, "paths": ["b", "sub"]})
    assert info["restored"] == 2
    assert ((top / "sub" / "a").read_bytes(), (top / "b").read_bytes()) == (b"two", b"bee")
    monkeypatch.setattr(trashing, "MOST", 0)
    assert trash(rig)["more"] is True
