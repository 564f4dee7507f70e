"""Keeping the interpreter's own pauses out of whoever types."""

from __future__ import annotations

import gc
import sys

_SWITCH_SECONDS = 0.001
_YOUNG = 20_000


def keep_pauses_short() -> None:
    """Tune the interpreter for an app with a keyboard; call it again when start-up is over.

    - What lives at this moment is kept out of the collector's sight: looking through it again and
      again costs 30 ms each time. A frame of a thousand colours makes ten thousand short-lived
      tuples, which the collector otherwise looks through after each 700.
    - The threads that read the keyboard and write the screen get their turn within a millisecond
      while the event loop computes, not five.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 50)
    sys.setswitchinterval(_SWITCH_SECONDS)
