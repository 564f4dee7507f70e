"""Generations, what differs, and rebuilds that are cancelled or in the way."""

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import OptionList

from mnix_tui.domain.drift import Drift
from mnix_tui.domain.drift_report import DriftReport
from mnix_tui.domain.generations import Generation, GenerationDiff
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project
from mnix_tui.errors import Busy, RemoteError
from mnix_tui.ui.dialogs.busy import BusyDialog
from mnix_tui.ui.dialogs.confirm import ConfirmDialog
from mnix_tui.ui.dialogs.drift import MOST_LINES, DriftScreen, report_lines
from mnix_tui.ui.dialogs.generations import DIFFS_KEPT, GenerationsScreen
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from mnix_tui.ui.workbench.port import Progress, RebuildOptions
from tests.ui.dashboard import Dashboard, dashboard

API, WEB, DOCS = "tokyo/tokyo-api", "tokyo/tokyo-web", "tokyo/tokyo-docs-site"


def _calls(ui: Dashboard, name: str) -> list[tuple[str, ...]]:
    return [call for call in ui.bench.calls if call[0] == name]


async def _generations(ui: Dashboard) -> GenerationsScreen:
    await ui.go(API)
    await ui.press("b")
    await ui.wait(lambda: "11 → 12" in ui.text())
    screen = ui.app.screen
    assert isinstance(screen, GenerationsScreen)
    return screen


# -- generations


async def test_each_generation_shows_what_it_changed() -> None:
    async with dashboard() as ui:
        await _generations(ui)
        await ui.wait(lambda: "sqlx-cli" in ui.text())
        text = ui.text()
        assert "17.4 → 17.5" in text
        assert "+28.0 MiB" in text
        table = ui.app.screen.query_one(OptionList)
        assert table.size.width >= max(len(str(one.prompt)) for one in table.options)
        assert "in use" in text
        assert "not kept" in text
        assert _calls(ui, "diff") == [("diff", "api@tokyo", "11", "12")]
        await ui.press("down", "up")
        await ui.wait(lambda: "sqlx-cli" in ui.text())
        assert _calls(ui, "diff").count(("diff", "api@tokyo", "11", "12")) == 1  # it is kept


async def test_two_that_are_marked_are_compared_whichever_is_highlighted() -> None:
    async with dashboard() as ui:
        await _generations(ui)
        await ui.press("space", "down", "down", "space")
        await ui.wait(lambda: ("diff", "api@tokyo", "10", "12") in ui.bench.calls)
        await ui.press("down")
        assert "10 → 12" in ui.text()
        await ui.press("space")  # the older mark gives way to this one
        await ui.wait(lambda: ("diff", "api@tokyo", "9", "10") in ui.bench.calls)


async def test_enter_goes_back_but_not_to_what_is_not_kept() -> None:
    async with dashboard() as ui:
        await _generations(ui)
        await ui.press("end", "enter")
        await ui.wait(lambda: "is not kept any more" in ui.text())
        assert _calls(ui, "rollback") == []
        await ui.press("home", "down")
        await ui.wait(lambda: "2 open shells stay as they are" in ui.text())
        await ui.press("enter")
        await ui.wait(lambda: _calls(ui, "rollback") == [("rollback", "api@tokyo", "11")])


async def test_a_click_only_chooses() -> None:
    async with dashboard() as ui:
        screen = await _generations(ui)
        await ui.pilot.click(screen.query_one(OptionList), offset=(10, 2))
        assert screen.query_one(OptionList).highlighted == 2
        assert ui.app.screen is screen
        assert _calls(ui, "rollback") == []


async def test_what_can_not_be_read_or_compared_says_so_and_is_tried_again() -> None:
    bench = demo.workbench()
    bench.failures["diff"] = RemoteError("The store is locked", "by gc", "wait a moment")
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.press("b")
        await ui.wait(lambda: "The store is locked: by gc" in ui.text())
        assert "wait a moment" in ui.text()
        del bench.failures["diff"]
        await ui.press("down", "up")
        await ui.wait(lambda: "sqlx-cli" in ui.text())


class _Slow(MemoryWorkbench):
    """Answers when it is let to."""

    def __init__(self) -> None:
        super().__init__(**vars(demo.workbench()))
        self.gate = asyncio.Event()
        self.trouble_with_list: Exception | None = None

    async def generations(self, project: Project) -> list[Generation]:
        await self.gate.wait()
        if self.trouble_with_list is not None:
            raise self.trouble_with_list
        return await super().generations(project)


async def test_generations_that_could_not_be_read_are_asked_for_again() -> None:
    bench = _Slow()
    bench.gate.set()
    bench.trouble_with_list = RemoteError("Not now", "", "")
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.wait(lambda: not ui.main._asked_generations, "the refusal")
        bench.trouble_with_list = None
        await ui.go(WEB)
        await ui.go(API)
        await ui.wait(lambda: ui.main.model.generations(API))


