"""What containers use, summed over their processes: where no control group counts for them.

A container's processes are those of its namespace of process ids, and of those below that (a
build's sandbox). Which namespace a process is in never changes, so each is asked once, and a look
costs little more than listing /proc.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Optional

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NOT_OURS = "-"
_GET_PARENT = 0xB702  # ioctl_ns(2): NS_GET_PARENT
_DEEPEST = 32  # namespaces in each other: the kernel's limit
Used = tuple[float, int]
"""Seconds of processor time so far, and bytes of memory."""


class Spaces:
    """Reads what the processes of some containers use."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._space: dict[str, str] = {}
        self._above: dict[str, list[str]] = {}  # a namespace, and those that it is in
        self._own = self._space_of("self")

    def read(self, first: dict[str, int]) -> dict[str, Used]:
        """Return what each container uses, by the name that ``first`` has for its first process."""
        names: dict[str, str] = {}
        for name, leader in first.items():
            space = self._space_of(str(leader))
            if space and space != self._own:
                names[space] = name
        if not names:
            self._space = {}
            return {}
        found = dict.fromkeys(names.values(), (0.0, 0))
        for pid in self._listed():
            whose = next((names[each] for each in self._spaces(pid) if each in names), None)
            used = self._used(pid) if whose else None
            if whose and used:
                cpu, memory = found[whose]
                found[whose] = cpu + used[0], memory + used[1]
        return found

    def _spaces(self, pid: str) -> list[str]:
        space = self._space[pid]
        if space in ("", _NOT_OURS, self._own):
            return []
        if space not in self._above:
            self._above[space] = [space, *_parents(f"{self._proc}/{pid}/ns/pid")]
        return self._above[space]

    def _listed(self) -> Iterable[str]:
        pids = [name for name in os.listdir(self._proc) if name.isdigit()]
        before = self._space
        self._space = {pid: before.get(pid) or self._asked(pid, before) for pid in pids}
        present = set(self._space.values())
        self._above = {space: above for space, above in self._above.items() if space in present}
        return pids

    def _asked(self, pid: str, before: dict[str, str]) -> str:
        # Who is only starting can't be asked yet; whoever still can't be is not ours to ask.
        return self._space_of(pid) or (_NOT_OURS if pid in before else "")

    def _space_of(self, pid: str) -> str:
        try:
            return os.readlink(f"{self._proc}/{pid}/ns/pid")
        except OSError:
            return ""

    def _used(self, pid: str) -> Optional[Used]:
        try:
            stat = _read(f"{self._proc}/{pid}/stat")
            pages = _read(f"{self._proc}/{pid}/statm").split()
        except OSError:
            return None  # it has just ended
        # With the time of children that have ended, or what short programs use would be lost.
        times = stat[stat.rfind(b")") + 2 :].split()[11:15]
        # What is shared (programs and libraries, mostly) would count once for each process.
        memory = max(0, int(pages[1]) - int(pages[2])) * _PAGE
        return sum(map(int, times)) / _TICKS, memory


def _parents(path: str) -> list[str]:
    import fcntl

    found: list[str] = []
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        while len(found) < _DEEPEST:
            try:
                above = fcntl.ioctl(handle, _GET_PARENT)
            finally:
                os.close(handle)
            handle = above
            found.append(f"pid:[{os.fstat(handle).st_ino}]")
        os.close(handle)
    except OSError:
        pass  # the one that we are in: there the view ends
    return found


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, 4096)
    finally:
        os.close(handle)
