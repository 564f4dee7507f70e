"""Whether a shell stands at its prompt with nothing typed, by its marks (OSC 133)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.terminal.marks import Marks
    from mnix_tui.terminal.native import History, Terminal


class Standing(Enum):
    """What a shell does, as far as its marks tell."""

    UNKNOWN = "unknown"
    """It marks no prompts."""
    BUSY = "busy"
    """A program runs, or output came behind the prompt."""
    TYPED = "typed"
    """It waits at its prompt, and something is typed there already."""
    PROMPT = "prompt"
    """It waits at its prompt for a whole command."""


def standing(terminal: Terminal, history: History, prompts: Marks) -> Standing:
    """Look at the newest prompt and at what stands between it and the screen's end."""
    if terminal.alternate():
        return Standing.BUSY
    running = prompts.running
    if running is None:
        return Standing.UNKNOWN
    y, x = history.cursor()
    row = history.scrolled() + y
    before = history.kind(row, x - 1) if x else None
    if running or before is None or before == history.OUTPUT:
        return Standing.BUSY
    end = (history.total() - 1, terminal.size[0] - 1)
    typed = before == history.INPUT or history.between((row, x), end, unwrap=False).strip()
    return Standing.TYPED if typed else Standing.PROMPT
