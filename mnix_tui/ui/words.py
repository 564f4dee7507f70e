"""How ages, sizes and counts are written on the screen. Pure functions."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_ESCAPES = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]?|\x1b.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
_FINGERPRINT = re.compile(r"((?:\S+ )?SHA256:[A-Za-z0-9+/]{43})")
"""A key's fingerprint, with the kind of key before it."""

AHEAD = 60.0
"""Seconds in the future from which on a time is no time: some clock was wrong when it was noted."""


def ago(then: float | None, now: float) -> str:
    """Return how long ago ``then`` was, in at most eight characters; "never" for ``None``."""
    if then is None:
        return "never"
    if then > now + AHEAD:
        return "unknown"
    age = span(now - then)
    return age if age == "now" else f"{age} ago"


def span(seconds: float) -> str:
    """Return a length of time in at most four characters (``now``, ``42s``, ``3m``, ``5h``, ``12d``)."""
    if seconds < 5:
        return "now"
    for limit, unit, size in ((60, "s", 1), (3600, "m", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{int(seconds // size)}{unit}"
    days = int(seconds // 86400)
    return f"{days}d" if days < 730 else f"{days // 365}y"


def took(seconds: float) -> str:
    """Return how long something took (``0.4 s``, ``18 s``, ``2 min 5 s``, ``1 h 4 min``)."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: float | None) -> str:
    """Return a number of bytes with its unit (``812 B``, ``3.4 MiB``); "?" when unknown."""
    if count is None:
        return "?"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def brief_size(count: float) -> str:
    """Return a number of bytes in at most four characters (``812B``, ``3.4M``, ``41G``)."""
    for unit in "BKMGT":
        if count < 999.5 or unit == "T":
            text = f"{count:.1f}" if count < 9.95 and unit != "B" else f"{min(count, 999):.0f}"
            return text + unit
        count /= 1024
    raise AssertionError


def cores(number: float) -> str:
    """Return how many processors are busy, in at most four characters (``0.31``, ``12.5``)."""
    if number < 9.995:
        return f"{number:.2f}"
    return f"{number:.1f}" if number < 99.95 else f"{min(number, 9999):.0f}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun (``1 server``, ``2,000 projects``)."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def aged(note: str, age: float | None) -> str:
    """Return a note with the age of what it is about, where that has to be said."""
    return note if age is None else " · ".join(filter(None, (f"{span(age)} ago", note)))


def unsent(number: int) -> str:
    """Return the sentence about typed bytes that no server confirmed."""
    were = "was" if number == 1 else "were"
    return f"{count(number, 'byte')} that {were} typed {were} not sent, or not confirmed."


def fit(text: str, width: int) -> str:
    """Return ``text`` cut to ``width`` characters, with an ellipsis where something is missing."""
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 0 else ""


def fit_name(name: str, width: int) -> str:
    """Return ``name`` cut to ``width`` characters in its middle: many differ at their ends only."""
    end = (width - 1) // 2
    if len(name) <= width or end < 1:
        return fit(name, width)
    return f"{name[: width - 1 - end]}…{name[-end:]}"


def plain(text: str) -> str:
    """Return untrusted ``text`` on one line, without control or direction-changing characters."""
    return _CONTROL.sub(" ", text).strip()


def visible(text: str) -> str:
    """Return untrusted ``text`` without control characters, with its spaces, tabs expanded."""
    return _CONTROL.sub("", _ESCAPES.sub("", text.expandtabs()))


def apart(text: str) -> list[str]:
    """Return ``text`` with each fingerprint of a key on a line of its own: two can be compared."""
    parts = (part.strip(" ,;") for part in _FINGERPRINT.split(text))
    return [part for part in parts if part]


def wrapped(text: str, width: int) -> list[str]:
    """Return ``text`` in lines of ``width`` characters, none of which breaks a fingerprint."""
    lines = []
    for part in apart(text):
        if len(part) > width and _FINGERPRINT.fullmatch(part):
            part = part.replace(":", ": ")  # what is compared stays in one piece
        lines += textwrap.wrap(part, width, break_on_hyphens=False)
    return lines


def meter(part: float, width: int = 10) -> str:
    """Return a bar of ``width`` cells for a share from 0 to 1 (``━━━╌╌``)."""
    filled = round(min(max(part, 0.0), 1.0) * width)
    return "━" * filled + "╌" * (width - filled)


def spark(shares: Sequence[float], width: int = 3) -> str:
    """Return the last ``width`` shares (0 to 1) as little columns (``▂▃▅``)."""
    return "".join(
        _BLOCKS[min(int(min(max(share, 0.0), 1.0) * len(_BLOCKS)), len(_BLOCKS) - 1)]
        for share in shares[-width:]
    )


def home_short(path: str, home: str) -> str:
    """Return ``path`` with the home folder written as ``~``."""
    if path == home:
        return "~"
    return f"~{path[len(home) :]}" if home and path.startswith(home.rstrip("/") + "/") else path
