"""The hosts that the SSH configuration names: offered, never interpreted."""

from __future__ import annotations

from pathlib import Path

_LIMIT = 200
_DEPTH = 4


def hosts(config: Path, depth: int = _DEPTH) -> list[str]:
    """Return the names of ``Host`` lines without a pattern, included files too, in their order."""
    found: dict[str, None] = {}
    try:
        lines = config.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    for line in lines:
        key, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        words = rest.strip().strip('"').split()
        if key.lower() == "include" and depth:
            for word in words:
                for path in _included(word, config.parent):
                    found.update(dict.fromkeys(hosts(path, depth - 1)))
        elif key.lower() == "host":
            found.update((word, None) for word in words if not set(word) & set("*?!%"))
    return list(found)[:_LIMIT]


def _included(pattern: str, base: Path) -> list[Path]:
    path = Path(pattern).expanduser()
    try:
        if path.is_absolute():
            return sorted(Path("/").glob(str(path.relative_to("/"))))
        return sorted(base.glob(pattern))
    except (OSError, ValueError, NotImplementedError):
        return []
