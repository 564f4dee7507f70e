"""The line above the keys: what mnix is busy with, and how to cancel it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.ui.work import Work


class WorkBar(Static):
    """Hidden while nothing takes long; else the newest work, and how many others there are."""

    def show(self, works: list[Work]) -> None:
        """Show the newest of ``works``."""
        self.display = bool(works)
        if not works:
            return
        work = works[-1]
        parts: list[tuple[str, str]] = [("◐ ", "$warning"), (work.title, "$foreground")]
        if work.doing:
            parts.append((f"  {words.plain(work.doing)}", "$foreground-muted"))
        if work.total:
            share = work.done / work.total
            parts.append((f"  {words.meter(share)} {round(share * 100)}%", "$accent"))
        elif work.done:
            parts.append((f"  {work.done}", "$foreground-muted"))
        if len(works) > 1:
            parts.append((f"  and {len(works) - 1} more", "$foreground-muted"))
        cancel = Content.from_markup("   [b $accent]^x[/] [@click=screen.cancel_work]cancel[/]")
        self.update(Content.assemble(*parts) + cancel)
