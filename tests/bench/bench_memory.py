"""What ten shells with full histories take: `python -m tests.bench.bench_memory`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.terminal import SCROLLBACK_LINES, Emulator
from mnix_tui.terminal.memory import LOOSE_BYTES
from tests.bench.measure import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = 10
COLS, ROWS = 200, 50
MIB = 1024 * 1024
COMPRESSED = 16 * MIB
"""What a compressed history of 100,000 lines of a log may take."""
WHILE_FLOODED = LOOSE_BYTES + SHELLS * COMPRESSED
AT_REST = SHELLS * COMPRESSED


def resident() -> int:
    """Return the process's resident bytes now (its peak where /proc is missing)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * resource.getpagesize()


def log(shell: int, lines: int) -> Iterator[bytes]:
    """Go through a log, coloured as build tools do, in pieces of 1000 lines."""
    for start in range(0, lines, 1000):
        yield b"".join(
            b"\x1b[2m%02d:%02d:%02d\x1b[0m \x1b[3%dmINFO\x1b[0m shell %d: request %d handled in "
            b"%d ms, path=/api/v1/things/%d\r\n"
            % (n // 3600 % 24, n // 60 % 60, n % 60, n % 8, shell, n, n * 7919 % 997, n * 31 % 8191)
            for n in range(start, start + 1000)
        )


def measured() -> tuple[int, int, int]:
    """Fill ten terminals; return the bytes meanwhile and at rest, and the fewest lines kept."""
    before = resident()
    shells = [Emulator(COLS, ROWS) for _ in range(SHELLS)]
    peak = 0
    for pieces in zip(*(log(n, SCROLLBACK_LINES) for n in range(SHELLS)), strict=True):
        for shell, piece in zip(shells, pieces, strict=True):
            shell.feed(piece)
        peak = max(peak, resident() - before)
    for shell in shells:
        while not shell.tidy(0.01):
            pass
    rest = resident() - before
    kept = min(shell.total_rows for shell in shells)
    return peak, rest, kept


def run(report: Report) -> None:
    """Print what they take against the bounds."""
    report.title(f"Memory of {SHELLS} shells with {SCROLLBACK_LINES} lines of {COLS} columns each")
    peak, rest, kept = measured()
    report.value("while they flood", peak / MIB, "MiB", WHILE_FLOODED / MIB)
    report.value("at rest", rest / MIB, "MiB", AT_REST / MIB)
    report.least("lines kept", kept, SCROLLBACK_LINES)


if __name__ == "__main__":
    outcome = Report()
    run(outcome)
    sys.exit(bool(outcome.missed))
