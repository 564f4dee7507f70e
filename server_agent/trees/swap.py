"""Two names change places in one step, where the system has a call for it."""

from __future__ import annotations

import errno
import functools
import os
import sys
from typing import Any, Callable, Optional

_LINUX, _MACOS = ("renameat2", 2), ("renameatx_np", 2)  # RENAME_EXCHANGE, RENAME_SWAP
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV, errno.EPERM)


def exchange(folder: int, other: int, name: str) -> bool:
    """Let ``name`` in two open folders change places; say False where that can't be done.

    So nothing is ever replaced unseen, and at no moment is there nothing. Raises ``OSError``.
    """
    call = _call()
    if call is None:
        return False
    done, number = call(folder, os.fsencode(name), other)
    if done == 0:
        return True
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), name)


@functools.lru_cache(maxsize=1)
def _call() -> Optional[Callable[[int, bytes, int], "tuple[int, int]"]]:
    try:
        import ctypes

        library: Any = ctypes.CDLL(None, use_errno=True)
        symbol, flag = _MACOS if sys.platform == "darwin" else _LINUX
        function = getattr(library, symbol)
    except (ImportError, OSError, AttributeError):
        return None
    function.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    function.restype = ctypes.c_int

    def call(folder: int, name: bytes, other: int) -> "tuple[int, int]":
        ctypes.set_errno(0)
        done = function(folder, name, other, name, flag)
        return int(done), ctypes.get_errno()

    return call
