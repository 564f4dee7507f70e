"""The lock between what builds in the user's stores (shared) and what clears them (alone)."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from server_agent.core import paths
from server_agent.core.ports import Say


@contextlib.contextmanager
def shared(say: Say) -> Iterator[None]:
    """Keep collections away from what is being built; wait for one that is at it, and say so."""
    with _opened() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            say("waiting for the store to be cleared (gc)")
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone() -> Iterator[int]:
    """Hold the store alone; yield the lock's file. Raises ``BlockingIOError`` while it is used."""
    with _opened() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield handle


@contextlib.contextmanager
def _opened() -> Iterator[int]:
    path = os.path.join(paths.private_dir(paths.data()), "store.lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
