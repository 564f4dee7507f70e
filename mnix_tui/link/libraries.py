"""Looking for shared libraries in their folders, instead of by running a compiler.

asyncssh asks ``ctypes`` for two optional libraries while it is imported, and where they are missing
that runs ldconfig, gcc and ld: a third of the time that a short command takes.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def found_quickly() -> Iterator[None]:
    """Let ``ctypes.util.find_library`` look where libraries lie on Linux, and nowhere else."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import ctypes.util

    thorough = ctypes.util.find_library
    ctypes.util.find_library = find
    try:
        yield
    finally:
        ctypes.util.find_library = thorough


def find(name: str) -> str | None:
    """Return the path of a library that can be loaded, by its name without ``lib``."""
    import ctypes
    import os
    from pathlib import Path

    triplet = getattr(sys.implementation, "_multiarch", "")
    tops = ("/usr/local/lib", "/usr/lib", "/lib")
    usual = [f"{top}{end}" for top in tops for end in (f"/{triplet}", "64", "") if end != "/"]
    for folder in [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *usual]:
        for path in sorted(Path(folder).glob(f"lib{name}.so*")) if folder else ():
            try:
                ctypes.CDLL(str(path))
            except OSError:
                continue  # of another kind of machine, or a linker's script
            return str(path)
    return None
