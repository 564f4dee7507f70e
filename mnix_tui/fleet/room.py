"""Room for many connections: each is an open file, and some systems begin with 256 of those."""

from __future__ import annotations

import resource

PER_SERVER = 8
"""Files that one server may need: its connection, others beside it, several attempts at once."""
BESIDE = 256
"""Files for everything else."""


def make_room(servers: int) -> None:
    """Let this process open as many files as it needs, where it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = BESIDE + PER_SERVER * servers
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            pass  # some servers may be told that there are too many open files, then
