"""What was said of a project's files before: it is said again only in a dry run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mnix_tui.sync import turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnix_tui.domain.projects import Project

MOST = 1000
"""Notes of one direction that are remembered."""


def fresh(
    database: Path, project: Project, direction: str, notes: Sequence[str]
) -> tuple[list[str], int]:
    """Return which notes are new, and how many were said before; remember them.

    What is not there any more is forgotten: when it comes again it is new.
    """
    path = turns.place(database, project, "said")
    before = _read(path)
    known = {each for some in before.values() for each in some}
    now = {**before, direction: list(notes[:MOST])}
    if now != before:
        with suppress(OSError):  # then it is said once more
            _write(path, now)
    new = [each for each in notes if each not in known]
    return new, len(notes) - len(new)


def _read(path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: [each for each in some if isinstance(each, str)]
        for key, some in found.items()
        if isinstance(some, list)
    }


def _write(path: Path, said: dict[str, list[str]]) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(said))  # escaped: it is ASCII, whatever names there are
    part.replace(path)
