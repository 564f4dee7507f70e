"""Folders of files to send: always the same ones, of words as source code has them."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IN_FOLDER = 100


def grow(root: Path, files: int, size: int) -> None:
    """Make ``files`` files of ``size`` bytes in all, 100 to a folder, two levels deep."""
    chance = random.Random(5)
    words = [f"word{number:05d} ".encode() for number in range(5000)]
    text = b"".join(chance.choice(words) for _ in range(200_000))
    mean = size // files
    folder = root
    for number in range(files):
        if number % _IN_FOLDER == 0:
            folder = (
                root / f"part{number // _IN_FOLDER // 20:03d}" / f"mod{number // _IN_FOLDER:04d}"
            )
            folder.mkdir(parents=True)
        length = chance.randrange(0, 2 * mean + 1)
        start = chance.randrange(0, max(1, len(text) - length))
        handle = os.open(folder / f"file{number:06d}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(handle, text[start : start + length])
        os.close(handle)


def edit(root: Path, count: int, mark: str) -> None:
    """Append a line to ``count`` files all over the tree."""
    found = sorted(root.glob("part*/mod*/file*.txt"))
    for path in found[:: max(1, len(found) // count)][:count]:
        with path.open("a") as file:
            file.write(f"{mark}\n")


def large(path: Path, size: int) -> None:
    """Make a file of ``size`` random bytes."""
    chance = random.Random(6)
    with path.open("wb") as file:
        for _ in range(0, size, 1 << 20):
            file.write(chance.randbytes(1 << 20))


def overwrite(path: Path, at: int, size: int, seed: int) -> None:
    """Put other bytes in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(random.Random(seed).randbytes(size))
