"""How paths of files are written: hostile names safe, wide ones in columns. Pure."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from mnix_tui.sync.model import printable


def fit(path: str, width: int) -> str:
    """Return ``path`` in at most ``width`` cells; its end, the name, is what stays."""
    shown = printable(path)
    if cell_len(shown) <= width:
        return shown
    while shown and cell_len(shown) > width - 1:
        shown = shown[max((cell_len(shown) - width + 1) // 2, 1) :]
    return f"…{shown}"[: max(width, 0)]


def column(path: str, width: int) -> str:
    """Return the same, filled up to exactly ``width`` cells."""
    return set_cell_size(fit(path, width), max(width, 0))
