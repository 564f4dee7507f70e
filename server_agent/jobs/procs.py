"""Who runs: processes by pid *and* start time, since a pid alone comes back after a restart."""

from __future__ import annotations

import os
import signal
import time
from typing import Callable, Optional

JOB = "MNIX_JOB"
"""The variable that tells a program, and all that it starts, of which job it is."""

_ROUNDS = 100  # of killing a session that goes on forking


def boot_id() -> str:
    """Return what tells one run of this machine from the next; "" where nobody knows."""
    for path in ("/proc/sys/kernel/random/boot_id",):
        try:
            with open(path, encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            pass
    return _output("sysctl", "-n", "kern.bootsessionuuid")


def start_time(pid: int) -> str:
    """Return when a process started, in the kernel's own words; "" when it is gone."""
    fields = _stat(pid)
    if fields is not None:
        # A zombie has ended: it only waits for its parent to notice.
        return "" if fields[0] in ("Z", "X") else fields[19]
    if os.path.isdir("/proc/self"):
        return ""
    return _output("ps", "-o", "lstart=", "-p", str(pid))


def alive(pid: Optional[int], started: Optional[str]) -> bool:
    """Say whether the process that had this pid at that start time still runs."""
    return bool(pid and started) and start_time(int(pid or 0)) == started


def session_members(leader: int) -> list[int]:
    """Return the processes of the session that ``leader`` opened (needs /proc)."""
    members = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            fields = _stat(int(name))
            if fields and fields[3] == str(leader) and fields[0] not in ("Z", "X"):
                members.append(int(name))
    return members


def left_of(leader: int, started: str, job_id: str) -> list[int]:
    """Return the processes of a job's session; without /proc only its leader.

    Without its leader it may be a later session that had the same pid (and a terminal is taken
    from all when its holder dies): then only those count that bear the job's name.
    """
    now = start_time(leader)
    if now and started not in (now, "-"):
        return []
    members = session_members(leader)
    if now:
        return members or [leader]
    return [pid for pid in members if _bears(pid, job_id)]


def signal_session(leader: int, started: str, job_id: str, number: int) -> bool:
    """Signal every process of a job's session; say whether there was any.

    SIGKILL is sent until nobody new is found: one that was just about to fork when the others
    were listed would leave a child behind that nobody knows of.
    """
    new = left_of(leader, started, job_id)
    reached: set[int] = set()
    for _ in range(_ROUNDS):
        if not [pid for pid in new if send(pid, number)]:
            break
        reached.update(new)
        if number != signal.SIGKILL:
            break
        # Its number is this session's alone for as long as anybody is in it.
        new = [pid for pid in session_members(leader) if pid not in reached]
    return bool(reached)


def _bears(pid: int, job_id: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{JOB}={job_id}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def send(pid: int, number: int, *, group: bool = False) -> bool:
    """Signal a process or its group; say whether there was anything to signal."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def wait_until(condition: Callable[[], bool], timeout: float, step: float = 0.02) -> bool:
    """Wait for a condition, looking every ``step`` seconds; say whether it came true."""
    import threading

    never = threading.Event()
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        never.wait(step)
    return True


def signal_text(number: int) -> str:
    """Return a signal's name for people: ``SIGKILL``, or ``signal 99``."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _stat(pid: int) -> Optional[list[str]]:
    # The fields of /proc/PID/stat after the command's name, which may hold spaces and brackets.
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    return text[text.rfind(b")") + 2 :].decode("ascii", "replace").split()


def _output(*argv: str) -> str:
    import subprocess

    try:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
