"""Rows as text with SGR sequences: what a terminal would be sent to show them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.terminal.grid import PLAIN, Row, Style, Underline

if TYPE_CHECKING:
    from mnix_tui.terminal.grid import Colour

_FLAGS = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("blink", "5"),
    ("reverse", "7"),
    ("hidden", "8"),
    ("strike", "9"),
    ("overline", "53"),
)
_END = "\x1b[0m"
_LINK_END = "\x1b]8;;\x1b\\"


def styled(row: Row) -> str:
    """Return a row with its attributes; each run begins from nothing and ends in SGR 0.

    Blanks at the end are left out as far as they look like nothing.
    """
    runs = list(row)
    while runs and _is_blank(runs[-1].style) and not runs[-1].text.strip(" "):
        runs.pop()
    parts = []
    for number, run in enumerate(runs):
        last = number == len(runs) - 1
        text = run.text.rstrip(" ") if last and _is_blank(run.style) else run.text
        codes = sgr(run.style)
        if codes:
            text = f"\x1b[{codes}m{text}{_END}"
        if run.style.link:
            text = f"\x1b]8;;{run.style.link}\x1b\\{text}{_LINK_END}"
        parts.append(text)
    return "".join(parts)


def _is_blank(style: Style) -> bool:
    """Whether a blank in this style looks like an unstyled one."""
    return style._replace(foreground=None, bold=False, dim=False, italic=False) == PLAIN


def sgr(style: Style) -> str:
    """Return the parameters that turn plain text into a style; "" for plain text."""
    codes = [code for name, code in _FLAGS if getattr(style, name)]
    if style.underline:
        codes.append("4" if style.underline is Underline.SINGLE else f"4:{style.underline.value}")
    codes += _colour(style.foreground, 30, 90, 38)
    codes += _colour(style.background, 40, 100, 48)
    codes += _colour(style.underline_colour, None, None, 58)
    return ";".join(codes)


def _colour(colour: Colour, low: int | None, high: int | None, other: int) -> list[str]:
    if colour is None:
        return []
    if isinstance(colour, tuple):
        red, green, blue = colour
        return [
            f"{other}:2::{red}:{green}:{blue}" if low is None else f"{other};2;{red};{green};{blue}"
        ]
    if low is not None and colour < 8:
        return [str(low + colour)]
    if high is not None and colour < 16:
        return [str(high + colour - 8)]
    return [f"{other}:5:{colour}" if low is None else f"{other};5;{colour}"]
