"""One line of the fleet tree as it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from mnix_tui.ui import fleet_notes, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.ui.fleet_notes import Column
    from mnix_tui.ui.fleet_rows import Row

_ROOMY = 30
"""From this width on, projects are indented below their server."""
_CHOSEN = "▌"
_BOLD = Style(bold=True)


def segments(
    row: Row, width: int, columns: tuple[Column, ...], style: Callable[[str], Style]
) -> list[Segment]:
    """Lay a row out in ``width`` cells; ``style`` gives a part's style by its name."""
    lead = f"{row.fold} " if row.fold else "    " if width >= _ROOMY else "  "
    shape = f"{row.glyph} " if row.glyph else ""
    space = width - len(lead) - len(shape) - 1 - 1
    signs = fleet_notes.signs(row)
    room = space - sum(len(sign) + 1 for sign, _ in signs)
    cells = fleet_notes.cells(row, room, columns)
    taken = sum(cell_len(text) for text, _ in cells)
    fit = words.fit_name if row.is_server else words.fit
    name = fit(row.name, max(room - taken, 4))
    kind = style("stale" if row.stale and row.kind == "project" else row.kind)
    return [
        Segment(_CHOSEN if row.chosen else " ", style("chosen")),
        Segment(lead, style("guide")),
        Segment(shape, style(row.tone)),
        Segment(name, kind + _BOLD if row.chosen else kind),
        *(Segment(f" {sign}", style(tone) + _BOLD) for sign, tone in signs),
        Segment(" " * max(room - taken - cell_len(name), 0), style("")),
        *(Segment(text, style(tone)) for text, tone in cells),
        Segment(" ", style("")),
    ]
