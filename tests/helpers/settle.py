"""Waiting for a state with a deadline, the only way for a test to wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

_PAUSE = 0.01


def settle(probe: Callable[..., T], *, timeout: float = 30.0, what: str = "") -> T:
    """Call `probe` until it returns something true, and return that; fail at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_late(probe, value, timeout, what))
        # This is the one pause that the tests have: everything else waits through here.
        time.sleep(_PAUSE)  # noqa: TID251


async def asettle(probe: Callable[..., Any], *, timeout: float = 30.0, what: str = "") -> Any:
    """Like `settle`, in an event loop; `probe` may be a coroutine function."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        value = await found if isinstance(found, Awaitable) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_late(probe, value, timeout, what))
        await asyncio.sleep(_PAUSE)


def _late(probe: Callable[..., object], value: object, timeout: float, what: str) -> str:
    name = what or getattr(probe, "__qualname__", repr(probe))
    return f"waited {timeout:g} s for {name}; last seen: {value!r}"
