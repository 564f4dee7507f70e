"""The agent's JSON about generations as the domain's objects. Pure; whatever it says is checked."""

from __future__ import annotations

from typing import Any

from mnix_tui.domain.generations import (
    Changes,
    Collected,
    Generation,
    GenerationDiff,
    PackageChange,
)
from mnix_tui.domain.text import plain
from mnix_tui.errors import RemoteError
from mnix_tui.link.checked import LARGEST, moment

MOST = 2000
"""Packages that a comparison lists; the agent sends no more, and counts the others."""
VERSIONS = 20
"""Versions that are told of one package."""


def generations(wire: Any) -> list[Generation]:
    """Return the generations of a ``generation.list`` reply, newest first."""
    found = wire.get("generations") if isinstance(wire, dict) else None
    listed = [generation(item) for item in _list(found) if isinstance(item, dict)]
    return sorted(listed, key=lambda one: -one.number)


def generation(wire: dict[str, Any]) -> Generation:
    """Return one generation."""
    number = whole(wire.get("number"))
    if number is None:
        raise RemoteError("The agent described a generation badly", plain(wire), code="protocol")
    changes = wire.get("changes")
    return Generation(
        number=number,
        created=moment(wire.get("created")) or 0.0,
        cause=plain(wire.get("cause") or ""),
        store_path=plain(wire.get("store_path") or ""),
        current=wire.get("current") is True,
        duration=moment(wire.get("duration")),
        size=whole(wire.get("size")),
        paths=whole(wire.get("paths")),
        changes=_changes(changes) if isinstance(changes, dict) else None,
        kept=wire.get("kept") is not False,
        job=plain(wire.get("job") or ""),
    )


def diff(wire: Any, a: int, b: int) -> GenerationDiff:
    """Return the comparison of a ``generation.diff`` reply."""
    fields = wire if isinstance(wire, dict) else {}
    added, removed, changed = (_list(fields.get(key)) for key in ("added", "removed", "changed"))
    sizes = [whole(size) or 0 for size in _list(fields.get("size"))[:2]]
    return GenerationDiff(
        a=_int(fields.get("a"), a),
        b=_int(fields.get("b"), b),
        added=_packages(added, after="versions"),
        removed=_packages(removed, before="versions"),
        changed=_packages(changed, before="before", after="after"),
        bytes=_int(fields.get("bytes")),
        sizes=(sizes[0], sizes[1]) if len(sizes) == 2 else (0, 0),
        more=_int(fields.get("more")),
    )


def collected(wire: Any) -> Collected:
    """Return what a ``store.gc`` reply says was freed."""
    fields = wire if isinstance(wire, dict) else {}
    return Collected(_int(fields.get("paths")), _int(fields.get("bytes")))


def whole(value: Any) -> int | None:
    """Return a whole number within reason, or ``None`` for anything else."""
    number = isinstance(value, int) and not isinstance(value, bool)
    return value if number and abs(value) <= LARGEST else None


def _int(value: Any, default: int = 0) -> int:
    number = whole(value)
    return default if number is None else number


def _changes(wire: dict[str, Any]) -> Changes:
    return Changes(*(_int(wire.get(key)) for key in ("added", "removed", "changed", "bytes")))


def _packages(items: list[Any], before: str = "", after: str = "") -> tuple[PackageChange, ...]:
    return tuple(
        PackageChange(
            plain(item.get("name") or ""),
            _versions(item.get(before)) if before else (),
            _versions(item.get(after)) if after else (),
            _int(item.get("bytes")),
        )
        for item in items[:MOST]
        if isinstance(item, dict)
    )


def _versions(value: Any) -> tuple[str, ...]:
    return tuple(plain(version) for version in _list(value)[:VERSIONS])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
