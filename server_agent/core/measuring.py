"""How much there is in folders, within a limited time: what takes long costs only its own number."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from typing import Callable, Optional

from server_agent.adapters import programs
from server_agent.protocol.errors import AgentError

_AT_ONCE = 1000
_LEAST = 0.5  # seconds for which it is not worth beginning


def sizes(
    wanted: Iterable[str], patience: float, wrap: Callable[[list[str]], list[str]] = list
) -> dict[str, Optional[int]]:
    """Return the bytes of trees, none of which is in another; ``None``: nobody could tell in time.

    ``wrap`` returns the command that runs another one with more rights.
    """
    found: dict[str, Optional[int]] = {
        path: None if os.path.lexists(path) else 0 for path in wanted
    }
    left = [path for path, size in found.items() if size is None]
    until = time.monotonic() + patience
    while left and (wait := (until - time.monotonic()) / 2) > _LEAST:
        part, left = left[:_AT_ONCE], left[_AT_ONCE:]
        ended, told = _asked(wrap(["nice", "-n", "19", "du", "-skx", "--", *part]), wait)
        for line in told.splitlines():
            number, _, path = line.partition("\t")
            if path in found and number.isdigit():
                found[path] = int(number) * 1024
        if not ended:
            # It was at the first of those that it did not tell: that one comes last now.
            again = [path for path in part if found[path] is None]
            left = [*again[1:], *left, *again[:1]]
    return found


def _asked(argv: list[str], wait: float) -> tuple[bool, str]:
    # du tells each as soon as it is through with it.
    try:
        return True, programs.run(argv, wait).out
    except OSError:
        return True, ""
    except AgentError as error:
        slow = error.__cause__
        told = slow.stdout if isinstance(slow, subprocess.TimeoutExpired) else None
        return False, (told or b"").decode("utf-8", "replace")
