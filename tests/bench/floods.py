"""What floods a terminal in the benchmarks: generated data, the same in every run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20
_WORDS = [
    "building",
    "checking",
    "phase",
    "install",
    "fixup",
    "output",
    "copying",
    "path",
    "store",
    "derivation",
    "ok",
]
_SCRIPTS = "日本語の文字列 한국어 텍스트 Ελληνικά кириллица naïve café ☃ → ✓ 🚀 🎉 combining: e\u0301 a\u0308"


def plain_log(size: int) -> bytes:
    """A build's log: short lines, a colour now and then."""
    chance = random.Random(1)
    out = bytearray()
    while len(out) < size:
        words = " ".join(chance.choices(_WORDS, k=chance.randint(3, 14)))
        out += f"tool-{len(out) % 997}> {words}\r\n".encode()
    return bytes(out)


def redraws(size: int) -> bytes:
    """A full-screen program: every line of 200×50 drawn again and again, in a few colours."""
    chance = random.Random(2)
    out = bytearray(b"\x1b[?1049h")
    while len(out) < size:
        out += b"\x1b[H"
        for row in range(50):
            parts = "".join(
                f"\x1b[{chance.randint(30, 37)}m{chance.choice(_WORDS):<20}" for _ in range(9)
            )
            out += f"\x1b[{row + 1};1H\x1b[1m{row:4}\x1b[0m {parts}\x1b[m\x1b[K".encode()
    return bytes(out + b"\x1b[?1049l")


def unicode_text(size: int) -> bytes:
    """Wide, combined and pictured characters."""
    chance = random.Random(3)
    words = _SCRIPTS.split()
    out = bytearray()
    while len(out) < size:
        out += (" ".join(chance.choices(words, k=12)) + "\r\n").encode()
    return bytes(out)


def true_colours(size: int) -> bytes:
    """Every cell in a colour that no other one has."""
    out = bytearray()
    colour = 0
    while len(out) < size:
        for _ in range(200):
            colour = (colour + 7919) & 0xFFFFFF
            red, green, blue = colour >> 16, colour >> 8 & 255, colour & 255
            out += b"\x1b[38;2;%d;%d;%dm#" % (red, green, blue)
        out += b"\x1b[m\r\n"
    return bytes(out)


FLOODS: dict[str, tuple[Callable[[int], bytes], int, float]] = {
    "plain log": (plain_log, 10 * MIB, 0.75),
    "full-screen redraws": (redraws, 10 * MIB, 0.75),
    "unicode": (unicode_text, 5 * MIB, 0.75),
    "unique true colours": (true_colours, 5 * MIB, 0.5),
}
"""Each flood's generator, its size in bytes, and the share of tmux's speed that is wanted."""
