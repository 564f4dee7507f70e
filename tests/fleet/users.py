"""The Unix users that the fleet's servers belong to, each with a rootless Podman that works."""

import os
import pwd
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.claims import Exclusive
from tests.fleet.run import run
from tests.helpers.settle import settle

# A machine without cgroup delegation and CAP_SYS_RESOURCE needs all of this, and none of it
# hurts where they are there. No network: nothing in the tests may depend on one.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE_CONF = '[storage]\ndriver = "overlay"\n'

_SKELETON = Path("/etc/skel")
_SHARED_TMP = Path("/tmp")


@dataclass(frozen=True)
class User:
    """One Unix user of the fleet."""

    name: str
    uid: int
    gid: int
    home: Path

    @property
    def runtime_dir(self) -> Path:
        """Return where logind would put the user's runtime folder."""
        return Path(f"/run/user/{self.uid}")

    def set_runtime_dir(self, wanted: bool) -> None:
        """Make the runtime folder as logind would, or remove it."""
        if not wanted:
            shutil.rmtree(self.runtime_dir, ignore_errors=True)
            return
        self.runtime_dir.parent.mkdir(mode=0o755, exist_ok=True)
        self.runtime_dir.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.runtime_dir, self.uid, self.gid)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write a file of the user's below the home folder, with the folders above it."""
        target = self.home / path
        folder = self.home
        for part in Path(path).parent.parts:
            folder /= part
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, self.uid, self.gid)
        target.write_text(text)
        target.chmod(mode)
        os.chown(target, self.uid, self.gid)
        return target

    def pids(self, text: str = "") -> list[int]:
        """Return the user's processes (and the subuids', in containers) that have `text`."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError):
                command = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
                if entry.stat().st_uid == self.uid and text in command:
                    found.append(int(entry.name))
        return found

    def kill_all(self) -> None:
        """End every process of the user's, hard."""

        def gone() -> bool:
            for pid in self.pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not any(_alive(pid) for pid in self.pids())

        settle(gone, what=f"the end of all processes of {self.name}")

    def empty_home(self) -> None:
        """Put the home folder back as useradd made it; the image store stays."""
        keep = self.home / ".local/share/containers"
        _remove_but(self.home, keep)
        for entry in _SKELETON.iterdir():
            self.write(entry.name, entry.read_text())
        self.write(".config/containers/containers.conf", CONTAINERS_CONF)
        self.write(".config/containers/storage.conf", STORAGE_CONF)
        for entry in (*_SHARED_TMP.iterdir(), *_children(self.runtime_dir)):
            with suppress(OSError):
                if entry.lstat().st_uid == self.uid and not entry.name.startswith("mnix-test"):
                    _remove(entry)


def claim_user(name: str) -> User:
    """Return the user of that name, made if need be."""
    # useradd looks for a free subuid range, and two at once find the same one.
    with Exclusive("useradd"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            run(["useradd", "-m", "-s", "/bin/bash", "-c", "mnix tests", name])
            entry = pwd.getpwnam(name)
        # "!" in shadow means locked, and an sshd without PAM then refuses keys too.
        run(["usermod", "-p", "*", name])
    return User(name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))


def _alive(pid: int) -> bool:
    """Tell whether a process still runs: a zombie waits for its parent only."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _remove_but(folder: Path, keep: Path) -> None:
    for entry in folder.iterdir():
        if entry == keep:
            continue
        if keep.is_relative_to(entry):
            _remove_but(entry, keep)
        else:
            _remove(entry)
