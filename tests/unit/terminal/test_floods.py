"""Floods: bounded memory, no crash, no hang, and afterwards the terminal works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnix_tui.terminal import Emulator
from tests.unit.terminal.flood import FLOODS

MOST_MIB = 60
"""16 MiB of history, as much again for styles and marks, and what the process leaves unused."""
GROUPS = [list(FLOODS)[start::3] for start in range(3)]


@pytest.mark.parametrize("names", GROUPS, ids=["one", "two", "three"])
def test_floods(names: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.terminal.flood", *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["name"] for result in results] == names
    for result in results:
        assert result["mib"] <= MOST_MIB, result
        assert result["longest"] < 3, result  # seconds for 8 kB, on a busy machine
        assert result["events"] < 9000, result
        assert result["replies"] <= 64 * 1024, result
        assert result["after"] == "fine", result


@pytest.mark.parametrize("size", [(1, 1), (1000, 1000), (2000, 3)])
def test_floods_at_odd_sizes(size: tuple[int, int]) -> None:
    emulator = Emulator(*size, scrollback_bytes=16 << 20)
    data = FLOODS["random bytes"]()[: 1 << 19]
    emulator.feed(data)
    emulator.feed("中文 e\u0301 \U0001f469\u200d\U0001f467".encode() * 500)
    emulator.feed(b"\x1b[1;31mred\x1b]133;A\x07$ \x1b[2J\x1b[99999b\x1b[9;9r\r\n" * 200)
    rows = emulator.frame(force=True).rows
    assert all(sum(run.width for run in row) == emulator.cols for row in rows.values())
    assert len(emulator.lines(0, 50)) == min(50, emulator.total_rows)
    emulator.resize(80, 24)
    emulator.feed(b"\x18\x1b\\\x1bc\x1b[?2026lfine")
    assert emulator.text().splitlines()[0] == "fine"
