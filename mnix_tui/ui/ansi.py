"""Text with SGR sequences as plain text and styled spans, in the theme's sixteen colours. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style

from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Iterator

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_TAB = 8
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_ENDS = {
    22: ("bold", "dim"),
    23: ("italic",),
    24: ("underline",),
    27: ("reverse",),
    29: ("strike",),
}
_PARAMETERS = 32

Span = tuple[int, int, Style]
"""From a character up to another one, and how they look."""


@dataclass(frozen=True, slots=True)
class Coloured:
    """A line: what is to be read, and which parts of it have a style of their own."""

    plain: str
    spans: tuple[Span, ...] = ()


def parse(text: str, limit: int) -> Coloured:
    """Return at most ``limit`` characters of untrusted ``text``: nothing in it moves a terminal.

    Where there were more, the last one is "…".
    """
    if text.isprintable():
        return Coloured(text if len(text) <= limit else f"{text[: limit - 1]}…")
    parts: list[str] = []
    spans: list[Span] = []
    at, codes = 0, ""
    for chunk, after in _pieces(text):
        cleaned = _clean(chunk, at)
        shown = cleaned[: limit - at]
        if shown and codes:
            spans.append((at, at + len(shown), style(codes)))
        parts.append(shown)
        at += len(shown)
        if len(shown) < len(cleaned):
            return Coloured(f"{''.join(parts)[:-1]}…", tuple(spans))
        # A reset ends everything before it, so the sum of all codes stays short.
        codes = "" if after in ("", "0") else f"{codes};{after}"[-256:] if codes else after
    return Coloured("".join(parts), tuple(spans))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Give each stretch of text with the parameters of the sequence behind it."""
    split = _SGR.split(text)
    yield from zip(split[::2], [*split[1::2], ""], strict=True)


def _clean(chunk: str, at: int) -> str:
    if "\t" in chunk:
        head, *rest = chunk.split("\t")
        for piece in rest:
            head += " " * (_TAB - (at + len(head)) % _TAB) + piece
        chunk = head
    return chunk if chunk.isprintable() else words.visible(chunk)


@lru_cache(maxsize=512)
def style(codes: str) -> Style:
    """Return what SGR parameters look like; those that are unknown change nothing."""
    found: dict[str, bool] = {}
    colours: dict[str, Color | None] = {"color": None, "bgcolor": None}
    numbers = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", codes)]
    left = iter(numbers[-_PARAMETERS:])
    for code in left:
        if code == 0:
            found, colours = {}, {"color": None, "bgcolor": None}
        elif code in _FLAGS:
            found[_FLAGS[code]] = True
        elif code in _ENDS:
            for name in _ENDS[code]:
                found.pop(name, None)
        elif code in (39, 49):
            colours["color" if code == 39 else "bgcolor"] = None
        elif code in (38, 48):
            colours["color" if code == 38 else "bgcolor"] = _extended(left)
        else:
            _basic(code, colours)
    return Style(color=colours["color"], bgcolor=colours["bgcolor"], **found)  # type: ignore[arg-type]


def _basic(code: int, colours: dict[str, Color | None]) -> None:
    for first, bright, name in ((30, 90, "color"), (40, 100, "bgcolor")):
        if first <= code < first + 8:
            colours[name] = Color.from_ansi(code - first)
        elif bright <= code < bright + 8:
            colours[name] = Color.from_ansi(code - bright + 8)


def _extended(left: Iterator[int]) -> Color | None:
    kind = next(left, 0)
    if kind == 5:
        return Color.from_ansi(min(next(left, 0), 255))
    if kind == 2:
        red, green, blue = (min(next(left, 0), 255) for _ in range(3))
        return Color.from_rgb(red, green, blue)
    return None
