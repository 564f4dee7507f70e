"""What the screen looks like, at three sizes and in the states that people meet."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import JobState, ProjectState, ServerState
from mnix_tui.errors import Busy, RemoteError
from mnix_tui.fleet import FleetSnapshot
from mnix_tui.sessions import (
    AttachedClient,
    Clients,
    Exited,
    Leads,
    LinkDown,
    LinkWaiting,
    Output,
)
from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.helpers import asettle

SIZES = [(80, 24), (120, 36), (200, 50)]
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")

Compare = Callable[..., bool]
Steps = Callable[[Pilot[int]], Awaitable[None]]


def _app(bench: MemoryWorkbench | None = None, theme: str = "") -> MnixApp:
    app = MnixApp(bench or demo.workbench(), theme=theme, clock=lambda: demo.NOW, home=demo.HOME)
    app.animation_level = "none"
    return app


def _main(pilot: Pilot[int]) -> MainScreen:
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


def _at(row: str, *press: str, until: str = "") -> Steps:
    """Select a row, press keys, and wait until a text is on screen."""

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.pause()
        if row:
            assert _main(pilot).query_one(FleetTree).select(row)
            await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        if until:
            await asettle(lambda: until in _text(pilot), what=until)
        await asettle(lambda: _calm(pilot))

    return steps


def _text(pilot: Pilot[int]) -> str:
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def _calm(pilot: Pilot[int]) -> bool:
    """Say whether no input blinks: its cursor is drawn then."""
    from textual.widgets import Input

    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    return True


@each_size
def test_project(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_at("tokyo/tokyo-api"))


@each_size
def test_server(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo", until="Podman")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(demo.empty()), terminal_size=size, run_before=_at("local"))


@each_size
def test_loading(snap_compare: Compare, size: tuple[int, int]) -> None:
    nothing = MemoryWorkbench(state=FleetSnapshot(), now=demo.NOW)
    assert snap_compare(_app(nothing), terminal_size=size, run_before=_at("", until="Reading"))


@each_size
def test_error(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_at("lisbon/lisbon-etl"))


@each_size
def test_offline(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_at("lab/lab-robot-arm"))


def test_all_offline_at_start(snap_compare: Compare) -> None:
    bench = demo.workbench()
    unknown = ServerStatus(ServerState.UNKNOWN, seen=demo.NOW - 900)
    servers = tuple(replace(view, status=unknown, stats=None) for view in bench.state.servers)
    bench.state = replace(bench.state, servers=servers, jobs=())
    assert snap_compare(_app(bench), terminal_size=(120, 36), run_before=_at("tokyo/tokyo-api"))


@each_size
def test_shell(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-api", "2", until="3 passed")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def _shell_with(*told: object, wish: str = "", until: str = "") -> Steps:
    """Open the first shell, let its link tell something, and wait for what is said about it."""

    async def steps(pilot: Pilot[int]) -> None:
        await _at("tokyo/tokyo-api", "2", until="3 passed")(pilot)
        pane = await _front(pilot)
        for event in told:
            _bench(pilot).streams["shell1"].tell(event)  # type: ignore[arg-type]
        if wish:
            pane.clipboard.wanted(wish)
        await asettle(lambda: until in _text(pilot).replace("\n", " "), what=until)

    return steps


async def _front(pilot: Pilot[int], other_than: ShellPane | None = None) -> ShellPane:
    """Wait until a shell has the keyboard."""
    detail = _main(pilot).query_one(Detail)

    def there() -> bool:
        shell = detail.shell
        return shell is not None and shell is not other_than and shell.has_focus_within

    await asettle(there, what="the keyboard in a shell")
    assert detail.shell is not None
    return detail.shell


def _bench(pilot: Pilot[int]) -> MemoryWorkbench:
    bench = _main(pilot).bench
    assert isinstance(bench, MemoryWorkbench)
    return bench


@each_size
def test_split(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await _at("tokyo/tokyo-api", "2", until="3 passed")(pilot)
        first = await _front(pilot)
        await pilot.press("ctrl+backslash", "vertical_line")
        second = await _front(pilot, first)
        _bench(pilot).streams[second.job.id].tell(Output(b"\x1b]2;top\x07load: 0.31\r\n", 0))
        await pilot.press("ctrl+backslash", "minus")
        third = await _front(pilot, second)
        ann = Clients((AttachedClient("ann@laptop", demo.NOW - 60),), 2)
        _bench(pilot).streams[third.job.id].tell(ann)
        await asettle(lambda: "load: 0.31" in _text(pilot))
        await asettle(lambda: third.status.others == ("ann@laptop",))
        await pilot.pause()

    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_marks(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await _at("tokyo/tokyo-api", "2", until="3 passed")(pilot)
        first = await _front(pilot)
        await pilot.press("ctrl+backslash", "n")
        await _front(pilot, first)
        first.post_message(ShellPane.CommandEnded("shell1", 2, 1.0))
        await asettle(lambda: "Shell 1 ✕ 2" in _text(pilot))

    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_link_down(snap_compare: Compare, size: tuple[int, int]) -> None:
    down = LinkDown("no route to host", demo.NOW - 42)
    trying = LinkWaiting("no route to host", 5, demo.NOW + 8)
    steps = _shell_with(down, trying, until="next try")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


@each_size
def test_clipboard_question(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _shell_with(wish="x" * 214, until="into your clipboard")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_another_client_leads(snap_compare: Compare) -> None:
    ann = Clients((AttachedClient("ann@laptop", demo.NOW - 60),), 2)
    steps = _shell_with(ann, Leads(False, 60, 16), until="ann@laptop has 60×16")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_ended_shell(snap_compare: Compare) -> None:
    steps = _shell_with(Exited(3, "", unsent=2), until="runs a new shell")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_shells(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api", "w", until="since")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


@each_size
def test_rebuild(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-api", "4", until="switched to generation 12")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def _behind(**shell: Any) -> MemoryWorkbench:
    """Return the demo with a shell that another generation is ready for."""
    bench = demo.workbench()
    jobs = tuple(
        replace(job, generation=11, **shell) if job.id == "shell1" else job
        for job in bench.state.jobs
    )
    bench.state = replace(bench.state, jobs=jobs)
    return bench


@each_size
def test_building(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-web", until="Rebuilding")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_folded_building(snap_compare: Compare) -> None:
    steps = _at("tokyo", "left", until="Podman")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


@each_size
def test_drift(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-docs-site", "D", until="treefmt-nix")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_drift_in_the_overview(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-docs-site", until="Not pushed")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


@each_size
def test_generations(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-api", "b", until="sqlx-cli")
    assert snap_compare(_app(), terminal_size=size, run_before=steps)


def test_generations_marked(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api", "b", "space", "down", "down", "space", until="10 → 12")
    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_a_generation_that_is_not_kept(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api", "b", "end", until="is not kept any more")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_generations_that_can_not_be_compared(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.failures["diff"] = RemoteError("The store is locked", "gc since 10:04", "wait for it")
    steps = _at("tokyo/tokyo-api", "b", until="wait for it")
    assert snap_compare(_app(bench), terminal_size=(80, 24), run_before=steps)


@each_size
def test_generation_ready(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = _at("tokyo/tokyo-api", "2", until="re-enters")
    assert snap_compare(_app(_behind()), terminal_size=size, run_before=steps)


def test_generation_ready_in_the_overview(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api", until="is ready; Shell 1")
    assert snap_compare(_app(_behind()), terminal_size=(120, 36), run_before=steps)


def test_busy(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.failures["rebuild"] = Busy("web is being rebuilt already", "by ann@laptop since 10:04")
    steps = _at("tokyo/tokyo-web", "r", until="Follow it")
    assert snap_compare(_app(bench), terminal_size=(80, 24), run_before=steps)


def test_rebuild_ended(snap_compare: Compare) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await _at("local/local-notes")(pilot)
        jobs = tuple(
            replace(job, state=JobState.EXITED, exit_code=1, ended=job.started + 95)
            if job.id == "web1"
            else job
            for job in _bench(pilot).state.jobs
        )
        bench = _bench(pilot)
        web = next(view for view in bench.state.projects if view.project.name == "web")
        bench.set_status(web.project, state=ProjectState.RUNNING)
        bench.change(jobs=jobs, builds={})
        await asettle(lambda: "the rebuild failed" in _text(pilot))
        await pilot.pause()

    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_leader(snap_compare: Compare) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await _at("tokyo/tokyo-api", "2", until="3 passed")(pilot)
        detail = _main(pilot).query_one(Detail)
        await asettle(lambda: detail.pane.has_focus_within)
        await pilot.press("ctrl+backslash")
        await asettle(lambda: _main(pilot).query_one("#keys").has_class("-leading"))

    assert snap_compare(_app(), terminal_size=(120, 36), run_before=steps)


def test_light(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api")
    assert snap_compare(_app(theme="light"), terminal_size=(120, 36), run_before=steps)


def test_no_color(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    steps = _at("tokyo/tokyo-web")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


def test_zoom(snap_compare: Compare) -> None:
    steps = _at("tokyo/tokyo-api", "2", "ctrl+backslash", "z", until="3 passed")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)


DIALOGS = {
    "find": ("tokyo", "slash", "w", "e"),
    "palette": ("tokyo", "colon"),
    "help": ("tokyo", "question_mark"),
    "remove": ("tokyo/tokyo-api", "d"),
    "stop": ("tokyo/tokyo-api", "x"),
    "rename": ("tokyo/tokyo-api", "R"),
    "cancel-build": ("tokyo/tokyo-web", "X"),
    "gc": ("tokyo/tokyo-api", "colon", *"garbage", "enter"),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_dialog(snap_compare: Compare, name: str) -> None:
    row, *press = DIALOGS[name]
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=_at(row, *press))


def test_new_project(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("api", "notes", "weather"):
        (tmp_path / "code" / name).mkdir(parents=True)
    (tmp_path / "code" / "weather" / "flake.nix").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "code")
    steps = _at("tokyo", "n", until="❄ flake")
    assert snap_compare(_app(), terminal_size=(80, 24), run_before=steps)
