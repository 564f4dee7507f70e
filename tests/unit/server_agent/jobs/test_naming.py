"""Renaming a session."""

import os
import time

import pytest

from server_agent.core import paths
from server_agent.jobs import naming, procs, store
from server_agent.protocol.errors import AgentError

META = {"kind": "session", "project": "aaaaaaaa", "name": "old", "boot_id": procs.boot_id()}


def test_one_whose_holder_has_not_said_yet_who_it_is_keeps_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(naming, "_START", 0.01)
    meta = {**META, "started": time.time()}
    folder = store.create("abcdefgh", meta)
    store.write_status(folder, {"state": "running"})
    with pytest.raises(AgentError, match="still starting"):
        naming.rename("abcdefgh", "new")
    assert store.read_meta(paths.job("abcdefgh")) == meta
    meta["holder"] = {"pid": os.getpid(), "start": procs.start_time(os.getpid())}
    store.write_meta(folder, meta)
    assert naming.rename("abcdefgh", "new")["name"] == "new"
    assert store.read_meta(folder) == {**meta, "name": "new"}
