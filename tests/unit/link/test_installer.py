import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.link import delivery, installer
from mnix_tui.link.delivery import Archive
from tests.helpers.settle import settle

RUNS = 'def entry():\n    import sys\n    print("it runs", *sys.argv[1:])\n'
AGENT = delivery.pack(
    "agent",
    {
        "__main__.py": b"from server_agent.cli import entry\nentry()\n",
        "server_agent/__init__.py": b"",
        "server_agent/cli.py": RUNS.encode(),
        "server_agent/core/module.py": b"x = 1",
    },
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, agent: Archive = AGENT, *args: str, stdin: bytes = b"") -> str:
    """Run the installer as a server does, behind its own text."""
    done = subprocess.run(
        [sys.executable, "-BIS", installer.__file__, "n1", agent.name, *args],
        input=stdin or delivery.head(agent) + agent.data,
        env={**os.environ, "XDG_DATA_HOME": str(data)},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    return done.stdout.decode()


def answer(said: str) -> dict[str, Any]:
    start, nonce, rest = said.split(" ", 2)
    assert (start, nonce) == ("MNIX/1", "n1")
    found: dict[str, Any] = json.loads(rest)
    return found


def settled(folder: Path) -> Path:
    """Wait until what is done behind one's back is done."""
    note = folder / "python"
    settle(lambda: note.read_text() == f"{Path(sys.executable).resolve()}\n", what="it to settle")
    return folder


def test_it_is_unpacked_whole_and_notes_its_python(data: Path) -> None:
    folder = data / "mnix/agent/agent"
    assert answer(run(data)) == {"installed": str(folder)}
    assert (folder / "server_agent/core/module.py").read_text() == "x = 1"
    python, *boot = (folder / "python").read_text().splitlines()
    assert python == str(Path(sys.executable).resolve())
    assert boot in ([], [installer.boot_id()])
    settled(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["agent"]
    assert list(folder.rglob("*.new")) == []


def test_it_becomes_the_agent(data: Path) -> None:
    assert run(data, AGENT, "serve", "it's") == "it runs serve it's\n"
    assert run(data, AGENT, "again") == "it runs again\n"


def test_running_it_writes_nothing_and_needs_no_source(data: Path) -> None:
    run(data)
    folder = settled(data / "mnix/agent/agent")
    (folder / "server_agent/cli.py").write_text("raise SystemExit('this was compiled again')")
    before = sorted(folder.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-BIS", str(folder), "x"], capture_output=True, check=True
    )
    assert done.stdout == b"it runs x\n"
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("kept", [0, 30, 76, -1])
def test_what_arrives_in_part_leaves_nothing(data: Path, kept: int) -> None:
    part = (delivery.head(AGENT) + AGENT.data)[:kept] or b"\n"
    assert answer(run(data, stdin=part))["error"]["code"] == "incomplete-upload"
    assert not data.exists()


def test_a_second_installation_keeps_the_first(data: Path) -> None:
    run(data)
    folder = settled(data / "mnix/agent/agent")
    kept = (folder / "__main__.py").stat().st_ino
    assert "installed" in answer(run(data))
    assert (folder / "__main__.py").stat().st_ino == kept


@pytest.mark.parametrize("note", ["", "/gone/python3\n", f"{sys.executable}\nanother-boot\n"])
def test_what_a_machine_that_went_down_left_is_made_whole(data: Path, note: str) -> None:
    run(data)
    folder = settled(data / "mnix/agent/agent")
    (folder / "server_agent/cli.py").write_text("")
    (folder / "server_agent/core/module.py").unlink()
    (folder / "python").write_text(note)
    assert run(data, AGENT, "x") == "it runs x\n"
    settled(folder)
    assert (folder / "server_agent/core/module.py").read_text() == "x = 1"
    assert (folder / "server_agent/cli.py").read_text() == RUNS


def test_what_is_removed_meanwhile_does_not_come_back(data: Path) -> None:
    folder = data / "mnix/agent/agent"
    run(data)
    settled(folder)
    (folder / "python").unlink()
    with pytest.raises(FileNotFoundError):
        installer.note(str(data / "gone"), "")
    with pytest.raises(FileNotFoundError):
        installer.precompile(str(data / "gone" / "module.py"))
    assert not (data / "gone").exists()


DAY = 86400.0


def agents(data: Path, **days: float) -> Path:
    """Have agents that were last used so many days ago; return the folder of all."""
    folder = data / "mnix/agent"
    for name, ago in days.items():
        at = 1e9 - ago * DAY
        (folder / named(name)).mkdir(parents=True)
        (folder / named(name) / "python").write_text(f"{sys.executable}\n")
        os.utime(folder / named(name) / "python", (at, at - DAY))
    return folder


def named(name: str) -> str:
    return f"3.0.0-{name:0>64}"


def left(folder: Path) -> set[str]:
    return {path.name.removeprefix("3.0.0-").lstrip("0") for path in folder.iterdir()}


def test_agents_that_nobody_used_for_long_go(data: Path) -> None:
    folder = agents(data, a=0, b=1, c=40, d=29, e=50, f=31)
    installer.prune(str(folder), 1e9)
    assert left(folder) == {"a", "b", "d"}
    installer.prune(str(folder), 1e9 + 365 * DAY)
    assert left(folder) == {"a", "b", "d"}  # the last three stay


def test_what_is_left_of_an_unpacking_goes_and_what_is_not_ours_stays(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = agents(data, a=0, b=0, c=0)
    cut = folder / f"{named('d')}.77.new"
    for other in (cut, folder / "my tools", folder / f"linked-{'0' * 64}"):
        (data / "elsewhere").mkdir(exist_ok=True)
        other.symlink_to(data / "elsewhere") if other.name[0] == "l" else other.mkdir()
        os.utime(other, (DAY, DAY), follow_symlinks=False)
    stay = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(os, "getuid", lambda: 65534)  # all of it is somebody else's
    installer.prune(str(folder), 1e9)
    assert sorted(path.name for path in folder.iterdir()) == stay
    monkeypatch.undo()
    installer.prune(str(folder), 1e9)
    assert sorted(path.name for path in folder.iterdir()) == [x for x in stay if x != cut.name]


def test_an_agent_that_runs_stays_however_old_it_is(data: Path, tmp_path: Path) -> None:
    folder = agents(data, a=0, b=0, c=0, d=99, e=99)
    path = str(folder / named("d"))
    started = f"import sys; sys.path.insert(0, {path!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", started], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as runs:
        assert runs.stdout is not None
        assert runs.stdout.readline()  # before that the kernel may know no command line of it yet
        installer.prune(str(folder), 1e9, str(tmp_path / "no-proc"))
        assert left(folder) == {"a", "b", "c", "d", "e"}  # nobody can say what runs
        installer.prune(str(folder), 1e9)
        assert left(folder) == {"a", "b", "c", "d"}


def test_a_new_agent_clears_old_ones_up_behind_ones_back(data: Path) -> None:
    folder = agents(data, a=0, b=1, c=2, d=3)
    run(data)
    settle(lambda: left(folder) == {"a", "b", "c", "agent"}, what="an old agent to go")


def test_others_may_not_read_it(data: Path) -> None:
    run(data)
    folder = settled(data / "mnix/agent/agent")
    assert not [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_a_full_disk_is_said_to_be_full() -> None:
    error = installer.explain(OSError(errno.ENOSPC, "No space left on device", "/home/a/b"))
    assert error["code"] == "no-space"
    assert "/home/a/b" in error["detail"]


def test_a_home_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "mnix").write_text("a file where a folder should be")
    error = answer(run(tmp_path))["error"]
    assert "can't be written" in error["message"]
    assert str(tmp_path / "mnix") in error["detail"]


def test_a_home_that_is_not_there_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/nobody-here")
    error = installer.explain(OSError(errno.EACCES, "Permission denied", "/home/nobody-here"))
    assert error["message"] == "there is no home folder /home/nobody-here"
    assert error["fix"].endswith(" /home/nobody-here")


@pytest.fixture
def anna(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The home of somebody who may write nothing that is there."""
    home = tmp_path / "my home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.X_OK)
    return home


def refused() -> dict[str, str]:
    return installer.explain(OSError(errno.EACCES, "Permission denied", "x"))


def test_a_folder_in_ones_own_home_can_be_taken_back(anna: Path) -> None:
    (anna / ".local").mkdir()
    place = f"'{anna}/.local'"
    ours = f"{os.getuid()}:{os.getgid()}"
    assert refused()["fix"] == f"sudo chown {ours} {place} && chmod u+rwx {place}"


@pytest.mark.parametrize("home", ["/", "/usr"])
def test_a_folder_of_everybody_stays_theirs(
    anna: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_DATA_HOME", "/usr/share")
    fix = refused()["fix"]
    assert fix.startswith("sudo install -d -m 700 -o 65534 ")
    assert fix.endswith(" /usr/share/mnix /usr/share/mnix/agent")


def test_a_link_out_of_the_home_makes_nothing_ones_own(anna: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (anna / ".local").symlink_to(tmp_path / "shared")
    fix = refused()["fix"]
    assert "chown" not in fix
    share = f"{anna}/.local/share"
    assert fix.endswith(f" '{share}' '{share}/mnix' '{share}/mnix/agent'")


def test_a_read_only_file_system_may_have_blanks_in_its_name(
    anna: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = tmp_path / "mounts"
    written = str(anna).replace(" ", "\\040")
    mounts.write_text(f"/dev/a / ext4 rw 0 0\n/dev/b {written} ext4 ro 0 0\n")
    assert installer.mount_point(f"{anna}/x", str(mounts)) == str(anna)
    assert installer.mount_point(f"{anna}s", str(mounts)) == "/"
    monkeypatch.setattr(installer, "mount_point", lambda folder: folder)
    error = installer.explain(OSError(errno.EROFS, "Read-only file system", "x"))
    assert error["fix"] == f"sudo mount -o remount,rw '{anna}'"
