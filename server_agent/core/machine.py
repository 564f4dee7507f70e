"""What this server is: engine, nix, git, disk, load, memory."""

from __future__ import annotations

import os
import shutil
from typing import Any

from server_agent.adapters import programs
from server_agent.core import isolations, paths
from server_agent.protocol.errors import AgentError

SYSTEMD = "/run/systemd/system"
"""A folder that is there where systemd runs the machine."""


def info() -> dict[str, Any]:
    """Return what ``server.info`` answers."""
    engine = problem = None
    try:
        engine = isolations.of("container").probe()
    except AgentError as error:
        problem = error.to_wire()
    return {
        "engine": engine,
        "engine_error": problem,
        "nix": nix(),
        "git": shutil.which("git") is not None,
        "linger": linger(),
        **stats(),
    }


def stats() -> dict[str, Any]:
    """Return the numbers that change all the time."""
    disk = os.statvfs(existing(paths.data()))
    memory = _memory()
    return {
        "disk_free": disk.f_bavail * disk.f_frsize,
        "disk_total": disk.f_blocks * disk.f_frsize,
        "load1": os.getloadavg()[0],
        "cpus": _cpus(),
        "memory_total": memory.get("MemTotal", 0),
        "memory_available": memory.get("MemAvailable", memory.get("MemFree", 0)),
    }


def existing(folder: str) -> str:
    """Return ``folder``, or the nearest one above it that is there."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def user() -> str:
    """Return the name of whoever we are."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def sudo() -> str:
    """Return what goes before a command that only root may run."""
    return "" if os.getuid() == 0 or shutil.which("sudo") is None else "sudo "


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> dict[str, int]:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            rows = (line.split() for line in file)
            return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) > 1}
    except OSError:
        pages = os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in os.sysconf_names else 0
        return {"MemTotal": pages * os.sysconf("SC_PAGE_SIZE"), "MemAvailable": 0}


def nix() -> str | None:
    """Return the version of this machine's nix, ``None`` where there is none."""
    binary = shutil.which("nix") or shutil.which("nix", path=nix_path())
    if binary is None:
        return None
    try:
        return programs.run([binary, "--version"], 10).out.strip().rpartition(" ")[2] or None
    except (OSError, AgentError):
        return None


def nix_path() -> str:
    """Return where nix is on machines whose PATH does not say so."""
    home = os.path.expanduser("~/.nix-profile/bin")
    return os.pathsep.join(
        [home, "/nix/var/nix/profiles/default/bin", "/run/current-system/sw/bin"]
    )


def linger() -> bool | None:
    """Say whether what runs here survives the login; ``None`` where systemd does not say."""
    if shutil.which("loginctl") is None or not os.path.isdir(SYSTEMD):
        return None
    try:
        argv = ["loginctl", "show-user", "-p", "Linger", "--value", str(os.getuid())]
        answer = programs.run(argv, 5).out.strip()
    except (OSError, AgentError):
        return None
    return answer == "yes" if answer in ("yes", "no") else None
