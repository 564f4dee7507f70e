"""Whose pid files are kept."""

import os
from pathlib import Path

import pytest

from server_agent.adapters.host import Host
from server_agent.core import running
from server_agent.core.projects import Project
from server_agent.jobs import procs


def test_the_pid_file_of_a_shell_that_lives_is_kept_however_old_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = Project("aaaaaaaa", "x", "host")
    os.makedirs(project.run)
    own = os.getpid()
    files = {
        "livesaaa.pid": f"{own} {procs.start_time(own)} host 3\n",
        "endedaaa.pid": "4000000 1 host 3\n",
        "rebuilda.pid": "4000000 1 host 3\n",
        "build-aa.sh": "",
        "newaaaaa.pid": "",
    }
    for name, text in files.items():
        path = Path(project.run, name)
        path.write_text(text)
        if not name.startswith(("new", "rebuild")):
            os.utime(path, (1e9, 1e9))
    running.tidy(project, "rebuilda")
    assert sorted(os.listdir(project.run)) == ["livesaaa.pid", "newaaaaa.pid"]
    assert running.in_use(project, Host(), "host")
