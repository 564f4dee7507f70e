"""A shell whose project has another generation by now says so, and enters it with two keys."""

from dataclasses import replace
from typing import Any

import pytest

from mnix_tui.sessions import LinkDown, Output
from mnix_tui.ui.panes.reentry import COMMAND
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.ui.dashboard import Dashboard, dashboard

API = "tokyo/tokyo-api"
LEADER = "ctrl+backslash"
PROMPT = b"\r\n\x1b]133;A\x07[api] $ \x1b]133;B\x07"
SAID = "generation 12 is ready · ^\\ e re-enters"


def _bench(**shell: Any) -> MemoryWorkbench:
    """Return the demo, its first shell changed."""
    bench = demo.workbench()
    jobs = tuple(replace(job, **shell) if job.id == "shell1" else job for job in bench.state.jobs)
    bench.state = replace(bench.state, jobs=jobs)
    return bench


async def _shell(ui: Dashboard, printed: bytes = PROMPT) -> ShellPane:
    await ui.go(API)
    await ui.press("2")
    await ui.wait(lambda: ui.detail.shell and ui.detail.shell.has_focus_within)
    pane = ui.detail.shell
    assert pane is not None
    assert pane.view is not None
    await ui.wait(lambda: "3 passed" in pane.view.text() and not pane.view.replaying)
    ui.bench.streams["shell1"].tell(Output(printed, 0))
    await ui.wait(lambda: pane.view.emulator.standing.value != "unknown")
    return pane


def _typed(ui: Dashboard) -> bytes:
    return ui.bench.streams["shell1"].typed


async def test_a_shell_in_an_older_generation_says_so_beside_its_screen_and_in_the_tree() -> None:
    async with dashboard(_bench(generation=11)) as ui:
        row = next(row for row in ui.tree.rows if row.key == API)
        assert row.mark.sign == "↻"
        pane = await _shell(ui)
        await ui.wait(lambda: SAID in str(ui.detail.border_subtitle))
        assert SAID not in pane.view.text()  # type: ignore[union-attr]
        assert not pane.banner.display
        await ui.press(LEADER, "E")
        await ui.wait(lambda: "is ready" not in str(ui.detail.border_subtitle))
        view = ui.main.selected_project()
        assert view
        ui.bench.set_status(view.project, generation=13)
        await ui.wait(lambda: "generation 13 is ready" in str(ui.detail.border_subtitle))


async def test_two_keys_enter_it_and_then_nothing_is_said() -> None:
    async with dashboard(_bench(generation=11)) as ui:
        await _shell(ui)
        await ui.press(LEADER, "e")
        await ui.wait(lambda: _typed(ui) == COMMAND)
        jobs = tuple(replace(job, generation=12) for job in ui.bench.state.jobs)
        ui.bench.change(jobs=jobs)
        await ui.wait(lambda: "is ready" not in str(ui.detail.border_subtitle))
        await ui.press(LEADER, "e")
        await ui.wait(lambda: "runs in generation 12" in ui.text())
        assert _typed(ui) == COMMAND


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (PROMPT + b"rm -r /tmp/x", "something is typed"),
        (PROMPT + b"make\r\n\x1b]133;C\x07", "a program runs in it"),
    ],
)
async def test_nothing_is_typed_where_it_would_mean_something_else(
    printed: bytes, why: str
) -> None:
    async with dashboard(_bench(generation=11)) as ui:
        await _shell(ui, printed)
        await ui.press(LEADER, "e")
        await ui.wait(lambda: why in ui.text())
        assert _typed(ui) == b""


async def test_nothing_is_typed_while_the_server_is_away() -> None:
    async with dashboard(_bench(generation=11)) as ui:
        await _shell(ui)
        ui.bench.streams["shell1"].tell(LinkDown("no route", demo.NOW))
        await ui.wait(lambda: ui.detail.shell and ui.detail.shell.link.down)
        await ui.press(LEADER, "e")
        await ui.wait(lambda: "out of reach" in ui.text())
        assert _typed(ui) == b""


async def test_after_a_new_container_another_shell_takes_the_place() -> None:
    async with dashboard(_bench(generation=11, replaced=True)) as ui:
        old = await _shell(ui)
        await ui.press(LEADER, "e")
        await ui.wait(lambda: ui.detail.shell and ui.detail.shell.job.id != old.job.id)
        assert _typed(ui) == b""
        shown = [tab.id for tab in ui.detail._shown.tabs] if ui.detail._shown else []
        assert "shell1" not in shown
        assert ui.main.model.job("shell1").live  # type: ignore[union-attr]


async def test_a_shell_of_which_nobody_says_its_generation_is_left_alone() -> None:
    async with dashboard() as ui:
        assert next(row for row in ui.tree.rows if row.key == API).mark.sign == ""
        await _shell(ui)
        assert "is ready" not in str(ui.detail.border_subtitle)
