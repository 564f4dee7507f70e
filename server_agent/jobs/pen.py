"""How text looks at one place of a log: its attributes and its open link, found by looking back."""

from __future__ import annotations

import re

WINDOW = 256 << 10
"""Bytes before the place that are looked at; what was set earlier is taken for reset."""
_MOST = 64  # sequences; a picture without a reset has tens of thousands, of which few still count
_RESETS = (b"\x1b[m", b"\x1b[0m", b"\x1b[!p", b"\x1bc")
_SGR = re.compile(rb"\x1b\[([0-9;:]{0,64})m")
_ONE_COLOUR = re.compile(
    rb"(?:(?P<fore>3[0-79]|9[0-7]|38[;:]5[;:]\d+|38[;:]2[;:][\d;:]+)"
    rb"|(?P<back>4[0-79]|10[0-7]|48[;:]5[;:]\d+|48[;:]2[;:][\d;:]+))\Z"
)
_COLOUR_AND_MORE = re.compile(rb"[34]8;2;\d*;\d*;\d*;|[34]8;5;\d*;")
_LINK = re.compile(rb"\x1b\]8;[^\x07\x1b;]{0,256};[^\x07\x1b]{1,2048}(?:\x07|\x1b\\)")


def after(data: bytes) -> bytes:
    """Return what makes a fresh terminal write as one that has just shown ``data``."""
    start = max(0, *(data.rfind(reset) for reset in _RESETS))
    kept: list[bytes] = []
    seen: set[bytes] = set()
    for numbers in reversed(_SGR.findall(data, start)):
        # Of two equal ones only the later counts; the same goes for colours of one kind.
        kind = numbers
        if not _COLOUR_AND_MORE.match(numbers):
            colour = _ONE_COLOUR.match(numbers)
            kind = (colour.lastgroup or "").encode() if colour else numbers
        if kind not in seen:
            seen.add(kind)
            kept.append(numbers)
        if not numbers.split(b";", 1)[0].strip(b"0") or len(kept) >= _MOST:
            break
    if kept and not kept[-1].strip(b"0"):
        kept.pop()
    return b"".join(b"\x1b[%sm" % numbers for numbers in reversed(kept)) + _link(data)


def _link(data: bytes) -> bytes:
    at = data.rfind(b"\x1b]8;")
    found = _LINK.match(data, at) if at >= 0 else None
    return found[0] if found else b""
