"""How the two copies of a conflict differ, to read."""

from __future__ import annotations

import asyncio
import difflib
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from mnix_tui.actions.comparing import MAX_DIFF, MAX_FILE, MAX_LINES
from mnix_tui.actions.rebuilding import require_id
from mnix_tui.domain.sync import ConflictDiff, Side
from mnix_tui.domain.text import plain

if TYPE_CHECKING:
    from mnix_tui.actions.link import ActionLink
    from mnix_tui.domain.projects import Project


class _Copy(NamedTuple):
    side: Side
    text: str | None


async def conflict_diff(link: ActionLink, project: Project, path: str) -> ConflictDiff:
    """Return how the two copies of a conflict differ."""
    there, here = await asyncio.gather(
        link.agent.file(require_id(project), path),
        asyncio.to_thread(_read, project.folder, path),
    )
    return await asyncio.to_thread(_compare, path, here, _copy(there), project.server)


def _compare(path: str, here: _Copy, there: _Copy, server: str) -> ConflictDiff:
    mine, theirs = here.text, there.text
    if (mine is None and here.side.kind) or (theirs is None and there.side.kind):
        return ConflictDiff(path, (), here.side, there.side, binary=_has_content(here, there))
    old, new = (theirs or "").splitlines(), (mine or "").splitlines()
    if len(old) > MAX_LINES or len(new) > MAX_LINES:
        return ConflictDiff(path, (), here.side, there.side, binary=True)
    lines = [
        plain(line)
        for line in difflib.unified_diff(
            old,
            new,
            f"on {server}" if there.side.kind else "nothing",
            "here" if here.side.kind else "nothing",
            lineterm="",
        )
    ]
    more = max(0, len(lines) - MAX_DIFF)
    return ConflictDiff(path, tuple(lines[:MAX_DIFF]), here.side, there.side, more=more)


def _has_content(here: _Copy, there: _Copy) -> bool:
    return "f" in (here.side.kind, there.side.kind)


def _copy(info: dict[str, Any]) -> _Copy:
    """Return the server's copy, checked: it says what it likes."""
    state, text = info.get("state"), info.get("text")
    if not isinstance(state, list) or len(state) != 5 or state[0] not in ("f", "l", "d"):
        return _Copy(Side(), None)
    kind, mode, size, mtime, value = state
    numbers = [each if isinstance(each, int) else 0 for each in (mode, size, mtime)]
    side = Side(str(kind), numbers[1], numbers[2] / 1e9 or None, numbers[0] & 0o777)
    if kind == "l":
        return _Copy(side, str(value)[:4096])
    return _Copy(side, text[:MAX_FILE] if isinstance(text, str) else None)


def _read(folder: str, path: str) -> _Copy:
    full = os.path.join(folder, path)  # noqa: PTH118 - a path as text
    try:
        found = os.lstat(full)
        if stat.S_ISLNK(found.st_mode):
            target = os.fsencode(os.readlink(full)).decode("utf-8", "replace")  # noqa: PTH115
            return _Copy(Side("l", 0, found.st_mtime), target)
        if stat.S_ISDIR(found.st_mode):
            return _Copy(Side("d"), None)
        side = Side("f", found.st_size, found.st_mtime, found.st_mode & 0o777)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE:
            return _Copy(side, None)
        handle = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            return _Copy(side, _text(file.read(MAX_FILE)))
    except OSError:
        return _Copy(Side(), None)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
