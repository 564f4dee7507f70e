"""The tree keeps its place, and redraws only what changed."""

from dataclasses import replace

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.fleet import FleetSnapshot, ServerView
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.ui.dashboard import dashboard


def _many(projects: int) -> MemoryWorkbench:
    server = ServerView(
        Server("big", "big.example"), ServerStatus(ServerState.ONLINE, seen=demo.NOW)
    )
    views = tuple(
        ProjectView(
            Project(f"p{number:03}", "big", f"id{number:03}"),
            ProjectStatus(ProjectState.RUNNING, "container", 1, seen=demo.NOW),
        )
        for number in range(projects)
    )
    return MemoryWorkbench(state=FleetSnapshot((server,), views), now=demo.NOW)


async def test_arrows_and_letters_move_the_selection() -> None:
    async with dashboard() as ui:
        await ui.press("down", "j")
        assert ui.tree.selected
        assert ui.tree.selected.name == "scratch"
        await ui.press("k", "up", "up")
        assert ui.tree.cursor == 0


async def test_selection_and_scroll_stay_when_rows_come_and_go() -> None:
    bench = _many(60)
    async with dashboard(bench, size=(80, 24)) as ui:
        await ui.go("big/id040")
        before = ui.tree.scroll_offset.y
        assert before > 0
        kept = tuple(view for view in bench.state.projects if view.project.name != "p002")
        bench.change(projects=kept)
        await ui.wait(lambda: len(ui.tree.rows) == 60)
        assert ui.tree.selected
        assert ui.tree.selected.name == "p040"
        assert abs(ui.tree.scroll_offset.y - before) <= 1


async def test_a_renamed_project_stays_selected() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-db")
        view = ui.main.selected_project()
        assert view
        await ui.bench.rename(view.project, "aaa")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.name == "aaa")


async def test_only_changed_rows_are_drawn_again() -> None:
    bench = demo.workbench()
    async with dashboard(bench) as ui:
        drawn: list[int] = []
        render = ui.tree._segments

        def counted(*arguments: object) -> object:
            drawn.append(1)
            return render(*arguments)  # type: ignore[arg-type]

        ui.tree._segments = counted  # type: ignore[assignment]
        db = next(view for view in bench.state.projects if view.project.name == "db")
        bench.set_status(db.project, state=ProjectState.RUNNING)
        await ui.wait(lambda: drawn)
        assert len(drawn) == 1


async def test_a_removed_project_leaves_its_server_selected() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-db")
        view = ui.main.selected_project()
        assert view
        await ui.bench.remove(view.project)
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.name == "tokyo")


async def test_folding_hides_the_projects_and_the_mouse_does_it_too() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("left")
        assert "tokyo/tokyo-api" not in [row.key for row in ui.tree.rows]
        await ui.press("right")
        assert "tokyo/tokyo-api" in [row.key for row in ui.tree.rows]
        await ui.pilot.click(ui.tree, offset=(2, 0))
        assert "local/local-notes" not in [row.key for row in ui.tree.rows]


async def test_names_are_never_markup() -> None:
    bench = demo.workbench()
    views = bench.state.projects
    evil = replace(views[0], project=replace(views[0].project, name="[red]x[/] [@click=quit]y[/]"))
    bench.state = replace(bench.state, projects=(evil, *views[1:]))
    async with dashboard(bench, size=(160, 40)) as ui:
        await ui.go("local/local-notes")
        assert "[red]x[/] [@click=quit]y[/] @ local" in ui.text()
        await ui.press("d")
        assert "[red]x[/]" in ui.text()
        await ui.press("escape", "slash")
        assert "[red]x[/]" in ui.text()


async def test_control_characters_never_reach_the_screen() -> None:
    bench = demo.workbench()
    status = ServerStatus(ServerState.OFFLINE, "bad\x1b[2Jnews\u202e", "hint\x07")
    async with dashboard(bench) as ui:
        bench.set_server("lab", status)
        await ui.go("lab")
        await ui.wait(lambda: "bad [2Jnews" in ui.text())
        assert "\x1b" not in ui.text()
        assert "\u202e" not in ui.text()
