"""Whether a program has to wait for a screen on which its shell is open; no I/O.

A holder waits for nobody: what a client is slow to take stays in the log. But then a program that
prints faster than a screen can show runs ever further ahead of it, and the answer to a key comes
behind all that. So a client may ask to *pace* a shell that it keeps open, as every terminal does, in
a hidden tab too: the program waits while that screen is a little behind, as long as the screen goes
on taking output. One that stops (a lost network) is waited for no longer than ``PATIENCE``; and one that is
``LIMIT`` behind came back to a backlog, through which nobody else should have to wait: when somebody
looks at it, it goes on as a fresh client does.
"""

from __future__ import annotations

WINDOW = 512 << 10
"""Bytes that a pacing client may be behind the program."""
LIMIT = 16 << 20
"""Bytes behind the program from which on a client paces no longer, until it caught up."""
PATIENCE = 0.25
"""Seconds without any progress after which a client paces no longer, until it goes on."""


class Pace:
    """One client's pace."""

    def __init__(self) -> None:
        self.asked = False
        """Whether this client wants to pace the program."""
        self._taken = 0.0

    def took(self, now: float) -> None:
        """Note that the client took something."""
        self._taken = now

    def holds(self, behind: int, now: float) -> bool:
        """Whether the program waits for this client, which is ``behind`` by so many bytes."""
        return self.asked and WINDOW < behind < LIMIT and now - self._taken < PATIENCE
