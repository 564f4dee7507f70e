"""What the commands print: names made visible, tables, ages, JSON."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


_LEAST = 12
"""Columns that a cell keeps, however narrow the terminal is."""


def visible(text: str) -> str:
    """Return ``text`` with control and direction characters spelled out: names are not trusted."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _spelled(each) for each in text)


def _spelled(char: str) -> str:
    """Return what stands for a character that is not shown; a byte of a name as ``\\xff``."""
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


def table(head: Sequence[str], rows: Sequence[Sequence[str]], gives: str = "") -> None:
    """Print rows in aligned columns.

    Nothing is cut, unless it is the column ``gives`` of rows that are too long for a terminal.
    """
    lines = [list(head), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(width(line[at]) for line in lines) for at in range(len(head))]
    if gives and sys.stdout.isatty():
        from mnix_tui.cli import own_terminal

        at, over = head.index(gives), sum(widths) + 2 * len(head) - 2 - own_terminal.size()[0]
        if over > 0:
            widths[at] = min(widths[at], max(widths[at] - over, _LEAST))
            for line in lines:
                if width(line[at]) > widths[at]:
                    line[at] = cut(line[at], widths[at] - 1) + "…"
    for line in lines:
        cells = (cell + " " * (most - width(cell)) for cell, most in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def age(when: float | None, now: float | None = None) -> str:
    """Return how long ago something was, in one short word; ``never`` for ``None``."""
    if when is None:
        return "never"
    seconds = (time.time() if now is None else now) - when
    if seconds < -60:
        return "unknown"  # some clock was wrong when it was noted
    if seconds < 10:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return f"{int(seconds)}s ago"


def size(count: float) -> str:
    """Return a number of bytes in a short form."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def count(number: int, what: str) -> str:
    """Return so many of something: ``1 file``, ``20,000 files``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def seconds(count: float) -> str:
    """Return a duration in a short form: ``0.4 s``, ``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if count < 9.95:
        return f"{max(count, 0):.1f} s"
    whole = round(count)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def more_or_less(count: int) -> str:
    """Return a difference in bytes with its sign: ``+1.5 MiB``."""
    return f"{'−' if count < 0 else '+'}{size(abs(count))}"


def print_json(value: Any) -> None:
    """Print a JSON document."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def json_line(event: str, **values: Any) -> str:
    """Return an event as one line of JSON."""
    import json

    return json.dumps({"event": event, **values})


def note(text: str) -> None:
    """Say something on stderr that is no result."""
    click.echo(text, err=True)


def on_terminal() -> bool:
    """Say whether a person can be asked: stdin and stderr are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def width(text: str) -> int:
    """Return the columns that printable text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def cut(text: str, cells: int) -> str:
    """Return as much of printable text as fits into so many columns."""
    text = text[: max(0, cells)]
    while width(text) > cells:
        text = text[:-1]
    return text
