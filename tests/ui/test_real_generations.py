"""Drift, generations and re-entering, from the dashboard down to this machine's nix and back."""

from typing import TYPE_CHECKING

import pytest

from mnix_tui import config
from mnix_tui.ui.app import MnixApp, wired
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from tests.helpers import asettle
from tests.ui.dashboard import screen_text
from tests.ui.test_real_local import _main, _make_project
from tests.ui.test_real_local import _nix as _nix

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from mnix_tui.ui.screens.main import MainScreen
    from tests.fleet.flakes import FlakeMaker
    from tests.fleet.home import ClientHome


async def _until(app: MnixApp, text: str) -> None:
    await asettle(lambda: text in screen_text(app), timeout=60, what=text)


async def _built(main: "MainScreen", generation: int) -> None:
    def there() -> bool:
        view = main.selected_project()
        return view is not None and view.status.generation == generation

    await asettle(there, timeout=60, what=f"generation {generation}")


async def _says(app: MnixApp, pilot: "Pilot[int]", pane: ShellPane, text: str) -> None:
    """Ask the shell for its greeting."""
    view = pane.view
    assert view is not None
    await asettle(lambda: view.emulator.standing.value == "prompt", timeout=20)
    await pilot.press(*"echo now:$GREETING", "enter")
    await asettle(lambda: f"now:{text}" in view.text().replace("\n", ""), timeout=20)


@pytest.mark.needs("nix")
@pytest.mark.timeout(180)
async def test_a_change_is_seen_built_entered_compared_and_taken_back(
    client_home: "ClientHome", flake: "FlakeMaker"
) -> None:
    folder = flake("tiny")
    nix = folder / "flake.nix"
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        main = _main(app)
        detail = main.query_one(Detail)
        await asettle(lambda: main.model.is_online("local"), timeout=20)
        await _make_project(app, pilot, folder)
        await asettle(lambda: main.selected_project() is not None, timeout=20)
        await pilot.press("r")
        await _built(main, 1)
        await pilot.press("s")
        await asettle(lambda: isinstance(detail.pane, ShellPane), timeout=20)
        pane = detail.pane
        assert isinstance(pane, ShellPane)
        await asettle(lambda: app.focused is not None and app.focused is pane.view, timeout=20)
        await _says(app, pilot, pane, "hi")

        # What lies here differs from what runs: a badge, what it is, and the key that mends it.
        nix.write_text(nix.read_text().replace('GREETING = "hi"', 'GREETING = "hello"'))
        await pilot.press("ctrl+backslash", "d", "1")
        await _until(app, "tiny ⌂ Δ")
        await _until(app, "flake.nix  r builds")
        main.query_one(FleetTree).focus()
        await pilot.press("D")
        await _until(app, 'GREETING = "hello"')
        await pilot.press("r")
        await _built(main, 2)
        await _until(app, "tiny ⌂ ↻")

        # The open shell is told beside its screen, and enters it where it is.
        main.show_job(detail.key, pane.job)
        await asettle(lambda: app.focused is pane.view, timeout=20)
        await asettle(
            lambda: "generation 2 is ready" in str(detail.border_subtitle),
            timeout=20,
            what="the word about generation 2",
        )
        await pilot.press("ctrl+backslash", "e")
        await asettle(lambda: "is ready" not in str(detail.border_subtitle), timeout=20)
        await _says(app, pilot, pane, "hello")

        # What changed is listed; the way back is one key, and the shell is told of that as well.
        await pilot.press("ctrl+backslash", "d")
        await pilot.press("b")
        await _until(app, "1 → 2")
        await pilot.press("down", "enter")
        await _built(main, 1)
        await asettle(lambda: "generation 1 is ready" in str(detail.border_subtitle), timeout=20)
        await asettle(lambda: detail.job == pane.job.id)
        detail.focus_main()
        await pilot.press("ctrl+backslash", "e")
        await _says(app, pilot, pane, "hi")

        project = main.selected_project()
        assert project
        await app.bench.remove(project.project)
