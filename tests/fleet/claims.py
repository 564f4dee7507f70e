"""Claims on numbered slots, so that several test runs share one machine without meeting."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

_LIMIT = 40


def _folder() -> Path:
    root = Path("/run/lock") if os.geteuid() == 0 else Path(f"/tmp/mnix-test-{os.geteuid()}")
    folder = root / "mnix-test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Claim:
    """One slot of a kind ("user", "store"), held until it is released or the process ends."""

    def __init__(self, kind: str) -> None:
        for number in range(1, _LIMIT + 1):
            file = (_folder() / f"{kind}-{number}.lock").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            self.number = number
            self._file: TextIO = file
            return
        raise AssertionError(f"all {_LIMIT} slots of the kind {kind} are in use")

    def release(self) -> None:
        """Let another run have the slot."""
        self._file.close()


class Exclusive:
    """A lock that is waited for: `with Exclusive("image-base"):`."""

    def __init__(self, name: str) -> None:
        self._path = _folder() / f"{name}.lock"

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *exc: object) -> None:
        self._file.close()
