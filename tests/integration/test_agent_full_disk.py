"""A full disk on the server: said as what it is, with nothing changed."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.core import upload, usecases
from server_agent.protocol.errors import AgentError
from tests.integration.agent_rig import Rig


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.needs("root")
def test_an_upload_that_does_not_fit_changes_nothing(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server.toml").write_text(f'workspace_root = "{small_disk}"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(tmp_path / "server.toml"))
    rig = Rig.make("demo", "host")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "code").write_text("first")
    assert rig.push(folder)["changed"] == 1
    (folder / "code").write_text("second")
    (folder / "large").write_bytes(os.urandom(2 << 20))
    answer = rig.push(folder)
    assert answer["error"]["code"] == "no-space"
    assert "disk is full" in answer["error"]["message"]
    workspace = Path(rig.project.workspace)
    assert [path.name for path in workspace.iterdir()] == ["code"]
    assert (workspace / "code").read_text() == "first"
    assert os.listdir(rig.project.incoming) == []
    (folder / "large").unlink()
    assert rig.push(folder)["trashed"] == 1
    usecases.remove(rig.id)


def test_a_project_in_place_takes_no_upload(tmp_path: Path) -> None:
    project = usecases.create("demo", "host", in_place=str(tmp_path))
    with pytest.raises(AgentError, match="nothing to upload") as error:
        upload.receive(project["id"], [])
    assert error.value.code == "usage"
