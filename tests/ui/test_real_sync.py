"""Files that go both ways, from the dashboard's keys down to two folders of this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnix_tui import config
from mnix_tui.errors import MnixError
from mnix_tui.ui.app import MnixApp, wired
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench.port import NewProject
from tests.helpers import asettle
from tests.ui.dashboard import screen_text
from tests.ui.test_real_local import _main

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.fleet.home import ClientHome


async def _until(app: MnixApp, *texts: str) -> None:
    for text in texts:
        await asettle(lambda text=text: text in screen_text(app), timeout=20, what=text)


def _told(app: MnixApp) -> str:
    return "\n".join(f"{note.title}: {note.message}" for note in app._notifications)


async def _copied(app: MnixApp, pilot: "Pilot[int]", folder: Path) -> Path:
    """Make a project that works in a copy of ``folder``; return where the copy is."""
    main = _main(app)
    await asettle(lambda: main.model.is_online("local"), timeout=20)
    new = NewProject("both", "local", folder, "flake.nix", "host", copy=True, warm_up=False)
    project = await main.bench.new_project(new, lambda *_: None)
    key = f"local/{project.remote_id}"
    await asettle(lambda: main.query_one(FleetTree).select(key), timeout=20)
    await pilot.pause()
    projects = Path.home() / ".local/share/mnix/projects"
    return projects / project.remote_id / "workspace"


async def test_files_go_both_ways_and_come_back_from_the_trash(
    client_home: "ClientHome", tmp_path: Path
) -> None:
    here = tmp_path / "both"
    here.mkdir()
    (here / "flake.nix").write_text("{ outputs = _: { }; }\n")
    (here / "a.txt").write_text("first\n")
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        there = await _copied(app, pilot, here)

        (here / "a.txt").write_text("second\n")
        (here / ".env").write_text("TOKEN=1\n")
        await pilot.press("p")
        await _until(app, "2 files to local", ".env", "secret")
        assert (there / "a.txt").read_text() == "first\n"
        await pilot.press("enter")
        await asettle(lambda: "sent 2 files" in _told(app), timeout=20)
        assert (there / "a.txt").read_text() == "second\n"

        (here / "a.txt").write_text("mine\n")
        (there / "a.txt").write_text("theirs\n")
        (there / "made-there.txt").write_text("x\n")
        await pilot.press("P")
        await _until(app, "1 file to here", "Conflicts (1)")
        await pilot.press("enter")
        await asettle((here / "made-there.txt").exists, timeout=20)
        await _until(app, "1 conflict")
        assert "!1" in screen_text(app)
        await pilot.press("c")
        await _until(app, "-theirs", "+mine")
        await pilot.press("b", "enter")
        await asettle(lambda: "both: settled" in _told(app), timeout=20)
        (beside,) = (one for one in here.iterdir() if one.name.startswith("a.from-local"))
        assert (here / "a.txt").read_text() == (there / "a.txt").read_text() == "mine\n"
        assert beside.read_text() == (there / beside.name).read_text() == "theirs\n"

        await pilot.press("T")
        await _until(app, "Trash of both", "2 files")
        await pilot.press("down", "enter")  # the older one: what the first push replaced
        await asettle(lambda: (there / "a.txt").read_text() == "first\n", timeout=20)
        await asettle(lambda: "brought back on local" in _told(app), timeout=20)


async def test_a_watched_project_is_watched_by_the_next_dashboard_too(
    client_home: "ClientHome", tmp_path: Path
) -> None:
    here = tmp_path / "both"
    here.mkdir()
    (here / "flake.nix").write_text("{ outputs = _: { }; }\n")
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        there = await _copied(app, pilot, here)
        await pilot.press("W")
        await _until(app, "⇄ in step")
        (here / "one.txt").write_text("1")
        await asettle((there / "one.txt").exists, timeout=20)
        here.rename(tmp_path / "elsewhere")
        await _until(app, "Not synced:")  # its reason may be cut: the path is long
        assert (there / "one.txt").exists()
        (tmp_path / "elsewhere").rename(here)
    (here / "two.txt").write_text("2")  # while nobody looked
    async with wired(config.load()) as app, app.run_test(size=(120, 36)) as pilot:
        await asettle((there / "two.txt").exists, timeout=20)
        await _until(app, "⇄ in step")
        await pilot.press("W")
        await asettle(lambda: "wait for p or r again" in _told(app), timeout=20)
        await asettle(lambda: "⇄" not in screen_text(app).split("Overview")[0], timeout=20)


async def test_a_repository_that_is_not_there_is_said_and_leaves_nothing(
    client_home: "ClientHome", tmp_path: Path
) -> None:
    async with wired(config.load()) as app, app.run_test(size=(120, 36)):
        main = _main(app)
        await asettle(lambda: main.model.is_online("local"), timeout=20)
        url = f"file://{tmp_path}/nothing"
        new = NewProject("cloned", "local", None, None, "host", git=url)
        with pytest.raises(MnixError) as raised:
            await main.bench.new_project(new, lambda *_: None)
        assert raised.value.title
        assert raised.value.hint
        await asettle(lambda: not main.bench.snapshot().projects, timeout=20)
