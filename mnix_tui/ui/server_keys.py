"""The keys of servers: on the main screen, and on the screens they open."""

from __future__ import annotations

from mnix_tui.ui.binding import key as _key

SERVER = [
    _key(
        "server.add",
        "a",
        "add_server",
        "add server",
        "Add a server that you can reach by SSH",
        True,
        opens=True,
    ),
    _key("server.retry", "ctrl+r", "retry", "retry", "Try to reach the server again, now"),
    _key(
        "server.doctor",
        "C",
        "doctor",
        "doctor",
        "Try all that the server needs, and say what mends it",
        opens=True,
    ),
    _key(
        "server.log",
        "L",
        "server_log",
        "server log",
        "See all that was run on the server from here",
        opens=True,
    ),
    _key(
        "server.label",
        "E",
        "label_server",
        "tags",
        "Give the server tags, and say when to connect to it",
        opens=True,
    ),
]
"""What can be done with servers."""

DOCTOR = [
    _key("doctor.again", "r", "again", "again", "Try everything again", True),
    _key("doctor.copy", "c", "copy", "copy", "Copy the command that mends it", True),
]
"""The keys of the doctor's list."""

SERVER_LOG = [
    _key("server_log.failed", "f", "failed", "failed only", "Only what failed, or all", True),
    _key("server_log.looks", "o", "kinds", "kind", "Only one kind of thing, or all", True),
    _key("server_log.again", "r", "again", "again", "Read it again", True),
    _key("server_log.copy", "c", "copy", "copy", "Copy the whole command", True),
]
"""The keys of a server's log."""
