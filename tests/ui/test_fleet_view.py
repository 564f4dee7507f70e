"""The fleet is grouped, sorted, narrowed and marked by keys; hundreds of servers make it no slower."""

import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import replace

from textual import events

from mnix_tui.domain.states import ProjectState
from mnix_tui.errors import Busy
from mnix_tui.ui.dialogs.confirm import ConfirmDialog
from mnix_tui.ui.dialogs.problem import ProblemDialog
from mnix_tui.ui.fleet_view import SETTING
from mnix_tui.ui.widgets.fleet_panel import FilterField
from mnix_tui.ui.workbench import demo, demo_fleet
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.ui.dashboard import Dashboard, dashboard

SLOW = 0.05
"""Seconds of work that a key may take."""


def _tagged() -> MemoryWorkbench:
    bench = demo.workbench()
    tags = {"tokyo": ("prod", "asia"), "lisbon": ("prod",), "lab": ("test",)}
    servers = tuple(
        replace(view, server=replace(view.server, tags=tags.get(view.server.name, ())))
        for view in bench.state.servers
    )
    bench.state = replace(bench.state, servers=servers)
    return bench


def _keys(ui: Dashboard) -> list[str]:
    return [row.key for row in ui.tree.rows]


def _names(ui: Dashboard, verb: str) -> set[str]:
    return {call[1] for call in ui.bench.calls if call[0] == verb}


async def test_a_filter_narrows_as_one_types_and_escape_ends_it() -> None:
    async with dashboard(_tagged()) as ui:
        await ui.press("f", *"web #pro")
        assert isinstance(ui.app.focused, FilterField)
        assert _keys(ui) == ["#prod", "tokyo", "tokyo/tokyo-web"]
        assert ui.tree.selected
        assert ui.tree.selected.key == "tokyo/tokyo-web"  # not what is only above it
        assert "web @ tokyo" in ui.text()
        await ui.press("enter")
        await ui.wait(lambda: ui.tree.has_focus, "the tree has the keyboard")
        assert len(ui.tree.rows) == 3  # the words still count
        await ui.press("escape")
        await ui.wait(lambda: len(ui.tree.rows) > 10, "everything again")
        assert ui.tree.selected.key == "tokyo/tokyo-web"
        assert not ui.main.query_one("#fleet-filter").display


async def test_keys_typed_into_the_filter_are_text() -> None:
    async with dashboard() as ui:
        await ui.press("f", *"nsdqx", "space")
        assert ui.main.query_one(FilterField).value == "nsdqx "
        assert ui.app.screen is ui.main
        assert "Nothing has these words" in ui.text()
        assert "Nothing found" in str(ui.detail.border_title)  # and not what was shown before
        await ui.press("escape")
        assert "Nothing has these words" not in ui.text()
        assert len(ui.tree.rows) == 15


async def test_arrows_move_while_one_types() -> None:
    async with dashboard() as ui:
        await ui.press("f", *"tokyo", "down", "down")
        assert ui.tree.selected
        assert ui.tree.selected.name == "db"
        assert isinstance(ui.app.focused, FilterField)


async def test_the_order_and_the_groups_are_chosen_by_keys_and_kept() -> None:
    async with dashboard(_tagged()) as ui:
        assert _keys(ui)[0] == "#prod"
        await ui.press("number_sign")
        assert _keys(ui)[0] == "local"
        await ui.press("o")
        assert _keys(ui)[0] == "lab"
        assert "trouble first" in ui.text()
        kept = json.loads(ui.bench.settings[SETTING])
        assert (kept["grouped"], kept["order"]) == (False, "state")
        settings = ui.bench.settings
    again = demo.workbench()
    again.settings = settings
    async with dashboard(again) as ui:
        assert _keys(ui)[0] == "lab"


async def test_groups_fold_and_have_a_page() -> None:
    async with dashboard(_tagged()) as ui:
        await ui.go("#prod")
        assert "2 servers · 7 projects" in ui.text()
        await ui.press("C")
        await ui.wait(lambda: "Choose a server to check" in ui.text(), "what a group can't")
        await ui.press("left")
        assert "tokyo" not in _keys(ui)
        await ui.press("right", "down")
        assert ui.tree.selected
        assert ui.tree.selected.key == "lisbon"
        await ui.press("left", "left")
        assert ui.tree.selected.key == "#prod"
        await ui.press("F")
        assert all(row.kind != "project" for row in ui.tree.rows)


async def test_a_project_that_is_found_is_shown_whatever_hides_it() -> None:
    async with dashboard(_tagged()) as ui:
        await ui.press("F", "f", *"scratch", "enter")
        await ui.press("slash", *"telescope", "enter")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.name == "telescope")


