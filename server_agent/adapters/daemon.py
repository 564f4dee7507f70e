"""The store ``daemon``: the machine's own /nix/store, read-only, and its daemon to build with.

The container has a user namespace of its own, or its root would be the daemon's trusted root:
rootless Podman gives one, for root there is a range of uids that nobody else has.
"""

from __future__ import annotations

import contextlib
import os
from typing import Optional

from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

VOLUME = "nix-daemon"
"""What stands for the volume's name: generations of one store can't be used with another."""
STORE = "/nix/store"
SOCKET = "/nix/var/nix/daemon-socket/socket"
_PROFILES = "/nix/var/nix/profiles"
_FIRST_UID = 2_000_000_000
_UIDS = 65536
_HINT = 'install nix there with its daemon, or leave store = "daemon" out of mnix.toml'


def check(project: Project) -> None:
    """Raise ``refused`` where no daemon answers, or where the workspace can't be shared with it."""
    import socket

    if os.getuid() == 0 and project.in_place:
        raise AgentError(
            "refused",
            'mnix.toml: store = "daemon" as root would take a folder in place from its owner',
            "run the project as an ordinary user, or upload it instead of using it in place",
        )
    if not os.path.isdir(STORE):
        raise AgentError("refused", 'mnix.toml: store = "daemon": this server has no nix', _HINT)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(5)
        try:
            asked.connect(SOCKET)
        except OSError as error:
            raise AgentError(
                "refused",
                'mnix.toml: store = "daemon": no nix daemon answers on this server '
                f"({error.strerror or error})",
                _HINT
                if isinstance(error, FileNotFoundError)
                else "start it there: systemctl enable --now nix-daemon",
            ) from error


def roots(project: Project) -> str:
    """Return the folder of the project's profiles: at the same path inside and outside.

    The daemon follows the roots that it is told of from outside.
    """
    return os.path.join(project.folder, "roots")


def arguments(project: Project) -> list[str]:
    """Return the arguments of ``podman create`` that put the machine's store at /nix."""
    mounts = [(STORE, True), (os.path.dirname(SOCKET), True), (roots(project), False)]
    if os.path.isdir(_PROFILES):
        mounts.append((_PROFILES, True))  # where the machine's own nix is, for images without one
    argv = ["--env", "NIX_REMOTE=daemon"]
    for path, readonly in mounts:
        argv += ["--mount", bind(path, path, readonly)]
    if os.getuid() == 0:
        for kind in ("uid", "gid"):
            argv += [f"--{kind}map", f"0:{_FIRST_UID}:{_UIDS}"]
    return argv


def prepare(project: Project) -> None:
    """Make the folder of roots, and give the container's root what it has to write to."""
    os.makedirs(roots(project), mode=0o755, exist_ok=True)
    own(project)


def own(project: Project) -> None:
    """Give the container's root the files in the workspace that are the agent's, where it is root.

    A rootless container's root is the agent's own user.
    """
    if os.getuid() != 0 or project.in_place:
        return
    for top in (project.workspace, project.run, roots(project)):
        _give(top)
        # By open folders: what runs inside may put a link in the place of one meanwhile.
        with contextlib.suppress(FileNotFoundError):
            for _, names, files, folder in os.fwalk(top):
                for name in (*names, *files):
                    _give(name, folder)


def bind(source: str, target: str, readonly: bool) -> str:
    """Return the value of ``--mount`` for a folder of the machine's."""
    # The value is a line of CSV: a path may hold commas and quotes.
    fields = ["type=bind", f"src={source}", f"dst={target}"]
    fields += ["ro=true"] if readonly else []
    return ",".join('"' + item.replace('"', '""') + '"' for item in fields)


def _give(name: str, folder: Optional[int] = None) -> None:
    try:
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == 0:
            os.chown(name, _FIRST_UID, _FIRST_UID, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        pass  # it went meanwhile
