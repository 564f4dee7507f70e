"""Taking over the workspace that an older mnix left on a server: by copying, so nothing is lost."""

from __future__ import annotations

import os
import shutil

from server_agent.protocol.errors import AgentError


def copy(source: str, target: str) -> None:
    """Copy the files and links of ``source`` into the empty folder ``target``."""
    if not os.path.isabs(source) or not os.path.isdir(source) or os.path.islink(source):
        raise AgentError(
            "not-found", f"there is no workspace {source}", "push your folder into a new project"
        )
    if os.stat(source).st_uid != os.getuid():
        raise AgentError("refused", f"{source} belongs to someone else", "push your folder instead")
    try:
        shutil.copytree(source, target, symlinks=True, ignore=_special, dirs_exist_ok=True)
    except shutil.Error as error:
        failed = [str(item[0]) for item in error.args[0][:3]]
        raise AgentError(
            "error",
            f"these files of {source} can't be copied: {', '.join(failed)}",
            "make them readable",
        ) from error


def _special(folder: str, names: list[str]) -> list[str]:
    # Sockets and FIFOs: reading one would wait forever.
    def ordinary(name: str) -> bool:
        path = os.path.join(folder, name)
        return os.path.islink(path) or os.path.isfile(path) or os.path.isdir(path)

    return [name for name in names if not ordinary(name)]