@pytest.mark.parametrize("fails", [False, True])
async def test_the_list_opens_at_once_and_closes_while_it_waits(fails: bool) -> None:
    bench = _Slow()
    if fails:
        bench.trouble_with_list = RemoteError("No such method", "", "the agent is older")
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.press("b")
        await ui.wait(lambda: "Reading the generations" in ui.text())
        await ui.press("escape", "b")
        bench.gate.set()
        await ui.wait(lambda: ("No such method" if fails else "11 → 12") in ui.text())


async def test_as_many_generations_and_changes_as_there_may_be_are_shown() -> None:
    bench = demo.workbench()
    many = [Generation(n, demo.NOW - n, "rebuild", current=n == 300) for n in range(300, 0, -1)]
    bench.history["api@tokyo"] = many
    change = GenerationDiff(299, 300, more=17)
    bench.diffs["api@tokyo", 299, 300] = change
    async with dashboard(bench, size=(80, 24)) as ui:
        await ui.go(API)
        await ui.press("b")
        await ui.wait(lambda: "and 17 more packages" in ui.text())
        screen = ui.app.screen
        assert isinstance(screen, GenerationsScreen)
        for _ in range(DIFFS_KEPT + 5):
            await ui.press("down")
        await ui.wait(lambda: len(_calls(ui, "diff")) > DIFFS_KEPT)
        assert len(screen._diffs) <= DIFFS_KEPT


# -- drift


async def test_what_differs_is_marked_said_and_shown_and_a_key_mends_it() -> None:
    async with dashboard() as ui:
        row = next(row for row in ui.tree.rows if row.key == DOCS)
        assert row.drift
        assert "docs-site Δ" in ui.text()
        await ui.go(DOCS)
        assert "Not pushed  Δ flake.nix  r pushes and builds" in ui.text()
        assert "Not built   Δ flake.lock  r builds" in ui.text()
        await ui.press("D")
        await ui.wait(lambda: "pkgs.vale" in ui.text())
        assert isinstance(ui.app.screen, DriftScreen)
        assert "nixpkgs: 4c1018d (2025-05-11) → 9e83b64 (2025-06-13)" in ui.text()
        await ui.press("r")
        await ui.wait(lambda: _calls(ui, "rebuild") == [("rebuild", "docs-site@tokyo")])


async def test_nothing_differs_and_nothing_can_be_compared_are_told_apart() -> None:
    bench = demo.workbench()
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.press("D")
        await ui.wait(lambda: "are the same" in ui.text())
        said = "here, on the server and in generation 12; other files are not compared"
        assert said in ui.text()
        await ui.press("escape")
        bench.failures["drift"] = RemoteError("The workspace is gone", "", "push again")
        await ui.press("D")
        await ui.wait(lambda: "The workspace is gone" in ui.text())
        assert "are the same" not in ui.text()


def test_a_report_is_bounded_and_clean() -> None:
    report = demo.workbench().drifts["docs-site@tokyo"]
    (nix,) = report.unpushed
    hostile = tuple(f"+\x1b[2J\x07line {n}\u202e" for n in range(MOST_LINES * 2))
    lines = report_lines(DriftReport((replace(nix, diff=hostile),)), 21)
    assert len(lines) == MOST_LINES + 1
    text = "".join(part for line in lines for part, _ in line)
    assert not any(char in text for char in "\x1b\x07\u202e")


def test_only_what_was_compared_is_said_to_be_the_same() -> None:
    def said(generation: int | None, *, here: bool) -> str:
        found = report_lines(DriftReport(), generation, here=here)
        return "".join(text for parts in found for text, _ in parts)

    assert "same  on the server and in generation 3;" in said(3, here=False)
    assert "same  here and on the server;" in said(None, here=True)
    assert "Nothing is built yet" in said(None, here=True)
    assert "same" not in said(None, here=False)


async def test_a_folded_server_shows_that_something_below_it_differs() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("left")
        row = next(row for row in ui.tree.rows if row.key == "tokyo")
        assert row.drift
        assert row.build is not None
        assert "◐ 1 building 59%" in ui.text()


# -- rebuilds that run


async def test_a_rebuild_is_cancelled_from_the_fleet_after_a_question() -> None:
    async with dashboard() as ui:
        await ui.go(WEB)
        await ui.press("X")
        assert isinstance(ui.app.screen, ConfirmDialog)
        await ui.press("escape", "X", "tab", "enter")
        await ui.wait(lambda: _calls(ui, "kill") == [("kill", "web1")])
        await ui.go(API)
        await ui.press("X")
        await ui.wait(lambda: "No rebuild runs here" in ui.text())


