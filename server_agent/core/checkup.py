"""What a doctor asks of this machine, one thing at a time: is it as projects need it?

Each answer is ``{"state": "ok" | "warn" | "failed" | "skipped", "said", "fix", "hint"}``: what was
found, the command that mends it, and what to do in words.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sys
import time
from typing import Any, Callable

from server_agent.core import isolations, machine, paths, removing
from server_agent.protocol.errors import AgentError

Answer = dict[str, Any]

LITTLE = 2 << 30
"""Bytes below which a disk is called short: one environment can take as much."""
TOO_LITTLE = 64 << 20
FEW_FILES = 10_000
OLDEST_NIX = (2, 4)


def check(what: str) -> Answer:
    """Answer ``server.check``; raise ``usage`` for what nobody can check."""
    found = _CHECKS.get(what)
    if found is None:
        raise AgentError("usage", f"there is no check {what!r}", "update mnix on both sides")
    return found()


def _answer(state: str, said: str, fix: str = "", hint: str = "") -> Answer:
    return {"state": state, "said": said, "fix": fix, "hint": hint}


def _agent() -> Answer:
    return {**_answer("ok", ""), "now": time.time(), "executable": sys.executable}


def _podman() -> Answer:
    from server_agent.core import doctor_podman

    return doctor_podman.check()


def _nix() -> Answer:
    version = machine.nix()
    if version is None:
        try:
            isolations.of("container").probe()
        except AgentError:
            hint = "a project without both is its files and a login shell"
            fix = "curl -L https://nixos.org/nix/install | sh -s -- --no-daemon"
            return _answer("warn", "not installed, and there is no Podman either", fix, hint)
        return _answer("skipped", "not installed; containers bring their own")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST_NIX:
        hint = "projects in containers don't mind; --isolation host needs nix 2.4 or later"
        return _answer("warn", f"nix {version} knows no flakes", "nix upgrade-nix", hint)
    return _answer("ok", f"nix {version}")


def _disk() -> Answer:
    folder = machine.existing(paths.data())
    try:
        _write_somewhat(folder)
        found = os.statvfs(folder)
    except OSError as error:
        return _unwritable(folder, error)
    free = found.f_bavail * found.f_frsize
    said = f"{_size(free)} free in {folder}"
    if free < TOO_LITTLE:
        return _answer("failed", said, _find_room(), "a project needs more than that")
    if found.f_flag & getattr(os, "ST_NOEXEC", 8):
        hint = "programs in a workspace can't be run there: let XDG_DATA_HOME name another disk"
        return _answer("warn", f"{said}, but it is mounted noexec", _remount(folder), hint)
    if found.f_files and found.f_favail < FEW_FILES:
        hint = "it has room, but for few files"
        return _answer("warn", f"{said}, for {found.f_favail} files", _find_room(), hint)
    if free < LITTLE:
        return _answer("warn", said, _find_room(), "one environment can take 2 GiB")
    return _answer("ok", said)


def _find_room() -> str:
    return "podman image prune" if shutil.which("podman") else "du -xh ~ | sort -h | tail -20"


def _write_somewhat(folder: str) -> None:
    # Free bytes say little where quotas rule, or root has the rest: only writing tells.
    path = os.path.join(folder, f".mnix-check-{os.getpid()}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, b"\1" * 65536)
        os.fsync(handle)
    finally:
        os.close(handle)
        os.unlink(path)


def _unwritable(folder: str, error: OSError) -> Answer:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _answer("failed", f"{folder} is full", _find_room(), "free some space")
    said = f"{folder}: {error.strerror}"
    hint = "it must be writable; XDG_DATA_HOME can name another place"
    fix = _remount(folder, "rw") if error.errno == errno.EROFS else ""
    return _answer("failed", said, fix, hint)


def _remount(folder: str, how: str = "exec") -> str:
    return f"{machine.sudo()}mount -o remount,{how} {shlex.quote(mount_point(folder))}"


def mount_point(folder: str, mounts: str = "/proc/self/mounts") -> str:
    """Return the folder where the file system that holds ``folder`` begins."""
    folder, found = os.path.realpath(folder), "/"
    try:
        with open(mounts, "rb") as file:
            fields = [line.split(b" ") for line in file]
        places = [os.fsdecode(removing.unescaped(each[1])) for each in fields if len(each) > 1]
    except OSError:
        places = []
    for place in places:
        if len(place) > len(found) and f"{folder}/".startswith(f"{place}/"):
            found = place
    return found


def _linger() -> Answer:
    linger = machine.linger()
    if linger is None:
        untold = os.path.isdir(machine.SYSTEMD)
        return _answer("skipped", "loginctl does not say" if untold else "not needed: no systemd")
    if linger:
        return _answer("ok", "what runs outlives the login")
    user = machine.user()
    return _answer(
        "warn",
        f"off: systemd may end containers when {user}'s last login ends",
        f"loginctl enable-linger {shlex.quote(user)}",
        "with sudo in front where that is refused",
    )


def _size(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


_CHECKS: dict[str, Callable[[], Answer]] = {
    "agent": _agent,
    "podman": _podman,
    "nix": _nix,
    "disk": _disk,
    "linger": _linger,
}
