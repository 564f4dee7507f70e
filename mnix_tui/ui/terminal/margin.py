"""The marks beside the prompts: how the command that was entered there ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.style import Style as RichStyle

    from mnix_tui.terminal import Emulator
    from mnix_tui.ui.terminal.decor import Decor, Window

OK, FAILED = "•", "✕"


def mark_prompts(
    emulator: Emulator, decor: Decor, window: Window, style: Callable[[str], RichStyle]
) -> None:
    """Mark the visible prompts, and note a failed command's status at the right."""
    prompts = emulator.prompts
    top = window.top - window.oldest
    row = prompts.before(top + window.height)
    while row is not None and row >= top:
        mark = prompts.at(row)
        if mark is not None and mark.status is not None and not mark.running:
            good = mark.status == 0
            look = style("terminal--ok" if good else "terminal--failed")
            decor.margins[row - top] = Segment(OK if good else FAILED, look)
            if not good:
                decor.notes[row - top] = f" {mark.status}"
        row = prompts.before(row)
