"""Disks without room."""

from contextlib import suppress
from pathlib import Path


def fill(disk: Path) -> Path:
    """Take all the room that is left, and return the file that has it."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * piece)
    return path
