"""Files of other users of a rootless container: read, replaced, kept and put back all the same."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server_agent.trees import digest
from tests.fleet import Fleet, FleetServer
from tests.integration.agent_rig import zipapp
from tests.integration.sync_client import SyncClient


class Remote:
    """The agent of one user, through ssh."""

    def __init__(self, server: FleetServer) -> None:
        self.server = server
        self.pyz = server.home / "agent.pyz"
        self.pyz.write_bytes(zipapp())
        self.pyz.chmod(0o644)
        self.project = self.ask("project.create", name="demo")["id"]
        self.folder = Path(self.ask("project.get", project=self.project)["workspace"]).parent

    def argv(self, *args: str) -> list[str]:
        words = ["python3", "-I", "-S", str(self.pyz), *args, "--nonce", "n0"]
        return self.server.ssh_argv(shlex.join(words))

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        request = json.dumps({"id": 1, "method": method, "params": params})
        argv, pipe = self.argv("serve"), subprocess.PIPE
        with subprocess.Popen(argv, text=True, stdin=pipe, stdout=pipe) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request + "\n")
            process.stdin.flush()
            process.stdout.readline()
            answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer
        return dict(answer["result"])

    def sync(self, **hello: Any) -> SyncClient:
        return SyncClient(self.project, hello, argv=self.argv("sync", "--project", self.project))

    def inside(self, script: str) -> str:
        return self.server.as_user("podman", "unshare", "sh", "-c", script).stdout

    def give_away(self, path: str, mode: str) -> None:
        self.inside(f"cd {self.folder}/workspace && chown -R 1000:1000 {path}; chmod {mode} {path}")


@pytest.fixture
def remote(fleet: Fleet) -> Remote:
    return Remote(fleet.server("user-mnix-base"))


def test_files_of_other_users(remote: Remote) -> None:
    with remote.sync() as client:
        client.files({"theirs/file": b"first", "open/file": b"first", "mine": b"mine"})
        client.commit()
    remote.give_away("theirs", "700")
    with remote.sync() as client:
        there = client.there.changed
        assert client.there.ready["notes"] == []
        assert client.digests("theirs/file") == {"theirs/file": digest.of_bytes(b"first")}
        assert client.fetch(["theirs/file", "", None, 0])[0] == {"theirs/file": b"first"}
        client.files({"theirs/file": b"second", "theirs/new": b"new", "mine": b"more"}, there)
        done = client.commit()
        assert (done["applied"], done["skipped"], done["trashed"]) == (3, [], 2)
    seen = remote.ask("project.file", project=remote.project, path="theirs/file")
    assert seen["text"] == "second"
    listed = remote.ask("trash.list", project=remote.project)["trash"]
    assert {(row["path"], row["size"]) for row in listed} == {("theirs/file", 5), ("mine", 4)}
    remote.ask(
        "trash.restore", project=remote.project, id=done["trash"], paths=["theirs/file", "mine"]
    )
    assert remote.inside(f"cat {remote.folder}/workspace/theirs/file") == "first"
    # What can be read, but not be written to, turns out only when it is applied.
    remote.give_away("open", "755")
    (remote.folder / "sync" / "owner").unlink()
    remote.give_away("theirs", "755")
    with remote.sync() as client:
        client.files({"open/file": b"second", "open/new": b"new"}, client.there.changed)
        done = client.commit()
        assert (done["applied"], done["skipped"]) == (2, [])
        assert client.refresh(done["seq"]).changed == {}
    assert (remote.folder / "sync" / "owner").exists()
    assert remote.inside(f"cat {remote.folder}/workspace/open/file") == "second"
    assert "open/file" in remote.inside(f"cd {remote.folder}/trash && find . -type f")
    remote.ask("project.remove", project=remote.project)
    assert not remote.folder.exists()
