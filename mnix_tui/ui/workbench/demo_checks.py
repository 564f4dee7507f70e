"""Checks and a log of a server, to look at: as they go on, all well, and with what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.actions.servers import Purged, PurgedProject
from mnix_tui.domain import checks
from mnix_tui.domain.audit import Ran
from mnix_tui.domain.checks import CheckState

if TYPE_CHECKING:
    from mnix_tui.domain.checks import Check

_SAID = {
    "config": "",
    "resolve": "203.0.113.7",
    "connect": "port 2222",
    "hostkey": "ssh-ed25519 SHA256:6cXl0pXcWvzPnYvVXYIDmZ0r5Rj9mVqJ0c1n7m2Wc3E",
    "login": "as dev",
    "python": "3.12.3, /usr/bin/python3",
    "agent": "delivered, 233 KiB",
    "podman": "Podman 5.4.2, rootless",
    "nix": "nix 2.28.3",
    "disk": "148 GiB free in /home/dev/.local/share/mnix",
    "linger": "on",
}


def steps() -> list[tuple[Check, ...]]:
    """Return all checks of a server that is well, after each step."""
    found, told = checks.fresh(), []
    for number, key in enumerate(checks.KEYS, 1):
        found = checks.changed(found, key, state=CheckState.RUNNING)
        told.append(found)
        seconds = 0.004 * number**2
        found = checks.changed(found, key, state=CheckState.OK, seconds=seconds, said=_SAID[key])
        told.append(found)
    return told


def well() -> tuple[Check, ...]:
    """Return the checks of a server that is well."""
    return steps()[-1]


def without_linger() -> tuple[Check, ...]:
    """Return the checks of a server that works, but could be better."""
    return checks.changed(
        well(),
        "linger",
        state=CheckState.WARN,
        said="off: shells and containers end when dev logs out",
        fix="loginctl enable-linger dev",
        hint="run it on the server, once",
    )


def refused() -> tuple[Check, ...]:
    """Return the checks of a server that takes none of the keys."""
    found = checks.changed(
        well(),
        "login",
        state=CheckState.FAILED,
        said="login refused: dev@203.0.113.7 accepts none of: ~/.ssh/id_ed25519, ~/.ssh/id_rsa,"
        " and 2 keys of the agent",
        fix="ssh-copy-id -p 2222 dev@berlin.example",
        hint="have one of your public keys added there",
    )
    for key in checks.KEYS[checks.KEYS.index("login") + 1 :]:
        found = checks.changed(found, key, state=CheckState.SKIPPED, seconds=None, said="not tried")
    return found


def log(server: str, now: float) -> list[Ran]:
    """Return what was run on a server, newest first."""
    done = [
        ("request", "project.rebuild project=tokyo-api cause=rebuild", "ok", 0.21),
        ("command", "mnix-server sync --project tokyo-api", "ok", 1.4),
        ("request", "session.open project=tokyo-api cols=117 rows=40", "ok", 0.31),
        ("command", "mnix-server attach 7f3a2b19", "exit 3", 71.0),
        ("deliver", "0.3.0-1f22ab90 to ~/.local/share/mnix/agent, 233 KiB", "ok", 0.4),
        ("connect", "dev@tokyo.example.net:2222", "ok", 0.14),
        ("connect", "dev@tokyo.example.net:2222", "no route to host", 3.0),
    ]
    return [Ran(server, now - 97 * number, *each) for number, each in enumerate(done * 6)]


def purged() -> Purged:
    """Return what a purge of a server would remove."""
    sizes = [("api", 1_200_000_000, 2), ("web", 44_000_000, 0), ("db", 9_000_000_000, 0)]
    return Purged(
        tuple(PurgedProject(f"id-{name}", name, *rest) for name, *rest in sizes),
        2,
        10_244_000_000,
        ("/home/dev/.local/share/mnix", "/home/dev/.local/state/mnix-server"),
        ("mnix-nix-1f3a",),
    )
