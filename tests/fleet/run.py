"""Running programs for the fleet: one place, with the output in the error."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    argv: Sequence[str | Path],
    *,
    check: bool = True,
    input: str | None = None,
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: str | Path = "/",
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its output; a failure shows what it printed."""
    done = subprocess.run(
        [str(part) for part in argv],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        env=env,
        cwd=cwd,
        check=False,
    )
    if check and done.returncode != 0:
        command = " ".join(str(part) for part in argv)
        raise AssertionError(
            f"{command}\nexited with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done
