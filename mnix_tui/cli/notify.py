"""Telling a person who looks elsewhere that something long has ended."""

from __future__ import annotations

import os
import sys

from mnix_tui.cli.output import visible


def notify(text: str) -> None:
    """Ring the bell of the terminal on stderr, and have it show ``text`` where it knows how."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("", "dumb"):
        return
    sys.stderr.write(message(text, tmux=bool(os.environ.get("TMUX"))))
    sys.stderr.flush()


def message(text: str, *, tmux: bool = False) -> str:
    """Return the bell and the notifications of iTerm2's kind (9) and urxvt's (777)."""
    said = visible(text).replace(";", ",")
    calls: tuple[str, ...] = (f"\x1b]9;mnix: {said}\x1b\\", f"\x1b]777;notify;mnix;{said}\x1b\\")
    if tmux:  # it takes what is wrapped like this through, where its user allows that
        calls = tuple("\x1bPtmux;" + each.replace("\x1b", "\x1b\x1b") + "\x1b\\" for each in calls)
    return "\a" + "".join(calls)
