"""What the screens of files look like: previews, conflicts, the trash, cloning and adopting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mnix_tui.domain.projects import Project
from mnix_tui.domain.sync import Choice, Direction, Trashed
from mnix_tui.errors import RemoteError, SyncError, Unreachable
from mnix_tui.sync.model import Conflict, SyncReport
from mnix_tui.sync.watch import Trouble, Waiting, WatchEvent, Watching
from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from mnix_tui.ui.workbench.port import Progress
from tests.helpers import asettle

SIZES = [(80, 24), (120, 36), (200, 50)]
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
API, GATEWAY, WEB, NOTES = (
    "tokyo/tokyo-api",
    "lisbon/lisbon-gateway",
    "tokyo/tokyo-web",
    "tokyo/tokyo-docs-site",
)

Compare = Callable[..., bool]
Steps = Callable[[Pilot[int]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the folder the same wherever this runs."""
    (tmp_path / "code").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "code")


def _app(bench: MemoryWorkbench | None = None, theme: str = "") -> MnixApp:
    app = MnixApp(bench or demo.workbench(), theme=theme, clock=lambda: demo.NOW, home=demo.HOME)
    app.animation_level = "none"
    return app


def _text(pilot: Pilot[int]) -> str:
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def _at(row: str, *press: str, until: str) -> Steps:
    """Select a row, press keys, and wait until a text is on screen."""

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.pause()
        assert pilot.app.screen_stack[0].query_one(FleetTree).select(row)
        await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        await asettle(lambda: until in _text(pilot), what=until)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    return steps


class _Slow(MemoryWorkbench):
    """Never answers: that is what loading looks like."""

    def __init__(self) -> None:
        super().__init__(**vars(demo.workbench()))

    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        await asyncio.Event().wait()
        raise AssertionError

    async def conflicts(self, project: Project) -> list[Conflict]:
        await asyncio.Event().wait()
        raise AssertionError

    async def trash(self, project: Project, *, here: bool) -> list[Trashed]:
        await asyncio.Event().wait()
        raise AssertionError

    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        progress("sending files", 91_226_112, 149_316_403)
        await asyncio.Event().wait()
        raise AssertionError

    async def resolve(
        self, project: Project, choices: Mapping[str, Choice], progress: Progress
    ) -> SyncReport:
        await asyncio.Event().wait()
        raise AssertionError


def _failing(method: str) -> MemoryWorkbench:
    bench = demo.workbench()
    bench.failures[method] = SyncError(
        "The folder is gone: ~/code/api",
        "nothing was deleted on tokyo",
        "put it back, or mnix adopt gives the project another one",
    )
    return bench


# -- before a push or a pull


