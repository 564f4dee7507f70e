"""What the kernel counts for a container, read from its control group: no program is run for it."""

from __future__ import annotations

import os
from typing import Optional

ROOT = "/sys/fs/cgroup"
_NO_LIMIT = 1 << 60
"""Version 1 says a number near 2^63 where nothing limits."""


class Group:
    """The control group of one container. Its methods raise ``OSError`` once it is gone."""

    def __init__(self, cpu: str, memory: str, *, unified: bool) -> None:
        self._cpu = cpu
        self._memory = memory
        self._unified = unified

    def cpu(self) -> float:
        """Return the seconds of processor time used so far, by what has ended too."""
        if self._unified:
            return _field(f"{self._cpu}/cpu.stat", b"usage_usec") / 1e6
        return int(_read(f"{self._cpu}/cpuacct.usage")) / 1e9

    def memory(self) -> int:
        """Return the bytes in use, without what the kernel merely keeps of files and would drop."""
        name = "memory.current" if self._unified else "memory.usage_in_bytes"
        cached = b"inactive_file" if self._unified else b"total_inactive_file"
        used = int(_read(f"{self._memory}/{name}"))
        return max(0, used - _field(f"{self._memory}/memory.stat", cached))

    def limit(self) -> Optional[int]:
        """Return the most memory that it may use, in bytes; ``None`` where nothing limits it."""
        name = "memory.max" if self._unified else "memory.limit_in_bytes"
        said = _read(f"{self._memory}/{name}").strip()
        return int(said) if said.isdigit() and int(said) < _NO_LIMIT else None


def find(pid: int, box: str, root: str = ROOT, proc: str = "/proc") -> Optional[Group]:
    """Return the group of the container ``box``, whose first process is ``pid``.

    ``None`` where it has none of its own that can be read: rootless with version 1, say.
    """
    places = _places(pid, box, proc)
    # Where both versions are mounted, the first has the controllers and the second only names.
    if {"cpuacct", "memory"} <= set(places):
        cpu, memory = (f"{root}/{name}{places[name]}" for name in ("cpuacct", "memory"))
        group = Group(cpu, memory, unified=False)
    elif "" in places:
        group = Group(root + places[""], root + places[""], unified=True)
    else:
        return None
    try:
        group.cpu(), group.memory(), group.limit()
    except (OSError, ValueError):
        return None
    return group


def _places(pid: int, box: str, proc: str) -> dict[str, str]:
    # By controller ("": all of them, version 2) the container's own group: what runs in it may
    # have made more below, and limits are set on the one that bears its name.
    found = {}
    try:
        lines = _read(f"{proc}/{pid}/cgroup").decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return {}
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        at = path.find(box) if box else -1
        if at < 0 or ".." in path.split("/"):
            continue
        end = path.find("/", at)
        for name in controllers.split(","):
            found[name] = path if end < 0 else path[:end]
    return found


def _field(path: str, name: bytes) -> int:
    for line in _read(path).splitlines():
        key, _, value = line.partition(b" ")
        if key == name:
            return int(value)
    raise ValueError(f"{path} has no {name!r}")


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, 16384)
    finally:
        os.close(handle)
