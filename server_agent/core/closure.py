"""What an environment needs of the store, and how two of them differ.

Noted with a generation once it is there, so that both can be told of one that is long gone.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, Optional

from server_agent.adapters import nixstore
from server_agent.core import environment, paths
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

Paths = dict[str, int]
"""Bytes by a path's name in the store: ``HASH-NAME``."""
MOST_PATHS = 100_000
MOST_ENTRIES = 2000
"""In the answer about a difference, which counts those that it leaves out."""
_ANSWER_BYTES = 700_000  # below what a line of the control channel can hold
_VERSIONS = 20  # of one name, in an answer
_NOTABLE = 8 << 10
"""Bytes by which a package has to grow or shrink to be told of, as in nix's own comparison."""
_LINE = re.compile(r"\S*/([0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211})\s+(\d{1,18})\s*")
_OUTPUT = re.compile(r"(.*)-(?:[a-z]+|lib32|lib64)", re.S)
_VERSION = re.compile(r"(.*?)-([^A-Za-z].*)", re.S)


def record(project: Project, isolation: Isolation, number: int) -> bool:
    """Note with a generation what it needs, and how that differs from the one before.

    Best effort: say whether it worked. The project's box runs, and its lock is held.
    """
    try:
        store_path = environment.meta(project, number).get("store_path")
        if not store_path:
            return False
        found = parse(nixstore.closure(isolation, project, str(store_path)))
        if not found:
            return False
        path = _file(project, number)
        paths.write_atomic(path, json.dumps(found, separators=(",", ":")).encode(), 0o644)
        before = environment.before(project, number)
        older = load(project, before) if before is not None else None
        environment.note(
            project,
            number,
            size=sum(found.values()),
            paths=len(found),
            changes=counts(older, found) if older is not None else None,
        )
    except (AgentError, OSError):
        return False
    return True


def known(project: Project, number: int) -> bool:
    """Say whether it was noted what a generation needs."""
    return os.path.exists(_file(project, number))


def load(project: Project, number: int) -> Optional[Paths]:
    """Return what a generation needs; ``None``: it was never noted."""
    try:
        with open(_file(project, number), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def diff(project: Project, a: int, b: int) -> dict[str, Any]:
    """Answer ``generation.diff``; raise ``not-found`` for what is not known."""
    before, after = (_known(project, number) for number in (a, b))
    found = difference(before, after)
    sizes = [sum(before.values()), sum(after.values())]
    answer = {"a": a, "b": b, "bytes": sizes[1] - sizes[0], "size": sizes}
    return {**answer, **_bounded(found)}


def parse(text: str) -> Paths:
    """Return the paths of ``nix path-info -r -s``; lines that are none are passed over."""
    found: Paths = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None and len(found) < MOST_PATHS:
            found[match[1]] = int(match[2])
    return found


def name_and_version(base: str) -> tuple[str, str]:
    """Split a path's name in the store as nix does; the version is "" where there is none."""
    name = base[33:]
    match = _OUTPUT.fullmatch(name)
    if match is not None:
        name = match[1]
    match = _VERSION.fullmatch(name)
    return (match[1], match[2]) if match is not None else (name, "")


def difference(before: Paths, after: Paths) -> dict[str, list[dict[str, Any]]]:
    """Return what was ``added``, ``removed`` and ``changed`` between two closures, by name."""
    old, new = _grouped(before), _grouped(after)
    added, removed, changed = [], [], []
    for name in sorted(set(old) | set(new)):
        (had, was), (has, now) = old.get(name, ({}, 0)), new.get(name, ({}, 0))
        if name not in old:
            added.append({"name": name, "versions": sorted(has), "bytes": now})
        elif name not in new:
            removed.append({"name": name, "versions": sorted(had), "bytes": -was})
        elif set(had) != set(has) or abs(now - was) >= _NOTABLE:
            entry = {"name": name, "before": sorted(had), "after": sorted(has)}
            changed.append({**entry, "bytes": now - was})
    return {"added": added, "removed": removed, "changed": changed}


def counts(before: Paths, after: Paths) -> dict[str, int]:
    """Return how many names differ between two closures, and by how many bytes it grew."""
    found = difference(before, after)
    sizes = sum(before.values()), sum(after.values())
    return {**{kind: len(entries) for kind, entries in found.items()}, "bytes": sizes[1] - sizes[0]}


def _grouped(found: Paths) -> dict[str, tuple[dict[str, None], int]]:
    groups: dict[str, tuple[dict[str, None], int]] = {}
    for base, size in found.items():
        name, version = name_and_version(base)
        versions, total = groups.get(name, ({}, 0))
        versions[version] = None
        groups[name] = (versions, total + size)
    return groups


def _bounded(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    # What weighs most is told; the rest is counted.
    ranked = sorted(
        ((kind, entry) for kind, entries in found.items() for entry in entries),
        key=lambda pair: -abs(pair[1]["bytes"]),
    )
    told: dict[str, list[dict[str, Any]]] = {kind: [] for kind in found}
    room = _ANSWER_BYTES
    for number, (kind, entry) in enumerate(ranked):
        short = {
            key: value[:_VERSIONS] if isinstance(value, list) else value
            for key, value in entry.items()
        }
        room -= len(json.dumps(short))
        if number == MOST_ENTRIES or room < 0:
            break
        told[kind].append(short)
    for entries in told.values():
        entries.sort(key=lambda entry: str(entry["name"]))
    return {**told, "more": len(ranked) - sum(map(len, told.values()))}


def _known(project: Project, number: int) -> Paths:
    meta = environment.meta(project, number)
    found = load(project, number)
    if found is None:
        raise AgentError(
            "not-found",
            f"what generation {number} needs of the store was not noted",
            "the next rebuild notes it for the generation that runs"
            if meta.get("store_path")
            else "it was made without nix",
        )
    return found


def _file(project: Project, number: int) -> str:
    return os.path.join(environment.folder(project, number), "closure.json")