async def test_a_busy_project_says_with_what_and_offers_to_follow_that() -> None:
    bench = demo.workbench()
    bench.failures["rebuild"] = Busy("web is being rebuilt already", "by ann since 10:04")
    async with dashboard(bench) as ui:
        await ui.go(WEB)
        await ui.press("r")
        await ui.wait(lambda: isinstance(ui.app.screen, BusyDialog))
        assert "by ann since 10:04" in ui.text()
        assert "has run for 31 s" in ui.text()
        await ui.press("enter")
        await ui.wait(lambda: ui.detail.job == "web1")


async def test_garbage_is_collected_after_a_question_that_says_what_goes() -> None:
    async with dashboard() as ui:
        await ui.go(API)
        await ui.wait(lambda: ui.main.model.generations(API))
        await ui.press("colon", *"garbage", "enter")
        await ui.wait(lambda: isinstance(ui.app.screen, ConfirmDialog))
        assert "2 generations not kept any more: 8, 7" in ui.text()
        assert "what the other projects on tokyo need" in ui.text()
        left = Generation(12, demo.NOW, "rebuild", current=True)
        ui.bench.history["api@tokyo"] = [left]
        await ui.press("tab", "enter")
        await ui.wait(lambda: "MiB freed: 41 store paths" in ui.text())
        assert _calls(ui, "gc") == [("gc", "api@tokyo")]
        await ui.wait(lambda: ui.main.model.generations(API) == (left,), "what is left of them")


async def test_drift_that_goes_takes_its_badge_along() -> None:
    bench = demo.workbench()
    async with dashboard(bench) as ui:
        projects = tuple(replace(view, drift=Drift()) for view in bench.state.projects)
        bench.change(projects=projects)
        await ui.wait(lambda: "Δ" not in ui.text())


async def test_garbage_waits_for_a_neighbour_that_builds_and_that_can_be_followed() -> None:
    bench = demo.workbench()
    bench.failures["gc"] = Busy("Something builds in this store", "web since 10:04")
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.press("colon", *"garbage", "enter", "tab", "enter")
        await ui.wait(lambda: isinstance(ui.app.screen, BusyDialog))
        assert "A rebuild of web has run for 31 s" in ui.text()
        await ui.press("enter")
        await ui.wait(lambda: ui.detail.job == "web1")
        assert ui.tree.selected
        assert ui.tree.selected.key == WEB


class _Waiting(MemoryWorkbench):
    """Rebuilds only when it is let to, as behind a warm-up; ends jobs only in part."""

    def __init__(self) -> None:
        super().__init__(**vars(demo.workbench()))
        self.gate = asyncio.Event()

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> Job:
        progress("waiting for the warm-up", 0, None)
        await self.gate.wait()
        return await super().rebuild(project, progress)

    async def kill(self, project: Project, job: Job) -> Job:
        return replace(job, reason="still running after SIGKILL: cc1plus (4711)")


async def test_a_rebuild_that_waits_keeps_nobody_from_opening_a_shell() -> None:
    bench = _Waiting()
    async with dashboard(bench) as ui:
        await ui.go(API)
        await ui.press("r")
        await ui.press("s")
        await ui.wait(lambda: ("open_shell", "api@tokyo") in bench.calls)
        await ui.wait(lambda: ui.detail.shell and ui.detail.shell.has_focus_within)
        await ui.press("ctrl+backslash", "d", "r")
        await ui.wait(lambda: "Still busy: rebuild api" in ui.text())
        bench.gate.set()
        await ui.wait(lambda: _calls(ui, "rebuild") == [("rebuild", "api@tokyo")])


async def test_a_rebuild_that_begins_late_does_not_take_the_keyboard_from_a_shell() -> None:
    bench = _Waiting()
    async with dashboard(bench) as ui:
        now = [demo.NOW]
        ui.main.clock = lambda: now[0]
        await ui.go(API)
        await ui.press("r", "2")
        await ui.wait(lambda: ui.detail.shell and ui.detail.shell.has_focus_within)
        now[0] += 60
        bench.gate.set()
        await ui.wait(lambda: "api is being rebuilt" in ui.text())
        assert ui.detail.job == "shell1"
        await ui.press("l", "s")
        await ui.wait(lambda: bench.streams["shell1"].typed == b"ls")


async def test_what_outlives_its_cancelling_is_named() -> None:
    async with dashboard(_Waiting()) as ui:
        await ui.go(WEB)
        await ui.press("X", "tab", "enter")
        await ui.wait(lambda: "cc1plus (4711)" in ui.text())
        assert "Not all of the rebuild is gone" in ui.text()
