"""Generations: the scripts of environments, and the one link that says which is current."""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any, Optional

from server_agent.core import inputs as inputs_of
from server_agent.core import paths, projects
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

MOST_LISTED = 1000
_LISTED = ("created", "duration", "size", "paths", "changes", "store_path")
_PENDING = "pending"
"""An empty file in the folder of a generation that was never switched to."""
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
        with open(os.path.join(folder(project, number), "meta.json"), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise AgentError(
            "not-found",
            f"{project.name} has no generation {number}",
            f"it has: {', '.join(map(str, numbers(project))) or 'none'}",
        ) from error
    return dict(found)


def listing(project: Project) -> list[dict[str, Any]]:
    """Return the generations, newest first: also those of which only the description is left."""
    now = current(project)
    rows = []
    for number in numbers(project)[: -MOST_LISTED - 1 : -1]:
        try:
            found = meta(project, number)
        except AgentError:
            continue  # it went since the names were listed
        row = {name: found.get(name) for name in _LISTED}
        row.update(number=number, cause=found.get("cause", ""), job=found.get("job", ""))
        rows.append({**row, "current": number == now, "kept": kept(project, number)})
    return rows


def kept(project: Project, number: int) -> bool:
    """Say whether a generation can be switched to: its script and its root are still there."""
    return os.path.exists(os.path.join(folder(project, number), "env.sh"))


def warm(project: Project, number: Optional[int]) -> bool:
    """Say whether a shell opens without evaluating anything: all that it needs is there.

    Costs a look or two at files, since it is part of each state.
    """
    if number is None or not kept(project, number):
        return False
    try:
        store_path = meta(project, number).get("store_path")
    except AgentError:
        return False
    return not store_path or _there(project, str(store_path))


def before(project: Project, number: int) -> Optional[int]:
    """Return the number of the generation before one."""
    return max((known for known in numbers(project) if known < number), default=None)


def note(project: Project, number: int, **more: Any) -> None:
    """Add to what is known of a generation."""
    data = json.dumps({**meta(project, number), **more}).encode()
    paths.write_atomic(os.path.join(folder(project, number), "meta.json"), data, 0o644)


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
    number = max(numbers(project), default=0) + 1
    target = folder(project, number)
    temporary = f"{target}.new"
    _remove(temporary)  # of one that was cut off
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
    paths.write_atomic(os.path.join(temporary, "number"), b"%d\n" % number, 0o644)
    with open(os.path.join(temporary, _PENDING), "wb"):
        pass  # what says that it never ran: taking it away works on a full disk too
    os.rename(temporary, target)
    return number


def renew(project: Project, number: int, inputs: dict[str, bytes]) -> None:
    """Note that other files make the same generation: a comment changed, or how they are laid out.

    Best effort: without it only the difference stays to be seen.
    """
    digests = inputs_of.digests(inputs)
    if meta(project, number).get("inputs") == digests:
        return
    kept_in = os.path.join(folder(project, number), "inputs")
    try:
        os.makedirs(kept_in, mode=0o755, exist_ok=True)
        for name in inputs_of.NAMES:
            path = os.path.join(kept_in, name)
            if name in digests:
                paths.write_atomic(path, inputs[name], 0o644)
            elif os.path.exists(path):
                os.unlink(path)
        note(project, number, inputs=digests)
    except OSError:
        pass


def drop(project: Project, number: int) -> None:
    """Forget a generation that did not become current."""
    _remove(folder(project, number))


def drop_unused(project: Project) -> None:
    """Forget generations whose rebuild was killed before it switched to them.

    The project's lock is held, so that none is about to be.
    """
    for number in numbers(project):
        if not _ran(project, number) and number not in (current(project), project.switch):
            drop(project, number)


def _ran(project: Project, number: int) -> bool:
    return not os.path.lexists(os.path.join(folder(project, number), _PENDING))


def switch(project: Project, number: int) -> None:
    """Make a generation the current one, by one rename.

    Shells compare ``number`` and ``box`` with their own, to tell of it at their next prompt.
    """
    if not _ran(project, number):
        os.unlink(os.path.join(folder(project, number), _PENDING))
    _write_once(os.path.join(folder(project, number), "number"), f"{number}\n")
    _write_once(os.path.join(project.env, "box"), f"{project.box.get('id', '')}\n")
    paths.replace_link(os.path.join(project.env, "current"), f"generations/{number}")


def rollback(project: Project, number: Optional[int]) -> int:
    """Switch to an older generation, or to the one before the current one; return its number."""
    now = current(project)
    if number is None:
        older = [known for known in numbers(project) if now is not None and known < now]
        older = [known for known in older if _ran(project, known)]
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
    if not kept(project, number):
        raise AgentError(
            "not-found",
            f"generation {number} is not kept any more",
            "build it again from its flake; how many are kept: keep_generations and keep_days in "
            "the server's server.toml",
        )
    if volume != project.box.get("volume", ""):
        raise AgentError(
            "refused",
            f"generation {number} was built with another image or store, and is not in this "
            "container's",
            "set image and store in mnix.toml as they were then, and rebuild",
        )
    if not warm(project, number):
        raise AgentError(
            "not-found",
            f"generation {number} is not in the store any more",
            "build it again from its flake: mnix rebuild-switch",
        )
    switch(project, number)
    project.failure = ""
    projects.save_if_possible(project)
    return number


def folder(project: Project, number: int) -> str:
    """Return the folder of a generation."""
    return os.path.join(project.env, "generations", str(number))


def numbers(project: Project) -> list[int]:
    """Return the numbers of all generations that there are, oldest first."""
    try:
        names = os.listdir(os.path.join(project.env, "generations"))
    except FileNotFoundError:
        return []
    return sorted(int(name) for name in names if name.isdigit())


def _write_once(path: str, text: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except OSError:
        pass
    paths.write_atomic(path, text.encode(), 0o644)


def rooted(project: Project, number: int, profiles: str) -> bool:
    """Say whether a generation's root is in the folder of profiles; not where nobody knows."""
    return _there(project, f"{profiles}/{number}", unknown=False)


def _there(project: Project, path: str, *, unknown: bool = True) -> bool:
    box = project.box
    if project.isolation == "container" and not box.get("daemon"):
        if not box.get("mountpoint") or not path.startswith("/nix/"):
            return unknown  # a box of an older agent: nobody knows
        path = os.path.join(str(box["mountpoint"]), path[len("/nix/") :])
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return unknown  # it can't be looked at from here
    return True


def _remove(path: str) -> None:
    import shutil  # every look at the state imports this module

    shutil.rmtree(path, ignore_errors=True)
