"""What every call into the library needs: its result checked, its handle freed."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CELL_PIXELS = (8, 16)
"""What a cell measures, for programs that ask: nobody here knows the real font."""


def check(result: int, what: str) -> None:
    """Raise RuntimeError unless a call succeeded."""
    if result:
        raise RuntimeError(f"libghostty: {what} failed ({result})")


def freed_with(owner: object, free: Callable[..., Any], handle: Any, after: object = None) -> None:
    """Free a handle together with its owner; ``after`` lives until then."""
    # Not at exit: the process frees it all then, and callbacks may already be gone.
    weakref.finalize(owner, _free, free, handle, after).atexit = False


def _free(free: Callable[..., Any], handle: Any, _after: object) -> None:
    free(handle)
