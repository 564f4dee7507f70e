"""A terminal that went away without a word: nobody can see the dashboard any more, so it ends."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

LOOK = 1.0
"""Seconds between two looks."""


def watch(app: App[Any], terminal: int = 0) -> None:
    """End the app when its terminal hangs up.

    Mostly a signal says so, but not where another program stands between: then what reads the keys
    would read nothing, for ever, as fast as it can.
    """
    if app.is_headless:
        return
    poll = select.poll()
    poll.register(terminal, 0)

    def look() -> None:
        if poll.poll(0):
            app.exit(1)

    app.set_interval(LOOK, look)
