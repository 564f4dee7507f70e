"""Generations: the scripts of environments, and the one link that says which is current."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from typing import Any, Optional

from server_agent.core import inputs as inputs_of
from server_agent.core import paths, projects
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

_HOOK = re.compile(r'\neval "\$(?:shellHook|\{shellHook:-\})"\s*\Z')
_TEMPORARY = re.compile(r'^export NIX_BUILD_TOP="\$\(mktemp [^\n]*\)"$', re.M)
_TAIL = """
# The placeholder of a derivation without PATH is no folder.
PATH=:$PATH:
PATH=${PATH//:\\/path-not-set:/:}
PATH=${PATH#:}
PATH=${PATH%:}
export PATH
"""


def script(text: str) -> str:
    """Return what ``nix print-dev-env`` printed as we source it.

    Without its last line: the shellHook is run by rc.sh and run.sh, which survive it. Without the
    temporary folder that each shell would leave behind.
    """
    text = _HOOK.sub("\n", text)
    return _TEMPORARY.sub("export NIX_BUILD_TOP=/tmp", text) + _TAIL


def current(project: Project) -> Optional[int]:
    """Return the number of the generation that runs; ``None``: there is none yet."""
    try:
        number = os.path.basename(os.readlink(os.path.join(project.env, "current")))
        return int(number)
    except (OSError, ValueError):
        return None


def meta(project: Project, number: int) -> dict[str, Any]:
    """Return what is known of a generation; raise ``not-found``."""
    try:
        with open(os.path.join(_folder(project, number), "meta.json"), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise AgentError(
            "not-found",
            f"{project.name} has no generation {number}",
            f"it has: {', '.join(map(str, _numbers(project))) or 'none'}",
        ) from error
    return dict(found)


def listing(project: Project) -> list[dict[str, Any]]:
    """Return all generations, newest first."""
    now = current(project)
    rows = []
    for number in reversed(_numbers(project)):
        found = meta(project, number)
        rows.append(
            {
                "number": number,
                "created": found.get("created"),
                "cause": found.get("cause", ""),
                "store_path": found.get("store_path"),
                "current": number == now,
            }
        )
    return rows


def add(
    project: Project,
    text: str,
    *,
    cause: str,
    store_path: Optional[str],
    volume: str,
    started: float = 0.0,
    job: str = "",
    inputs: Optional[dict[str, bytes]] = None,
) -> int:
    """Write a new generation, whole or not at all, without switching to it; return its number.

    ``started`` is when its rebuild began, ``inputs`` are the files that it was made from, as they
    were then.
    """
    number = max(_numbers(project), default=0) + 1
    folder = _folder(project, number)
    temporary = f"{folder}.new"
    shutil.rmtree(temporary, ignore_errors=True)  # of one that was cut off
    os.makedirs(os.path.join(temporary, "inputs"), mode=0o755)
    now = time.time()
    known: dict[str, Any] = {"number": number, "created": now, "cause": cause, "job": job}
    known.update(store_path=store_path, volume=volume)
    known["duration"] = max(0.0, now - started) if started else None
    known["inputs"] = inputs_of.digests(inputs or {})
    for name in known["inputs"]:
        path = os.path.join(temporary, "inputs", name)
        paths.write_atomic(path, (inputs or {})[name], 0o644)
    data = text.encode("utf-8", "surrogateescape")
    paths.write_atomic(os.path.join(temporary, "env.sh"), data, 0o644)
    paths.write_atomic(os.path.join(temporary, "meta.json"), json.dumps(known).encode(), 0o644)
    os.rename(temporary, folder)
    return number


def drop(project: Project, number: int) -> None:
    """Forget a generation that did not become current."""
    shutil.rmtree(_folder(project, number), ignore_errors=True)


def switch(project: Project, number: int) -> None:
    """Make a generation the current one, by one rename."""
    paths.replace_link(os.path.join(project.env, "current"), f"generations/{number}")


def rollback(project: Project, number: Optional[int]) -> int:
    """Switch to an older generation, or to the one before the current one; return its number."""
    now = current(project)
    if number is None:
        older = [known for known in _numbers(project) if now is not None and known < now]
        if not older:
            raise AgentError(
                "not-found",
                f"{project.name} has no older generation",
                "it was built once, or never",
            )
        number = older[-1]
    if isinstance(number, bool) or not isinstance(number, int):
        raise AgentError("usage", f"a generation is a number, not {number!r}")
    volume = meta(project, number).get("volume", "")
    if volume != project.box.get("volume", ""):
        raise AgentError(
            "refused",
            f"generation {number} was built with another image, and is not in this container's store",
            "set the image in mnix.toml as it was then, and rebuild",
        )
    switch(project, number)
    project.failure = ""
    projects.save_if_possible(project)
    return number


def _folder(project: Project, number: int) -> str:
    return os.path.join(project.env, "generations", str(number))


def _numbers(project: Project) -> list[int]:
    try:
        names = os.listdir(os.path.join(project.env, "generations"))
    except FileNotFoundError:
        return []
    return sorted(int(name) for name in names if name.isdigit())
