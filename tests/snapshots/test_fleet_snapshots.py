"""What a fleet of two hundred servers looks like: grouped, narrowed, marked, folded, and alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo, demo_fleet
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.helpers import asettle

SIZES = [(80, 24), (120, 36), (200, 50)]
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")

Compare = Callable[..., bool]


def _app(bench: MemoryWorkbench | None = None, theme: str = "", later: float = 0) -> MnixApp:
    bench = bench or demo_fleet.workbench(demo.NOW)
    app = MnixApp(bench, theme=theme, clock=lambda: demo.NOW + later, home="/home/dev")
    app.animation_level = "none"
    return app


def _at(row: str, *press: str, until: str = "") -> Callable[[Pilot[int]], object]:
    """Select a row, press keys, and wait until a text is on screen."""

    async def steps(pilot: Pilot[int]) -> None:
        main = pilot.app.screen_stack[0]
        assert isinstance(main, MainScreen)
        await pilot.pause()
        if row:
            assert main.query_one(FleetTree).select(row)
            await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        if until:
            await asettle(lambda: until in _text(pilot), what=until)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    return steps


def _text(pilot: Pilot[int]) -> str:
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


@each_size
def test_a_large_fleet(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("host-10/host-10-search", until="Processor")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_a_server_of_many(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("host-5", until="12.3 ms")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_narrowed(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("", "f", *"web #eu", until="40 ")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_narrowed_to_nothing(snap_compare: Compare) -> None:
    steps = _at("", "f", *"nobody", until="Nothing found")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


@each_size
def test_a_group(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("#gpu", until="40 servers")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_trouble_first(snap_compare: Compare) -> None:
    steps = _at("", "F", "number_sign", "o", "home", until="trouble first")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_the_fleet_alone(snap_compare: Compare) -> None:
    steps = _at("host-12", "m", until="store")
    assert snap_compare(_app(), terminal_size=(200, 50), run_before=steps)


def test_marked(snap_compare: Compare) -> None:
    steps = _at("host-1", "space", "down", "space", until="marked")
    assert snap_compare(_app(theme="light"), terminal_size=(200, 50), run_before=steps)


def test_marked_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    steps = _at("host-1/host-1-web", "space", "up", until="1 marked")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_the_question_about_several(snap_compare: Compare) -> None:
    steps = _at("", "f", *"#gpu", "enter", "asterisk", "x", until="projects on")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


@each_size
def test_values_that_are_old(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Nobody told anything for 40 s, although the servers are online."""
    steps = _at("host-5", until="42s ago")
    assert snap_compare(_app(later=40), terminal_size=size, run_before=steps)


def test_a_server_that_is_away(snap_compare: Compare) -> None:
    bench = demo_fleet.workbench(demo.NOW)
    names = {"host-3": "dc-1.lab-rack-7"}
    servers = tuple(
        replace(
            view, server=replace(view.server, tags=(*view.server.tags, names[view.server.name]))
        )
        if view.server.name in names
        else view
        for view in bench.state.servers
    )
    bench.state = replace(bench.state, servers=servers)
    steps = _at("host-3", until="as they were")
    assert snap_compare(_app(bench), terminal_size=(120, 36), run_before=steps)
