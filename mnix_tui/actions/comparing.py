"""What differs between the flake here, the one on the server, and the one that runs; to read."""

from __future__ import annotations

import asyncio
import difflib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.actions.locks import changed_inputs
from mnix_tui.actions.rebuilding import require_id
from mnix_tui.domain.drift import FILES, FLAKE_FILES
from mnix_tui.domain.drift_report import DriftReport, FileDrift
from mnix_tui.domain.text import plain

if TYPE_CHECKING:
    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.projects import Project
    from mnix_tui.store.store import Store

MAX_FILE = 512 << 10
"""Bytes of a file that are compared."""
MAX_LINES = 4000
"""Lines of a file that are compared; beyond them only that it differs is told."""
MAX_DIFF = 1000
"""Lines of a difference that are shown."""
_LOCK = "flake.lock"

Texts = Mapping[str, str | None]
"""The texts of files by their names; ``None`` for one that is missing."""


async def drift(store: Store, link: ActionLink, project: Project) -> DriftReport:
    """Return how the flake's files differ: what a push would send, what a rebuild would build."""
    workspace, generation = await link.agent.flake(require_id(project))
    local: dict[str, str] = {}
    if project.folder and not project.in_place:
        local = await asyncio.to_thread(read_local, Path(project.folder), project.flake)
    return await asyncio.to_thread(report, local, workspace, generation)


def report(local: Texts, workspace: Texts, generation: Texts) -> DriftReport:
    """Compare the texts of three places; an empty place is unknown, and nothing differs from it.

    What only the workspace has is not unpushed: a push leaves it there.
    """
    sent = {name: text for name, text in local.items() if text is not None}
    return DriftReport(
        unpushed=_differences({**workspace, **sent}, workspace) if workspace else (),
        unbuilt=_differences(workspace, generation) if workspace and generation else (),
    )


def read_local(folder: Path, flake: str) -> dict[str, str]:
    """Return the texts of a folder's files that are there and can be read. Blocks."""
    found = {}
    for name, path in local_files(folder, flake).items():
        data = _read(path)
        if data is not None:
            found[name] = data.decode("utf-8", "replace")
    return found


def local_files(folder: Path, flake: str) -> dict[str, Path]:
    """Return where the files that an environment is made from lie in a project's folder."""
    beside = (folder / flake).parent
    return {name: (beside if name in FLAKE_FILES else folder) / name for name in FILES}


def _read(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        try:
            return file.read(MAX_FILE)
        except OSError:
            return None


def _differences(after: Texts, before: Texts) -> tuple[FileDrift, ...]:
    return tuple(
        found for name in FILES if (found := compare(name, before.get(name), after.get(name)))
    )


def compare(name: str, before: str | None, after: str | None) -> FileDrift | None:
    """Return how a file differs; ``None`` when it does not. A text of ``None`` is a missing file."""
    if before == after:
        return None
    if name == _LOCK and (inputs := changed_inputs(before or "", after or "")):
        return FileDrift(name, inputs=inputs)
    old, new = (before or "").splitlines(), (after or "").splitlines()
    if len(old) > MAX_LINES or len(new) > MAX_LINES:
        what = f"{len(old)} lines before, {len(new)} now: too many to compare one by one"
        return FileDrift(name, diff=(what,))
    lines = [
        plain(line)
        for line in difflib.unified_diff(
            old,
            new,
            "none" if before is None else f"{name} before",
            "none" if after is None else f"{name} now",
            lineterm="",
        )
    ]
    return FileDrift(name, diff=tuple(lines[:MAX_DIFF]), more=max(0, len(lines) - MAX_DIFF))
