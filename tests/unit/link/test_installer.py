import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.link import installer


def archive() -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("__main__.py", "pass")
        file.writestr("package/module.py", "x = 1")
        file.writestr("server_agent/module.py", "print('it runs')")
    return hashlib.sha256(buffer.getvalue()).hexdigest(), buffer.getvalue()


def call(digest: str, data: bytes) -> dict[str, Any]:
    out = io.StringIO()
    installer.main(["n1", "agent", digest, str(len(data))], io.BytesIO(data), out)
    start, nonce, rest = out.getvalue().split(" ", 2)
    assert (start, nonce) == ("MNIX/1", "n1")
    answer: dict[str, Any] = json.loads(rest)
    return answer


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    mask = os.umask(0o022)
    os.umask(mask)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    return tmp_path / "mnix" / "agent"


def test_it_is_unpacked_whole_and_notes_its_python(home: Path) -> None:
    answer = call(*archive())
    assert answer == {"installed": str(home / "agent")}
    assert (home / "agent" / "package" / "module.py").read_text() == "x = 1"
    assert (home / "agent" / "python").read_text() == f"{Path(sys.executable).resolve()}\n"
    assert [path.name for path in home.iterdir()] == ["agent"]


def test_running_it_writes_nothing_and_needs_no_source(home: Path) -> None:
    call(*archive())
    module = home / "agent" / "server_agent" / "module.py"
    before = sorted(home.rglob("*"))
    module.write_text("raise SystemExit('this was compiled again')")
    run = [sys.executable, "-B", "-S", "-c", "import server_agent.module"]
    done = subprocess.run(run, cwd=home / "agent", capture_output=True, check=True)
    assert done.stdout == b"it runs\n"
    assert sorted(home.rglob("*")) == before


def test_a_damaged_archive_leaves_nothing(home: Path) -> None:
    digest, data = archive()
    answer = call(digest, data[:-1])
    assert answer["error"]["code"] == "incomplete-upload"
    assert not home.exists()


def test_a_second_installation_keeps_the_first(home: Path) -> None:
    call(*archive())
    kept = (home / "agent" / "__main__.py").stat().st_ino
    assert "installed" in call(*archive())
    assert (home / "agent" / "__main__.py").stat().st_ino == kept


def test_others_may_not_read_it(tmp_path: Path) -> None:
    digest, data = archive()
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    argv = [sys.executable, "-IS", installer.__file__, "n1", "agent", digest, str(len(data))]
    subprocess.run(argv, input=data, env=env, check=True, capture_output=True)
    assert (tmp_path / "mnix" / "agent" / "agent").stat().st_mode & 0o077 == 0


def test_a_full_disk_is_said_to_be_full() -> None:
    error = installer.explain(OSError(errno.ENOSPC, "No space left on device", "/home/a/b"))
    assert error["code"] == "no-space"
    assert "/home/a/b" in error["detail"]


def test_a_home_that_can_not_be_written_is_named(tmp_path: Path, home: Path) -> None:
    (tmp_path / "mnix").write_text("a file where a folder should be")
    answer = call(*archive())
    assert "can't be written" in answer["error"]["message"]
    assert str(tmp_path / "mnix") in answer["error"]["detail"]
