"""Every sequence by itself: the emulator shows what tmux shows, or what xterm does and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mnix_tui.terminal import Emulator
from tests.conformance import compare
from tests.conformance.sequences import ALL, COLS, GROUPS, ROWS

if TYPE_CHECKING:
    from tests.conformance.oracle import Oracle

MISSING = "tmux does not know it"
PENDING = "xterm puts the cursor on the last cell while a wrap is pending, tmux behind it"
ERASED = "an erasure takes the pending wrap back in xterm"
HALF = "half a wide character is blank in xterm; tmux leaves a cell too many or too few"
HOMED = "VT220 and xterm go to the first column with IL and DL; so do kitty and VTE"
OUTSIDE = "outside the region nothing is inserted or deleted; tmux goes by the screen's bottom"
BYTES = "xterm shows invalid bytes as replacement characters, tmux drops them"

DIFFERENT = {
    "cursor: HPR": (MISSING, "    x", 2),
    "cursor: VPR": (MISSING, "  x", 4),
    "cursor: newline mode": (MISSING, "cd", 1),
    "cursor: restore brings the pending wrap": ("xterm saves it", "x", 2),
    "cursor: private save 1048": (MISSING, "  x", 2),
    "wrap: wrap is pending at the margin": (PENDING, "123456789012345678x0", 0),
    "wrap: LF keeps the column": (PENDING, " " * 19 + "x", 1),
    "wrap: BS at a pending wrap": (PENDING, "123456789012345678x0", 0),
    "wrap: EL at a pending wrap": (ERASED, "1234567890123456789x", 0),
    "wrap: ECH at a pending wrap": (ERASED, "1234567890123456789x", 0),
    "wrap: DCH at a pending wrap": (ERASED, "1234567890123456789x", 0),
    "wrap: no wrap off again": ("xterm remembers the pending wrap", "ab", 1),
    "wrap: REP wide": ("tmux repeats narrow characters only", "中中中x", 0),
    "wrap: REP wraps": ("tmux stops at the margin", "xxx", 1),
    "edit: ICH beyond the margin": ("tmux ignores it", "0123456789abcd", 2),
    "edit: IL": (HOMED, "x", 2),
    "edit: IL beyond": (HOMED, "", 2),
    "edit: DL": (HOMED, "x" + "e" * 19, 2),
    "edit: DL beyond": (HOMED, "", 2),
    "edit: DCH splits wide": (HALF, " 文ab", 0),
    "edit: ICH splits wide": (HALF, "   文ab", 0),
    "edit: ECH splits wide": (HALF, "    ab", 0),
    "edit: EL splits wide": (HALF, "中", 0),
    "edit: EL left splits wide": (HALF, "    ab", 0),
    "edit: print over the second half of wide": (HALF, " x文ab", 0),
    "edit: DECSED does not harm": (MISSING, "cccc", 2),
    "edit: protected cells": (MISSING, "ab", 0),
    "region: IL outside the region": (OUTSIDE, "x" + "e" * 19, 4),
    "region: DL outside the region": (OUTSIDE, "x" + "f" * 19, 5),
    "tabs: CHT": (MISSING, " " * 16 + "x", 0),
    "charsets: single shift 2": (MISSING, "─q", 0),
    "charsets: UK": (MISSING, "£#", 0),
    "screens: 47 keeps": ("mode 47 never clears in xterm", "alt", 0),
    "widths: combining at the margin": (PENDING, "1234567890123456789e\u0301", 0),
    "widths: invalid UTF-8": (BYTES, "a\ufffdb\ufffd(c\ufffdd\ufffdx", 0),
    "widths: overlong": (BYTES, "a\ufffd\ufffdb", 0),
    "widths: surrogate": (BYTES, "a\ufffd\ufffd\ufffdb", 0),
    "controls: CSI with a huge number": ("xterm clamps it, tmux drops it", "x", 5),
    "styles: overline": ("tmux does not capture it", "ab", 0),
}
"""Where we differ from tmux on purpose: the reason, and a row as it is then."""


@pytest.mark.parametrize(("name", "data"), ALL, ids=[name for name, _ in ALL])
def test_sequence(oracle: Oracle, name: str, data: bytes) -> None:
    emulator = Emulator(COLS, ROWS)
    emulator.feed(data)
    ours = compare.screen(emulator)
    oracle.reset(COLS, ROWS)
    oracle.write(data)
    theirs = compare.painted(oracle.captured(), COLS)
    difference = compare.difference(name, ours, theirs)
    if name in DIFFERENT:
        reason, text, row = DIFFERENT[name]
        assert difference, f"no longer different: {reason}"
        assert ours.text[row] == text
    else:
        assert not difference, difference


@pytest.mark.parametrize("group", GROUPS)
def test_sequences_byte_by_byte(group: str) -> None:
    for name, data in GROUPS[group].items():
        whole, single = Emulator(COLS, ROWS), Emulator(COLS, ROWS)
        whole.feed(data)
        for at in range(len(data)):
            single.feed(data[at : at + 1])
        assert compare.screen(single) == compare.screen(whole), name
