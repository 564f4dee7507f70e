"""A limit of processor time for code that can't be asked to stop: a regular expression."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class OutOfPatience(Exception):
    """The time was up."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise OutOfPatience in the block after so much processor time.

    A pattern such as ``(a+)+$`` can take years for thirty characters. Python's ``re`` holds the
    GIL meanwhile, so a thread would not help; but it looks for signals. They reach the main thread
    only: elsewhere there is no limit. The timer of processor time is used by nobody else here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    running = True

    def expired(_number: int, _frame: FrameType | None) -> None:
        if running:
            raise OutOfPatience

    before = signal.signal(signal.SIGVTALRM, expired)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        # A signal that is on its way yet must not meet the default, which ends the process.
        default = before is None or before is signal.SIG_DFL
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN if default else before)
