"""What a rebuild leaves when it ends: a word on why, and, when it was killed, what it ran inside."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any, Optional

_LIMIT = 5.0  # seconds that what is left has to end, before the job is told as it is


class Clearing:
    """Ends, beside a holder's loop, what its killed rebuild left running."""

    def __init__(self, project_id: str, job_id: str) -> None:
        self.left: list[str] = []
        """What still runs; complete once ``over``."""
        self._deadline = time.monotonic() + _LIMIT
        self._thread = threading.Thread(
            target=self._work, args=(project_id, job_id), name="clearing", daemon=True
        )
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return not self._thread.is_alive() or time.monotonic() > self._deadline

    @property
    def text(self) -> str:
        """What became of it, for people."""
        if self._thread.is_alive():
            return "what it ran could not be ended in time"
        return told(self.left)

    def _work(self, project_id: str, job_id: str) -> None:
        self.left = end(project_id, job_id)


def end(project_id: str, job_id: str) -> list[str]:
    """End what a rebuild left running inside; return what still runs."""
    from server_agent.protocol.errors import AgentError

    try:
        from server_agent.core import sessions_api

        return sessions_api.end_rebuild(project_id, job_id)
    except AgentError as error:
        # Without its project there is nothing left of it.
        return [] if error.code == "not-found" else [error.message]
    except (OSError, ImportError) as error:
        return [str(error)]


def told(left: list[str]) -> str:
    """Say what became of what ran."""
    return f"still running there: {', '.join(left)}" if left else "what it ran was ended"


def reason(folder: str) -> str:
    """Return what a rebuild itself said of its end; "" when it said nothing."""
    try:
        with open(os.path.join(folder, "result.json"), "rb") as file:
            found: Any = json.loads(file.read(1 << 20))
    except (OSError, ValueError):
        return ""
    said: Optional[Any] = found.get("reason") if isinstance(found, dict) else None
    return said[:1000] if isinstance(said, str) else ""
