"""What scrolls out of sight is kept as tmux keeps it, or as xterm does and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mnix_tui.terminal import Emulator
from tests.conformance import compare
from tests.conformance.sequences import COLS, FILL, ROWS

if TYPE_CHECKING:
    from tests.conformance.oracle import Oracle

CASES = {
    "line ends": b"".join(b"line %d\r\n" % number for number in range(20)),
    "wraps": b"x" * 300,
    "IND": FILL + b"\x1b[6;1H\x1bD\x1bD",
    "RI brings nothing back": FILL + b"\x1b[6;1H\n\n\x1b[H\x1bM",
    "region at the top": FILL + b"\x1b[1;4r\x1b[4;1H\n\nx\x1b[r",
    "SU": FILL + b"\x1b[2S",
    "SU in a region at the top": FILL + b"\x1b[1;4r\x1b[2S\x1b[r",
    "DL at the top": FILL + b"\x1b[H\x1b[2M",
    "alternate screen": FILL + b"\x1b[?1049h" + b"x\r\n" * 20 + b"\x1b[?1049l",
    "ED 3": FILL + b"\r\n\n\n\n\n\n\n\x1b[3J",
    "clear": FILL + b"\x1b[6;1H\n\n\x1b[H\x1b[2J\x1b[3J",
}
DIFFERENT = {
    # xterm keeps only what leaves the screen at its top.
    "region below the top": (FILL + b"\x1b[2;4r\x1b[4;1H\n\nx\x1b[r", 6),
    # tmux has an option that keeps what is erased; it is on. xterm forgets it.
    "ED 2": (FILL + b"\x1b[H\x1b[2J", 6),
    # xterm forgets the history as well.
    "RIS": (FILL + b"\x1b[6;1H\n\n\x1bc", 6),
}


@pytest.mark.parametrize("name", [*CASES, *DIFFERENT])
def test_history(oracle: Oracle, name: str) -> None:
    data = CASES[name] if name in CASES else DIFFERENT[name][0]
    emulator = Emulator(COLS, ROWS)
    emulator.feed(data)
    oracle.reset(COLS, ROWS)
    oracle.write(data)
    theirs = compare.painted(oracle.captured(history=True), COLS).text
    if name in DIFFERENT:
        assert len(compare.history(emulator)) == DIFFERENT[name][1] < len(theirs)
    else:
        assert compare.history(emulator) == theirs
