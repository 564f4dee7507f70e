"""Two ``flake.lock`` files, compared by their inputs. Pure; either may hold anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from mnix_tui.domain.text import plain

MOST = 200
"""Inputs that are looked at, those of inputs included."""
_DEEP = 8

Inputs = dict[str, dict[str, Any]]
"""Each input's locked node, by its path from the root: ``nixpkgs``, ``devshell/nixpkgs``."""


def changed_inputs(before: str, after: str) -> tuple[str, ...]:
    """Return a line for each input that differs; none when that can't be said."""
    old, new = inputs(before), inputs(after)
    if not old and not new:
        return ()
    lines = []
    for name in sorted(old.keys() | new.keys(), key=lambda name: (name.count("/"), name)):
        was, now = (_text(found[name]) if name in found else "" for found in (old, new))
        if was != now:
            change = (
                f"{was} → {now}" if was and now else (now and f"new, {now}") or f"gone, was {was}"
            )
            lines.append(plain(f"{name}: {change}"))
    return tuple(lines)


def inputs(text: str) -> Inputs:
    """Return the inputs of a lock file; none of one that can't be understood."""
    try:
        lock = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    nodes = lock.get("nodes") if isinstance(lock, dict) else None
    root = lock.get("root") if isinstance(lock, dict) else None
    if not isinstance(nodes, dict) or not isinstance(root, str):
        return {}
    found: Inputs = {}
    todo: list[tuple[str, Any]] = [("", nodes.get(root))]
    while todo and len(found) < MOST:
        path, node = todo.pop(0)
        below = node.get("inputs") if isinstance(node, dict) else None
        if not isinstance(below, dict) or path.count("/") >= _DEEP:
            continue
        for name, target in sorted(below.items()):
            # A list follows another input: it is that one, and told there.
            named = nodes.get(target) if isinstance(target, str) else None
            if isinstance(named, dict) and len(found) < MOST:
                found[path + name] = named
                todo.append((f"{path}{name}/", named))
    return found


def _text(node: dict[str, Any]) -> str:
    """Say which state of an input is locked: ``abc1234 (2026-01-02)``."""
    locked = node.get("locked")
    locked = locked if isinstance(locked, dict) else {}
    revision = locked.get("rev") or locked.get("narHash") or locked.get("path") or "?"
    short = str(revision)[:7] if locked.get("rev") else str(revision)[:60]
    day = _day(locked.get("lastModified"))
    return f"{short} ({day})" if day else short


def _day(seconds: Any) -> str:
    if not isinstance(seconds, int) or not 0 < seconds < 1 << 40:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return ""
