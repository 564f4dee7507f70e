"""The whole dashboard over this machine's real agent: a project, a build, a shell."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from mnix_tui import config
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.ui.app import MnixApp, wired
from mnix_tui.ui.dialogs.new_project import NewProjectDialog
from mnix_tui.ui.panes.build import BuildPane
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.choice import Choice
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.log_view import LogView
from server_agent import jobs
from tests.helpers import asettle
from tests.ui.dashboard import screen_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from tests.fleet.flakes import FlakeMaker
    from tests.fleet.home import ClientHome

NIX_CONFIG = """\
experimental-features = nix-command flakes
build-users-group =
substituters =
sandbox = false
"""


@pytest.fixture(autouse=True)
def _nix(client_home: "ClientHome", monkeypatch: pytest.MonkeyPatch) -> "Iterator[None]":
    monkeypatch.setenv("NIX_CONFIG", NIX_CONFIG)
    config_file = client_home.path / ".config/mnix/client.toml"
    config_file.parent.mkdir(exist_ok=True)
    config_file.write_text("warm_up = false\n")  # each build here is one that somebody asked for
    yield
    for job in jobs.listing(live=True):  # shells outlive the dashboard: that is their point
        jobs.kill(job["id"], 0)


def _main(app: MnixApp) -> MainScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


async def _make_project(app: MnixApp, pilot: "Pilot[int]", folder: Path) -> None:
    """Fill in the dialog, without a container."""
    await pilot.press("n")
    await pilot.pause()
    dialog = app.screen
    assert isinstance(dialog, NewProjectDialog)
    dialog.query_one("#folder", Input).value = str(folder)
    await asettle(lambda: dialog.query_one("#flake", Choice).value == "flake.nix")
    dialog.query_one("#name", Input).value = "tiny"
    dialog.query_one("#isolation", Choice).focus()
    await pilot.press("right")
    await asettle(lambda: dialog.query_one("#isolation", Choice).value == "host")
    await pilot.press("enter")


@pytest.mark.needs("nix")
async def test_new_rebuild_and_shell_on_this_machine(
    client_home: "ClientHome", flake: "FlakeMaker"
) -> None:
    folder = flake("tiny")
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        main = _main(app)
        detail = main.query_one(Detail)
        await asettle(lambda: main.model.is_online("local"), timeout=20)
        await _make_project(app, pilot, folder)
        await asettle(lambda: main.selected_project() is not None, timeout=20)

        await pilot.press("r")
        await asettle(lambda: isinstance(detail.pane, BuildPane), timeout=20)
        view = main.selected_project
        await asettle(lambda: (one := view()) and one.status.generation == 1, timeout=60)
        await asettle(lambda: "● Generation 1 · in use" in screen_text(app), timeout=20)
        lines = [line.text for line in detail.pane.query_one(LogView).lines]
        assert any("evaluating" in line for line in lines), lines

        await pilot.press("s")
        await asettle(lambda: isinstance(detail.pane, ShellPane), timeout=20)
        pane = detail.pane
        assert isinstance(pane, ShellPane)
        await asettle(lambda: pane.view is not None and "tiny" in pane.view.text(), timeout=20)
        await asettle(lambda: app.focused is pane.view)
        await pilot.press(*"echo hi ${GREETING}${HOOKED}", "enter")
        await asettle(lambda: pane.view is not None and "hi hi1" in pane.view.text(), timeout=20)

        await pilot.press("ctrl+d")
        await asettle(lambda: detail.active and detail.active.kind == "overview", timeout=20)
        project = view()
        assert project
        assert project.status.state is ProjectState.RUNNING
        assert project.status.isolation == "host"
        await app.bench.remove(project.project)
    assert (folder / "flake.nix").exists()


@pytest.mark.needs("nix")
async def test_a_shell_is_there_again_when_the_dashboard_is_opened_again(
    client_home: "ClientHome", flake: "FlakeMaker"
) -> None:
    folder = flake("tiny")
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        main = _main(app)
        await asettle(lambda: main.model.is_online("local"), timeout=20)
        await _make_project(app, pilot, folder)
        await asettle(lambda: main.selected_project() is not None, timeout=20)
        await pilot.press("s")
        pane = await asettle(
            lambda: isinstance(one := main.query_one(Detail).pane, ShellPane) and one, timeout=20
        )
        assert isinstance(pane, ShellPane)
        await asettle(lambda: pane.view is not None and app.focused is pane.view, timeout=20)
        await pilot.press(*"echo kept-$((40+2))", "enter")
        await asettle(lambda: pane.view is not None and "kept-42" in pane.view.text(), timeout=20)

    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        main = _main(app)
        assert [row.name for row in main.model.rows(0)] == ["local", "tiny"]  # before any answer
        await pilot.press("down")
        await asettle(lambda: "Shell 1" in screen_text(app), timeout=20)
        await pilot.press("2")
        await asettle(lambda: "kept-42" in screen_text(app), timeout=20)
        project = main.selected_project()
        assert project
        assert main.model.is_online("local")
        assert main.model.server("local").status.state is ServerState.ONLINE  # type: ignore[union-attr]
        await app.bench.remove(project.project)