async def test_several_are_marked_and_stopped_after_one_question() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-docs-site")
        await ui.press("space")
        await ui.go("lisbon")
        await ui.press("space")
        assert "4 marked" in ui.text()
        await ui.press("x")
        assert isinstance(ui.app.screen, ConfirmDialog)
        assert "Stop 3 projects on 2 servers?" in ui.text()
        assert "etl: don't run" in ui.text()
        await ui.press("tab", "enter")
        stopped = {"docs-site@tokyo", "forecast-service-2@lisbon", "gateway@lisbon"}
        await ui.wait(lambda: _names(ui, "stop") == stopped)
        await ui.wait(lambda: "3 projects stopped" in ui.text())
        assert "marked" not in ui.text()  # it is done


async def test_what_could_not_be_told_stays_marked_and_says_why() -> None:
    bench = demo.workbench()
    bench.failures["start"] = Busy("It is being rebuilt", "by ann", "wait for it")
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press("space")
        await ui.go("lisbon/lisbon-etl")
        await ui.press("space", "S", "tab", "enter")
        await ui.wait(lambda: "0 of 2 projects started" in ui.text())
        assert "It is being rebuilt" in ui.text()
        if isinstance(ui.app.screen, ProblemDialog):
            await ui.press("escape")
        assert "2 marked" in ui.text()
        bench.failures.clear()
        await ui.press("S", "tab", "enter")
        await ui.wait(lambda: "2 projects started" in ui.text())
        states = {view.project.name: view.status.state for view in bench.state.projects}
        assert states["db"] is states["etl"] is ProjectState.RUNNING


async def test_where_nobody_can_be_told_nothing_is_asked() -> None:
    async with dashboard() as ui:
        await ui.go("lab")
        await ui.press("space", "x")
        await ui.wait(lambda: "There is nothing to stop" in ui.text())
        assert not isinstance(ui.app.screen, ConfirmDialog)
        await ui.press("escape")
        assert "marked" not in ui.text()


async def test_all_that_the_filter_keeps_is_marked_at_once() -> None:
    async with dashboard() as ui:
        await ui.press("f", *"@tokyo", "enter", "asterisk")
        await ui.wait(lambda: "4 marked" in ui.text())
        assert {row.name for row in ui.tree.rows if row.chosen} == {
            "tokyo", "api", "db", "docs-site", "web",
        }  # fmt: skip


async def test_the_selected_row_s_server_is_wanted_and_one_scrolled_past_is_not() -> None:
    async with dashboard() as ui:
        await ui.press("down", "down", "down")
        await ui.go("tokyo/tokyo-api")
        await ui.wait(lambda: ui.bench.wanted == {"tokyo"})
        await ui.go("lisbon")
        await ui.wait(lambda: ui.bench.wanted == {"lisbon"})


async def test_the_fleet_alone_has_all_columns() -> None:
    bench = demo_fleet.workbench(demo.NOW, 8, 3)
    async with dashboard(bench, size=(160, 40)) as ui:
        await ui.press("m")
        await ui.wait(lambda: "store" in ui.text())
        for word in ("load, cpu", "memory", "disk", "dev@host-0.example.net #eu"):
            assert word in ui.text()
        await ui.press("m")
        await ui.wait(lambda: "Overview" in ui.text())
        assert "dev@host-0.example.net #eu" not in ui.text()


async def test_no_row_out_of_sight_is_made() -> None:
    async with dashboard(demo_fleet.workbench(demo.NOW), size=(200, 50)) as ui:
        rows = ui.tree.rows
        assert len(rows) == 2205
        assert sum(rows.made(at) is not None for at in range(len(rows))) < 60
        await ui.press("end")
        assert sum(rows.made(at) is not None for at in range(len(rows))) < 120


async def _work(ui: Dashboard, keys: Iterable[str]) -> list[float]:
    """Return the processor time of each key, with all that it has drawn."""
    took = []
    for key in keys:
        before = time.process_time()
        ui.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await ui.pilot.pause()
        took.append(time.process_time() - before)
    return took


async def test_two_thousand_projects_make_no_key_slow() -> None:
    """The median of each kind of key; and hardly more than in a fleet of four servers."""
    took: dict[int, dict[str, float]] = {}
    for servers in (4, 200):
        async with dashboard(demo_fleet.workbench(demo.NOW, servers, 10), size=(200, 50)) as ui:
            found = {
                "scroll": await _work(ui, ["down"] * 15 + ["up"] * 5),
                "page": await _work(ui, ["pagedown", "pagedown", "pageup", "pageup"] * 3),
                "filter": (await _work(ui, ["f", *"web #eu"]))[1:],
            }
            await ui.press("escape")
            await ui.press("slash")
            found["find"] = await _work(ui, "search")
        took[servers] = {kind: statistics.median(each) for kind, each in found.items()}
    for kind, seconds in took[200].items():
        assert seconds < max(SLOW, 2 * took[4][kind]), took
