"""What a rebuild's tab looks like: while it runs, when it failed, with its log, without its link."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from mnix_tui.ui.panes.build import BuildPane
from mnix_tui.ui.widgets.build_tree import BuildTree
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.helpers import asettle
from tests.snapshots.test_snapshots import (
    Compare,
    _app,
    _at,
    _bench,
    _calm,
    _main,
    _text,
    each_size,
)

WEB, FAILED = ("tokyo/tokyo-web", "web1"), ("lisbon/lisbon-forecast-service-2", "fore34")


def _tab(
    row: str, job: str, *press: str, until: str = "", down: str = ""
) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Open a rebuild's tab, press keys, and wait until a text is there."""

    async def steps(pilot: Pilot[int]) -> None:
        await _at(row)(pilot)
        detail = _main(pilot).query_one(Detail)
        detail.activate(job, focus=True)
        await asettle(lambda: isinstance(detail.pane, BuildPane), what="the tab")
        pane = detail.pane
        assert isinstance(pane, BuildPane)
        await asettle(lambda: pane._drawn, what="the first drawing")
        await asettle(lambda: pane.query_one(BuildTree).has_focus, what="the keyboard")
        await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        if down:
            _bench(pilot).watches[job].lose(down)
            await asettle(lambda: pane.has_class("-lost"))
        if until:
            await asettle(lambda: until in _text(pilot), what=until)
        await asettle(lambda: _calm(pilot))
        await pilot.pause()

    return steps


@each_size
def test_build_running(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_tab(*WEB, until="59%"))


@each_size
def test_build_failed(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_tab(*FAILED, until="failed to"))


def test_build_not_evaluated(snap_compare: Compare) -> None:
    steps = _tab("lisbon/lisbon-etl", "etl1", until="undefined")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def _silent() -> MemoryWorkbench:
    bench = demo.workbench()
    bench.logs["web1"] = b""
    return bench


@each_size
def test_build_waits_for_output(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _tab(*WEB, until="waiting for")
    assert snap_compare(_app(_silent()), terminal_size=size, run_before=steps)


@each_size
def test_build_link_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _tab(*WEB, down="the connection was closed", until="link lost")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_build_node(snap_compare: Compare) -> None:
    steps = _tab(*WEB, "down", until="better-sqlite3")
    assert snap_compare(_app(), terminal_size=(200, 50), run_before=steps)


def test_build_log_searched(snap_compare: Compare) -> None:
    steps = _tab(*WEB, "enter", "slash", *"pro", until=" of 9")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_build_cancel_asks(snap_compare: Compare) -> None:
    steps = _tab(*WEB, "x", until="Cancel this rebuild?")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


@pytest.mark.parametrize("tab", [WEB, FAILED], ids=["running", "failed"])
def test_build_light(snap_compare: Compare, tab: tuple[str, str]) -> None:
    steps = _tab(*tab, "down")
    assert snap_compare(_app(theme="light"), terminal_size=(120, 36), run_before=steps)


@pytest.mark.parametrize("tab", [WEB, FAILED], ids=["running", "failed"])
def test_build_no_color(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, tab: tuple[str, str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    steps = _tab(*tab, "down")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)
