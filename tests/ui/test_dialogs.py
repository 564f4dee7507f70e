"""Dialogs check what is typed while it is typed, and say how it went."""

from pathlib import Path

import pytest
from textual.widgets import Button, Input, OptionList

from mnix_tui.domain.projects import Project
from mnix_tui.ui.dialogs.base import Check
from mnix_tui.ui.dialogs.new_project import NewProjectDialog
from mnix_tui.ui.dialogs.problem import ProblemDialog
from mnix_tui.ui.dialogs.rename import RenameDialog
from mnix_tui.ui.problems import Problem
from mnix_tui.ui.widgets.choice import Choice
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.port import NewProject, Progress
from tests.ui.dashboard import Dashboard, dashboard


def _input(ui: Dashboard, name: str) -> Input:
    return ui.app.screen.query_one(f"#{name}", Input)


def _said(ui: Dashboard, name: str) -> str:
    return str(ui.app.screen.query_one(f"#{name}", Check).content)


def _ready(ui: Dashboard) -> bool:
    return not ui.app.screen.query_one("#yes", Button).disabled


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with projects, as the current one."""
    for name in ("My App", "weather"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "flake.nix").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_a_project_is_made_from_a_folder_that_was_picked(code: Path) -> None:
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("n")
        folders = ui.app.screen.query_one("#folders", OptionList)
        await ui.wait(lambda: [option.id for option in folders.options] == ["My App", "weather"])
        await ui.press("down", "down", "enter")
        await ui.wait(lambda: _input(ui, "folder").value.endswith("/weather/"))
        assert _input(ui, "name").value == "weather"
        await ui.wait(lambda: _ready(ui))
        assert _input(ui, "folder").selection.is_empty  # one may go on typing
        await ui.press("enter")
        await ui.wait(lambda: ("new_project", "weather", "tokyo") in ui.bench.calls)
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.name == "weather")


async def test_a_bad_name_comes_with_one_that_will_do(code: Path) -> None:
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("n")
        _input(ui, "folder").value = str(code / "My App")
        await ui.wait(lambda: _input(ui, "name").value == "my-app")
        _input(ui, "name").value = "My App"
        await ui.wait(lambda: "use my-app?" in _said(ui, "name-check"))
        assert not _ready(ui)


async def test_without_podman_host_isolation_is_a_choice_and_never_silent(code: Path) -> None:
    bench = demo.workbench()
    error = {"code": "no-engine", "message": "Podman is missing", "hint": "--isolation host"}
    bench.infos["lisbon"] = {"engine": None, "engine_error": error}
    async with dashboard(bench) as ui:
        await ui.go("lisbon")
        await ui.press("n")
        _input(ui, "folder").value = str(code / "weather")
        await ui.wait(lambda: "Podman is missing" in _said(ui, "isolation-check"))
        assert not _ready(ui)
        ui.app.screen.query_one("#isolation", Choice).focus()
        await ui.press("right")
        await ui.wait(lambda: _ready(ui))
        assert "No container" in _said(ui, "isolation-check")
        await ui.press("enter")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.name == "weather")
        view = ui.main.selected_project()
        assert view
        assert view.status.isolation == "host"


async def test_a_folder_without_a_flake_is_not_taken(code: Path) -> None:
    bench = demo.workbench()
    bench.flakes = []
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("n")
        await ui.wait(lambda: "nix flake init" in _said(ui, "folder-check"))
        assert not _ready(ui)


async def test_a_server_that_is_away_takes_no_project(code: Path) -> None:
    async with dashboard() as ui:
        await ui.go("lab")
        await ui.press("n")
        await ui.wait(lambda: "lab is not connected" in _said(ui, "isolation-check"))
        assert not _ready(ui)


async def test_escape_closes_without_doing_anything(code: Path) -> None:
    async with dashboard() as ui:
        await ui.press("n")
        assert isinstance(ui.app.screen, NewProjectDialog)
        await ui.press("escape")
        assert not any(call[0] == "new_project" for call in ui.bench.calls)


async def test_renaming_checks_the_name() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press("R")
        assert isinstance(ui.app.screen, RenameDialog)
        _input(ui, "name").value = "api"
        await ui.wait(lambda: "already" in _said(ui, "name-check"))
        await ui.press("enter")
        assert isinstance(ui.app.screen, RenameDialog)
        _input(ui, "name").value = "store"
        await ui.wait(lambda: _ready(ui))
        await ui.press("enter")
        await ui.wait(lambda: ("rename", "db@tokyo", "store") in ui.bench.calls)


@pytest.mark.parametrize("configured", [True, False])
async def test_a_new_environment_is_built_at_once_or_later(code: Path, configured: bool) -> None:
    async with dashboard(warm_up=configured) as ui:
        await ui.go("tokyo")
        await ui.press("n")
        _input(ui, "folder").value = str(code / "weather")
        await ui.wait(lambda: _ready(ui))
        chosen = ui.app.screen.query_one("#warm", Choice)
        assert chosen.value == ("now" if configured else "later")
        chosen.focus()
        await ui.press("right")
        dialog = ui.app.screen
        assert isinstance(dialog, NewProjectDialog)
        made: list[bool | None] = []
        new_project = ui.bench.new_project

        async def noted(new: NewProject, progress: Progress) -> Project:
            made.append(new.warm_up)
            return await new_project(new, progress)

        ui.bench.new_project = noted  # type: ignore[method-assign]
        await ui.press("enter")
        await ui.wait(lambda: made == [not configured])
        said = "r builds it" if configured else "is being built"
        await ui.wait(lambda: said in ui.text())


async def test_a_folder_that_wants_no_warm_up_is_not_offered_one(code: Path) -> None:
    (code / "weather" / "mnix.toml").write_text("warm_up = false\n")
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("n")
        _input(ui, "folder").value = str(code / "weather")
        await ui.wait(lambda: not ui.app.screen.query_one("#warm-row").display)
        await ui.wait(lambda: _ready(ui))
        await ui.press("tab")
        ui.app.screen.query_one("#yes", Button).press()
        await ui.wait(lambda: ("new_project", "weather", "tokyo") in ui.bench.calls)
        await ui.wait(lambda: "r builds it" in ui.text())


async def test_a_title_is_no_markup() -> None:
    async with dashboard() as ui:
        ui.app.push_screen(ProblemDialog(Problem("[red]no[/] [x: refused")))
        await ui.wait(lambda: "[red]no[/] [x: refused" in ui.text())
