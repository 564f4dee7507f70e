"""How a row of a log looks: the tone of its line, its builder's colours, what is found or selected."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from mnix_tui.ui.widgets.log_view import LogView

CLASSES = {
    "log--step",
    "log--good",
    "log--busy",
    "log--bad",
    "log--quiet",
    "log--origin",
    "log--found",
    "log--found-here",
    "log--cut",
}
_MORE = "›"

Mark = tuple[int, int, Style]
_start, _end = itemgetter(0), itemgetter(1)


def blank(view: LogView) -> Strip:
    """Return a row without text."""
    return Strip.blank(view.scrollable_content_region.width, view.base or view.rich_style)


def paint(view: LogView, number: int, start: int, end: int) -> Strip:
    """Return the characters from ``start`` up to ``end`` of a line, as wide as the view."""
    base, width = view.base or view.rich_style, view.scrollable_content_region.width
    line, coloured = view.kept.line(number), view.kept.coloured(number)
    text = line.origin + coloured.plain
    tone = base + _style(view, line.tone) if line.tone else base
    left = len(line.origin)
    low = max(start - left, 0)
    first = bisect_right(coloured.spans, low, key=_end)
    last = bisect_left(coloured.spans, max(end - left, 0), key=_start)
    layers = (
        [(left + a, left + b, style) for a, b, style in coloured.spans[first:last]],
        [(0, left, _style(view, "origin"))] if left else [],
        _found(view, number),
        _selected(view, number, len(text)),
    )
    strip = Strip(_segments(text, start, end, tone, layers)).apply_offsets(start, number)
    if not view.wrapped:
        x = view.scroll_offset.x
        more = strip.cell_length > x + width
        strip = strip.crop(x, x + width - more)
        if more:
            strip = Strip([*strip, Segment(_MORE, base + _style(view, "cut"))])
    return strip.extend_cell_length(width, base)


def _style(view: LogView, name: str) -> Style:
    return view.get_component_rich_style(f"log--{name}", partial=True)


def _found(view: LogView, number: int) -> list[Mark]:
    if view.search is None:
        return []
    found, here = _style(view, "found"), _style(view, "found-here")
    return [
        (match.start, match.end, here if match == view.match else found)
        for match in view.search.in_line(number)
    ]


def _selected(view: LogView, number: int, length: int) -> list[Mark]:
    selection = view.text_selection
    span = selection.get_span(number) if selection is not None else None
    if span is None:
        return []
    style = view.screen.get_component_rich_style("screen--selection")
    return [(span[0], length if span[1] == -1 else span[1], style)]


def _segments(
    text: str, start: int, end: int, tone: Style, layers: tuple[list[Mark], ...]
) -> list[Segment]:
    """Cut a text where its look changes; each layer is in order, and lies over the one before."""
    edges = {start, end}
    for layer in layers:
        for low, high, _ in layer:
            edges |= {edge for edge in (low, high) if start < edge < end}
    at = [0] * len(layers)
    segments = []
    for low, high in pairwise(sorted(edges)):
        style = tone
        for number, layer in enumerate(layers):
            while at[number] < len(layer) and layer[at[number]][1] <= low:
                at[number] += 1
            if at[number] < len(layer) and layer[at[number]][0] <= low:
                style += layer[at[number]][2]
        segments.append(Segment(text[low:high], style))
    return segments or [Segment("", tone)]
