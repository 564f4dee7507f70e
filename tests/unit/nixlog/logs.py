"""Logs of real nix, recorded: 2.8, 2.26 and 2.34, what became of them, and small ones by hand.

Recorded with `nix print-dev-env --log-format internal-json` as root of Debian's bookworm, trixie
and sid: the flake templates forest and fallen, one flake with a shell for each way to fail, a
binary cache with and without broken archives, and fallen once more through nix-daemon.

The forest's logs have the agent's own lines as well (times, edges, result): `plain=True` leaves
them out, as if nix's output had been recorded straight. truth.json says, of each, how nix exited
and of which derivations the outputs were valid afterwards (nix-store --check-validity).
"""

import gzip
import json
from pathlib import Path
from typing import Any

from mnix_tui.nixlog import Build, Line, to_json

FOLDER = Path(__file__).parent / "recordings"
TRUTH: dict[str, dict[str, dict[str, Any]]] = json.loads((FOLDER / "truth.json").read_text())
ALL = [
    (version, name) for version in ("nix28", "nix226", "nix234") for name in sorted(TRUTH[version])
]
HASH = "0123456789abcdfghijklmnpqrsvwxyz"


def recorded(version: str, name: str, *, plain: bool = False) -> bytes:
    """Return a recorded log."""
    data = gzip.decompress((FOLDER / version / f"{name}.log.gz").read_bytes())
    if plain:
        data = b"".join(x for x in data.splitlines(keepends=True) if not x.startswith(b"@mnix"))
    return data


def read(data: bytes, **options: Any) -> tuple[Build, list[Line]]:
    """Feed a whole log and end it."""
    build = Build(clock=lambda: 0.0, **options)
    lines = build.feed(data)
    return build, lines + build.end()


def picture(build: Build, lines: list[Line]) -> Any:
    """Return all that can be seen of a build, to be compared."""
    rows = [(r.node.key, r.depth, r.last, r.guides, r.hidden, r.again) for r in build.tree()]
    return to_json(build), rows, [tuple(each) for each in lines]


def drv(name: str) -> str:
    """Return the path of a derivation of this name."""
    return f"/nix/store/{HASH}-{name}.drv"


def out(name: str) -> str:
    """Return a store path of this name."""
    return f"/nix/store/{HASH}-{name}"


def nix(*events: dict[str, Any]) -> bytes:
    """Return nix's lines for these events."""
    return b"".join(
        b"@nix " + json.dumps(each, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        for each in events
    )


def ours(*events: dict[str, Any]) -> bytes:
    """Return the agent's lines for these events."""
    return b"".join(b"@mnix " + json.dumps(each).encode() + b"\n" for each in events)


def start(ident: int, kind: int, *fields: object, **more: object) -> dict[str, Any]:
    """Return the start of an activity."""
    event: dict[str, Any] = {"action": "start", "id": ident, "level": 3, "text": "", "type": kind}
    if fields:
        event["fields"] = list(fields)
    return event | more


def started(ident: int, name: str) -> dict[str, Any]:
    """Return the start of a build."""
    return start(ident, 105, drv(name), "", 1, 1)


def stop(ident: int) -> dict[str, Any]:
    """Return the end of an activity."""
    return {"action": "stop", "id": ident}


def result(ident: int, kind: int, *fields: object) -> dict[str, Any]:
    """Return a result of an activity."""
    return {"action": "result", "id": ident, "type": kind, "fields": list(fields)}


def message(text: str, level: int = 0, **more: object) -> dict[str, Any]:
    """Return a message; one of nix's own has raw_msg."""
    return {"action": "msg", "level": level, "msg": text} | more


def error(text: str, **more: object) -> dict[str, Any]:
    """Return an error that nix itself tells."""
    return message(f"\x1b[31;1merror:\x1b[0m {text}") | {"raw_msg": text} | more