@each_size
def test_preview(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at(API, "p", until="tiles.mbtiles")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_preview_of_each_file(snap_compare: Compare) -> None:
    steps = _at(API, "p", "f", until="src/lib.rs")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_preview_of_a_pull(snap_compare: Compare) -> None:
    steps = _at(API, "P", until="notes/")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_preview_with_conflicts(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "p", until="nothing of them is touched")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_preview_of_nothing(snap_compare: Compare) -> None:
    steps = _at(NOTES, "p", until="Nothing to do")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_preview_loading(snap_compare: Compare) -> None:
    steps = _at(API, "p", until="Comparing the files")
    assert snap_compare(_app(_Slow()), terminal_size=(80, 24), run_before=steps)


def test_preview_failed(snap_compare: Compare) -> None:
    steps = _at(API, "p", until="put it back")
    assert snap_compare(_app(_failing("sync_preview")), terminal_size=(80, 24), run_before=steps)


def test_preview_in_the_light(snap_compare: Compare) -> None:
    steps = _at(API, "p", until="tiles.mbtiles")
    assert snap_compare(_app(theme="light"), terminal_size=(120, 36), run_before=steps)


def test_pushing(snap_compare: Compare) -> None:
    steps = _at(API, "p", "enter", until="cancel")
    assert snap_compare(_app(_PushesSlowly()), terminal_size=(80, 24), run_before=steps)


class _PushesSlowly(_Slow):
    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        return await MemoryWorkbench.sync_preview(self, project, direction)


def test_pushed(snap_compare: Compare) -> None:
    steps = _at(API, "p", "enter", until="sent 12 files")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


# -- conflicts


@each_size
def test_conflicts(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at(GATEWAY, "c", until="upstream")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_conflicts_decided(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "c", "h", "down", "b", until="applies 2")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_no_conflicts(snap_compare: Compare) -> None:
    steps = _at(API, "c", until="No conflicts")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_conflicts_loading(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "c", until="Looking for conflicts")
    assert snap_compare(_app(_Slow()), terminal_size=(80, 24), run_before=steps)


def test_conflicts_failed(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "c", until="put it back")
    assert snap_compare(_app(_failing("conflicts")), terminal_size=(80, 24), run_before=steps)


def test_a_difference_that_can_not_be_read(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.failures["conflict_diff"] = RemoteError("lisbon is busy", "a push runs", "wait for it")
    steps = _at(GATEWAY, "c", until="wait for it")
    assert snap_compare(_app(bench), terminal_size=(80, 24), run_before=steps)


def test_conflicts_in_the_light(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "c", "h", until="upstream")
    assert snap_compare(_app(theme="light"), terminal_size=(120, 36), run_before=steps)


# -- the trash


@each_size
def test_trash(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at(API, "T", "space", until="restores 1 file")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_trash_empty(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, "T", until="Nothing was replaced")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_trash_loading(snap_compare: Compare) -> None:
    steps = _at(API, "T", until="Reading the trash")
    assert snap_compare(_app(_Slow()), terminal_size=(80, 24), run_before=steps)


def test_trash_failed(snap_compare: Compare) -> None:
    steps = _at(API, "T", until="put it back")
    assert snap_compare(_app(_failing("trash")), terminal_size=(80, 24), run_before=steps)


def test_trash_here_in_the_light(snap_compare: Compare) -> None:
    steps = _at(API, "T", "tab", until="by ann")
    assert snap_compare(_app(theme="light"), terminal_size=(120, 36), run_before=steps)


# -- the main screen


def _watched(event: WatchEvent) -> Steps:
    async def steps(pilot: Pilot[int]) -> None:
        await _at(WEB, until="⇄")(pilot)
        screen = pilot.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        assert isinstance(screen.bench, MemoryWorkbench)
        view = next(one for one in screen.bench.state.projects if one.project.name == "web")
        screen.bench.tell_watch(view.project, event)
        await asettle(lambda: WEB in screen.model.watches)
        await pilot.pause()

    return steps


def test_conflicts_in_the_overview(snap_compare: Compare) -> None:
    steps = _at(GATEWAY, until="2 conflicts")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_watched(snap_compare: Compare) -> None:
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=_watched(Watching()))


def test_watch_waiting(snap_compare: Compare) -> None:
    steps = _watched(Waiting("tokyo can't be reached: no route to host"))
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_watch_in_trouble(snap_compare: Compare) -> None:
    error = Unreachable("The disk of tokyo is full", "12 KiB are free", "make room there")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=_watched(Trouble(error)))


# -- projects whose files are elsewhere


def _stranger() -> MemoryWorkbench:
    """Return the demo with a project that another client made."""
    bench = demo.workbench()
    bench.state = replace(
        bench.state,
        projects=tuple(
            replace(view, project=replace(view.project, folder=""))
            if view.project.name == "docs-site"
            else view
            for view in bench.state.projects
        ),
    )
    return bench


def test_adopting(snap_compare: Compare) -> None:
    steps = _at(NOTES, "A", until="It is new")
    assert snap_compare(_app(_stranger()), terminal_size=(80, 24), run_before=steps)


def test_a_project_without_a_folder(snap_compare: Compare) -> None:
    steps = _at(NOTES, until="give it a folder")
    assert snap_compare(_app(_stranger()), terminal_size=(120, 36), run_before=steps)


@each_size
def test_from_git(snap_compare: Compare, size: tuple[int, int]) -> None:
    typed = ("n", "shift+tab", "right", "tab", *"git@git.example.org:me/weather.git")
    steps = _at("tokyo", *typed, until="lent")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)
