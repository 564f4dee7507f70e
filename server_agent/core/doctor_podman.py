"""Whether Podman works here, for this user: the program, its version, and the user's subuids."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import Any

from server_agent.adapters import programs
from server_agent.core import config, isolations, machine
from server_agent.protocol.errors import AgentError

ENOUGH = 65_536
"""Subordinate ids that an image may use."""
_INSTALL = {
    "debian": "apt install podman uidmap slirp4netns fuse-overlayfs",
    "fedora": "dnf install podman",
    "rhel": "dnf install podman",
    "arch": "pacman -S podman",
    "suse": "zypper install podman",
    "alpine": "apk add podman",
}
"""How Podman is installed, by a word in os-release's ID or ID_LIKE."""

Answer = dict[str, Any]


def check() -> Answer:
    """Answer ``server.check podman``."""
    try:
        settings = config.load()
        engine = isolations.of("container", settings).probe()
    except AgentError as error:
        return _broken(error)
    if engine["rootless"]:
        problem = _ids() or _namespace(settings.podman_binary)
        if problem:
            return problem
    kind = "rootless" if engine["rootless"] else "as root"
    return _answer("ok", f"Podman {engine['version']}, {kind}")


def _answer(state: str, said: str, fix: str = "", hint: str = "") -> Answer:
    return {"state": state, "said": said, "fix": fix, "hint": hint}


def _broken(error: AgentError) -> Answer:
    said = f"{error.message}: {error.detail}" if error.detail else error.message
    if shutil.which("podman"):
        return _ids_explain() or _answer("failed", said, "", error.hint)
    return _answer("failed", said, install_command(), error.hint)


def _ids_explain() -> Answer:
    # A Podman that fails without subuids says so in many ways, and none of them names the command.
    return _ids() if os.getuid() else {}


def _ids() -> Answer:
    if not shutil.which("newuidmap") or not shutil.which("newgidmap"):
        fix = f"{machine.sudo()}apt install uidmap" if _like("debian") else install_command()
        return _answer("failed", "newuidmap is missing", fix, "rootless Podman needs it")
    user = machine.user()
    if _subids_elsewhere():
        return {}
    short = [kind for kind in ("subuid", "subgid") if subids(f"/etc/{kind}", user) < ENOUGH]
    if not short:
        return {}
    first = max(next_free("/etc/subuid"), next_free("/etc/subgid"))
    ids = f"{first}-{first + ENOUGH - 1}"
    flags = " ".join(f"--add-{kind}s {ids}" for kind in short)
    return _answer(
        "failed",
        f"{user} has no {' and no '.join(f'{kind}s' for kind in short)}",
        f"{machine.sudo()}usermod {flags} {shlex.quote(user)} && podman system migrate",
        "rootless containers can't have users of their own without them",
    )


def _namespace(binary: str) -> Answer:
    done = programs.run([binary, "unshare", "true"], 20)
    if done.code == 0:
        return {}
    hint = "user namespaces may be switched off: see sysctl -a | grep userns"
    return _answer("failed", f"Podman can't make a user namespace: {done.reason}", "", hint)


def subids(path: str, user: str) -> int:
    """Return how many subordinate ids ``path`` gives to a user."""
    mine = (user, str(os.getuid()))
    return sum(count for owner, _, count in _entries(path) if owner in mine)


def next_free(path: str) -> int:
    """Return the first id above all that ``path`` gives to anybody."""
    return max([100_000, *(first + count for _, first, count in _entries(path))])


def _entries(path: str) -> list[tuple[str, int, int]]:
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                owner, _, numbers = line.strip().partition(":")
                first, _, count = numbers.partition(":")
                if first.isdigit() and count.isdigit():
                    found.append((owner, int(first), int(count)))
    except OSError:
        pass
    return found


def _subids_elsewhere() -> bool:
    """Say whether another service than the files gives out subordinate ids."""
    try:
        with open("/etc/nsswitch.conf", encoding="utf-8", errors="replace") as file:
            words = [line.split() for line in file]
    except OSError:
        return False
    return any(line[:1] == ["subid:"] and line[1:] != ["files"] for line in words)


def install_command() -> str:
    """Return the command that installs Podman on this kind of machine, "" for an unknown one."""
    for word, command in _INSTALL.items():
        if _like(word):
            return machine.sudo() + command
    return ""


def _like(word: str) -> bool:
    try:
        with open("/etc/os-release", encoding="utf-8", errors="replace") as file:
            told = [line.partition("=")[2] for line in file if line.startswith(("ID=", "ID_LIKE="))]
    except OSError:
        return False
    return any(word in value for value in told)
