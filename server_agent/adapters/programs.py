"""Running other programs to their end, with a time limit, and telling why they failed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import NamedTuple, Optional

from server_agent.protocol.errors import AgentError


class Done(NamedTuple):
    """How a program ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The line of its messages that says most, for an error."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        told = [line[7:] for line in lines if line.startswith("Error: ")]
        return (told or lines or [f"it ended with {self.code}"])[-1]


def run(argv: Sequence[str], timeout: float = 60.0, env: Optional[dict[str, str]] = None) -> Done:
    """Run a program without input; raise ``FileNotFoundError`` or ``AgentError`` (too slow)."""
    try:
        # From "/": the folder that we were started in may be one that the program can't enter.
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout,
            cwd="/",
            env=env,
        )
    except subprocess.TimeoutExpired as error:
        told = " ".join(argv[:3])
        raise AgentError("error", f"{told} did not answer within {timeout:.0f} s") from error
    return Done(
        done.returncode, *(part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
    )
