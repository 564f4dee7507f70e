"""Keys in a dashboard of 200 servers with 2,000 projects: how long each takes with all it draws."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual import events

from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.pauses import keep_pauses_short
from mnix_tui.ui.workbench import demo, demo_fleet
from tests.bench.measure import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.pilot import Pilot

    from tests.bench.measure import Report

SERVERS, PROJECTS = 200, 10
TARGET = 50.0
"""Milliseconds."""
_KINDS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("down a row", [], ["down"] * 60),
    ("down a page", ["home"], ["pagedown"] * 30),
    ("narrow the fleet by a letter", ["f"], [*"web #eu", *["backspace"] * 7] * 2),
    ("find a project by a letter", ["escape", "slash"], [*"search", *["backspace"] * 6] * 2),
)


def run(report: Report) -> None:
    """Measure and print."""
    report.title(f"Keys in a fleet of {SERVERS} servers with {SERVERS * PROJECTS:,} projects")
    for what, sample in asyncio.run(_measure()):
        report.value(f"{what}, median", sample.p50 * 1e3, "ms", TARGET)
        report.value(f"{what}, 99th percentile", sample.p99 * 1e3, "ms", 3 * TARGET)


async def _measure() -> list[tuple[str, Sample]]:
    bench = demo_fleet.workbench(demo.NOW, SERVERS, PROJECTS)
    app = MnixApp(bench, clock=lambda: demo.NOW, home=demo.HOME)
    found = []
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        keep_pauses_short()
        for what, before, keys in _KINDS:
            await _press(pilot, before)
            found.append((what, Sample(tuple(await _press(pilot, keys)))))
    return found


async def _press(pilot: Pilot[int], keys: Iterable[str]) -> list[float]:
    """Press keys one by one; return the seconds of work that each took."""
    took = []
    for key in keys:
        before = time.process_time()
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        took.append(time.process_time() - before)
    return took
