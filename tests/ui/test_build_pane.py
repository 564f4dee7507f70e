"""A rebuild's tab: its tree, its log, its problems, and what the keys do with them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.nixlog import Line
from mnix_tui.ui.panes.build import BuildPane
from mnix_tui.ui.panes.build_cancel import CancelStrip
from mnix_tui.ui.widgets.build_tree import BuildTree
from mnix_tui.ui.widgets.log_panel import LogPanel, SearchField
from mnix_tui.ui.widgets.log_view import LogView
from mnix_tui.ui.widgets.problem_panel import ProblemPanel
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.log_maker import LogMaker, drv
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.ui.dashboard import Dashboard, dashboard


class Tab:
    """A rebuild's tab in the dashboard."""

    def __init__(self, ui: Dashboard, pane: BuildPane) -> None:
        self.ui, self.pane = ui, pane

    @property
    def tree(self) -> BuildTree:
        return self.pane.query_one(BuildTree)

    @property
    def log(self) -> LogView:
        return self.pane.query_one(LogView)

    @property
    def selected(self) -> str:
        return self.tree.selected.rpartition("-")[0].partition("-")[2]

    def texts(self) -> list[str]:
        return [self.log.kept.plain(n) for n in range(self.log.kept.first, self.log.kept.end)]

    def feed(self, *events: bytes) -> None:
        for data in events:
            self.ui.bench.watches[self.pane.job.id].feed(data)

    async def says(self, text: str) -> None:
        await self.ui.wait(lambda: text in self.ui.text(), text)


@asynccontextmanager
async def tab(
    row: str = "tokyo/tokyo-web",
    job: str = "web1",
    bench: MemoryWorkbench | None = None,
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[Tab]:
    """Open a rebuild's tab with the keyboard in it."""
    async with dashboard(bench, size) as ui:
        await ui.go(row)
        ui.detail.activate(job, focus=True)
        await ui.wait(lambda: isinstance(ui.detail.pane, BuildPane), "the rebuild's tab")
        pane = ui.detail.pane
        assert isinstance(pane, BuildPane)
        await ui.wait(lambda: pane._drawn, "the first drawing")
        await ui.wait(lambda: pane.query_one(BuildTree).has_focus, "the keyboard in the tree")
        yield Tab(ui, pane)


def _line(log: LogMaker, name: str, *lines: str) -> bytes:
    """Return what is added to a log when a builder prints."""
    before = len(log.data)
    log.lines(name, *lines)
    return log.data[before:]


def _building(*names: str, lines: int = 0) -> LogMaker:
    log = LogMaker(demo.NOW - 31)
    log.plan({name: [] for name in names}, {})
    log.build(*names)
    log.lines(names[0], *(f"line {n}" for n in range(lines)))
    return log


def _bench(log: bytes) -> MemoryWorkbench:
    bench = demo.workbench()
    bench.logs["web1"] = log
    return bench


async def test_a_rebuild_opens_its_tab_and_shows_what_it_does() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-docs-site")
        await ui.press("r")
        await ui.wait(lambda: isinstance(ui.detail.pane, BuildPane), "the rebuild's tab")
        await ui.wait(lambda: isinstance(ui.app.focused, BuildTree))
        await ui.wait(lambda: "Rebuild for generation 22" in ui.text())
        assert "waiting for the first line" in ui.text()


async def test_the_head_tells_what_is_done_how_far_it_is_and_how_long_it_takes() -> None:
    async with tab() as it:
        text = it.ui.text()
        assert "Rebuild for generation 8 · building web-node-modules" in text
        assert "59%" in text
        assert "left" in text
        assert "● 3" in text
        assert "↓ 4/5" in text
        assert "Rebuild ◐ 59%" in text  # the tab's title
        row = next(line for line in text.splitlines() if "└─◐ web-node-modules-7.2" in line)
        assert "build" in row
        assert "of ~30s" in row


async def test_a_moved_selection_stays_on_its_node_and_shows_its_log() -> None:
    async with tab() as it:
        assert it.tree.following
        assert it.texts()[-1].startswith("api-client-2.3.0> ")
        await it.ui.press("down")
        assert it.selected == "web-node-modules"
        await it.ui.wait(lambda: it.texts()[-1] == "node-gyp rebuild: better-sqlite3")
        assert it.texts()[0] == drv("web-node-modules-7.2")
        log = _building("brand-new-1.0")
        it.feed(log.data)  # another row comes above
        await it.ui.pilot.pause()
        assert it.selected == "web-node-modules"
        assert it.tree.rows[it.tree._at].node.key == drv("web-node-modules-7.2")
        await it.ui.press("f")
        await it.ui.wait(lambda: it.tree.following)
        assert it.tree.selected == ""
        await it.ui.wait(lambda: it.texts()[-1] == "building 'brand-new-1.0.drv'", "everything")


async def test_new_lines_of_the_selected_node_come_and_no_others() -> None:
    log = _building("one-1.0", "two-1.0", lines=300)
    async with tab(bench=_bench(log.data)) as it:
        assert it.tree.select(drv("one-1.0"))
        await it.ui.wait(lambda: it.texts()[-1] == "line 299")
        assert "100 lines before these" in it.texts()[1]
        it.feed(_line(log, "two-1.0", "not this"), _line(log, "one-1.0", "but this"))
        await it.ui.wait(lambda: it.texts()[-1] == "but this")
        assert "not this" not in it.texts()
        it.ui.bench.logs["web1"] = log.data
        await it.ui.press("enter")
        await it.ui.wait(lambda: "line 0" in it.texts(), "the whole log")
        assert it.texts()[-1] == "but this"
        assert it.pane.reading
        assert ("build_log", "web1", drv("one-1.0")) in it.ui.bench.calls
        await it.ui.press("escape")
        await it.ui.wait(lambda: it.tree.has_focus and it.tree.display)


async def test_a_whole_log_that_cannot_be_read_leaves_what_is_at_hand() -> None:
    bench = _bench(_building("one-1.0", lines=300).data)
    bench.failures["build_log"] = LinkLost("The connection is gone", "", "wait for it")
    async with tab(bench=bench) as it:
        assert it.tree.select(drv("one-1.0"))
        await it.ui.press("enter")
        await it.says("The connection is gone")
        assert it.texts()[-1] == "line 299"


async def test_what_failed_is_on_top_and_its_log_a_key_away() -> None:
    async with tab("lisbon/lisbon-forecast-service-2", "fore34") as it:
        text = it.ui.text()
        assert "✕ Rebuild failed · generation 33 stays in use" in text
        assert "xarray-grid-1.7 failed" in text
        assert "AssertionError: 89.75" in text
        assert "enter shows the whole log" in text
        assert "mnix logs" not in text
        await it.ui.press("e")
        assert it.pane.query_one(ProblemPanel).has_focus
        assert it.selected == "xarray-grid"
        await it.ui.press("enter")
        await it.ui.wait(lambda: it.pane.reading and it.log.has_focus)
        assert any("FAILED" in line for line in it.texts())
        assert not it.pane.query_one(ProblemPanel).region.height
        await it.ui.press("escape", "down")
        await it.ui.wait(lambda: it.tree.has_focus)


async def test_errors_are_gone_through_and_what_printed_nothing_shows_what_nix_told() -> None:
    log = _building("one-1.0", "two-1.0", "both-1.0")
    log.fail("one-1.0", "no such file", above="both-1.0")
    log.fail("two-1.0", "out of luck", above="both-1.0")
    async with tab(bench=_bench(log.data)) as it:
        await it.ui.press("e")
        await it.says("1 of 2")
        first = it.selected
        await it.ui.press("e")
        await it.says("2 of 2")
        assert {first, it.selected} == {"one", "two"}
        await it.ui.wait(lambda: any("out of luck" in line for line in it.texts()))
        await it.ui.press("e")
        await it.says("1 of 2")


async def test_a_flake_that_does_not_evaluate_says_where() -> None:
    async with tab("lisbon/lisbon-etl", "etl1") as it:
        assert "undefined variable" in it.ui.text()
        assert "flake.nix:14:22" in it.ui.text()
        await it.ui.press("e", "enter")
        await it.ui.wait(lambda: it.pane.reading)
        assert any("pkgz" in line for line in it.texts())


async def test_cancelling_asks_once_and_says_what_becomes_of_it() -> None:
    async with tab() as it:
        await it.ui.press("x")
        assert "Cancel this rebuild?" in it.ui.text()
        await it.ui.press("escape")
        assert "Cancel this rebuild?" not in it.ui.text()
        assert not [call for call in it.ui.bench.calls if call[0] == "kill"]
        await it.ui.press("x", "x")
        await it.ui.wait(lambda: ("kill", "web1") in it.ui.bench.calls)
        await it.says("Rebuild killed by signal 15 · generation 7 stays in use")
        await it.ui.press("x")  # it must not reach what stops the project
        await it.says("ended already")
        assert not [call for call in it.ui.bench.calls if call[0] == "stop"]


async def test_a_rebuild_that_does_not_end_says_what_still_runs() -> None:
    bench = demo.workbench()
    bench.failures["kill"] = MnixError("It still runs", "cc1plus (pid 811)", "try again")
    async with tab(bench=bench) as it:
        await it.ui.press("x", "x")
        await it.says("It still runs: cc1plus (pid 811) → try again")
        strip = it.pane.query_one(CancelStrip)
        strip.ending, strip.running = True, "building web-tools"
        strip._still()
        await it.says("Still ending: building web-tools runs yet")


async def test_a_lost_link_leaves_the_last_tree_with_its_age() -> None:
    now = [demo.NOW]
    bench = demo.workbench()
    async with tab(bench=bench) as it:
        it.pane._clock = lambda: now[0]
        assert it.pane._times is not None
        it.pane._times._clock = lambda: now[0]
        it.ui.bench.watches["web1"].lose("closed")
        await it.ui.pilot.pause()
        now[0] += 42
        it.pane.draw()
        await it.says("link lost 42s ago (closed)")
        assert it.pane.has_class("-lost")
        assert "└─◐ web-node-modules-7.2" in it.ui.text()
        row = next(one for one in it.ui.text().splitlines() if "web-node-modules-7.2  b" in one)
        assert "22s" in row  # its time stands still too
        it.ui.bench.watches["web1"].lose("")
        await it.ui.wait(lambda: not it.pane.has_class("-lost"))
        assert "link lost" not in it.ui.text()


async def test_a_log_that_cannot_be_read_says_so() -> None:
    async with tab() as it:
        watch = it.ui.bench.watches["web1"]
        watch.finish(MnixError("The log is gone", "", "rebuild (r)"))
        await it.says("The log can't be read: The log is gone → rebuild (r)")
        assert "Rebuild for generation 8 · runs; nobody knows how far it is" in it.ui.text()


async def test_older_rebuilds_are_a_key_away_and_show_the_same_tree() -> None:
    bench = demo.workbench()
    old = Job(
        "b11", "rebuild", "tokyo-api", JobState.EXITED, exit_code=100, started=demo.NOW - 9999
    )
    bench.older = (old,)
    bench.logs["b11"] = b"error: an old failure\n"
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.wait(lambda: "exit 100" in ui.text(), "the list with older builds")
        await ui.press("4")
        await ui.wait(lambda: isinstance(ui.app.focused, BuildTree))
        await ui.wait(lambda: "● Generation 12 · in use" in ui.text())
        assert "took 18s" in ui.text()
        await ui.press("comma")
        await ui.wait(lambda: "an old failure" in ui.text())
        assert "✕ Rebuild failed" in ui.text()
        assert "stays in use" not in ui.text()  # which one did then, nobody knows
        await ui.press("full_stop")
        await ui.wait(lambda: "● Generation 12 · in use" in ui.text())


async def test_an_ended_rebuild_whose_log_is_not_here_yet_says_why() -> None:
    async with tab("tokyo/tokyo-api", "build12") as it:
        watch = it.ui.bench.watches["build12"]
        watch.done = False
        it.pane.draw()
        await it.says("reading it…")
        watch.lose("no route to host")
        await it.says("not here yet: no route to host")
        watch.finish()
        await it.ui.wait(lambda: "not here yet" not in it.ui.text())


async def test_what_nobody_looks_at_is_let_go_and_read_again() -> None:
    async with tab("tokyo/tokyo-api", "build12") as it:
        it.pane.let_go()
        assert it.texts()  # somebody looks
        it.ui.detail.activate("overview", focus=True)
        await it.ui.wait(lambda: not it.pane.display)
        it.pane.let_go()
        assert not it.texts()
        assert not it.tree.rows
        it.ui.detail.activate("build12", focus=True)
        await it.ui.wait(lambda: it.tree.rows and it.texts(), "all of it again")
        assert "● Generation 12 · in use" in it.ui.text()


async def test_one_that_ends_while_nobody_looks_is_let_go_too() -> None:
    async with tab() as it:
        it.ui.detail.activate("overview", focus=True)
        await it.ui.wait(lambda: not it.pane.display)
        await it.ui.pilot.pause()
        assert it.pane._rest is None
        it.pane.show(replace(it.pane.job, state=JobState.EXITED, exit_code=0), 1)
        assert it.pane._rest is not None


async def test_the_log_is_wrapped_from_the_tree_and_escape_leaves_it() -> None:
    async with tab() as it:
        await it.ui.press("w")
        assert not it.log.wrapped
        assert it.tree.has_focus
        assert type(it.ui.app.screen).__name__ == "MainScreen"
        await it.ui.press("down", "escape")
        assert it.tree.has_focus  # from a node to everything
        await it.ui.press("escape")
        await it.ui.wait(lambda: it.ui.tree.has_focus, "the keyboard in the fleet")


async def test_help_begins_with_what_has_the_keyboard() -> None:
    async with tab() as it:
        await it.ui.press("question_mark")
        assert "In a rebuild's tab" in it.ui.text()  # without scrolling
        assert "Projects" not in it.ui.text()


async def test_news_may_come_before_the_tab_is_laid_out() -> None:
    async with dashboard() as ui:
        view = next(one for one in ui.bench.state.projects if one.project.remote_id == "tokyo-api")
        job = next(job for job in ui.bench.snapshot().jobs if job.id == "build12")
        pane = BuildPane(ui.bench, view.project, job, siblings=1, clock=lambda: demo.NOW)
        pane.show(replace(job, log_size=8), 2)
        pane.focus_main()
        pane.draw()
        await ui.detail.mount(pane)
        await ui.wait(lambda: bool(pane.query_one(BuildTree).rows))


async def test_the_mouse_selects_opens_and_scrolls() -> None:
    async with tab() as it:
        at = next(n for n, row in enumerate(it.tree.rows) if "esbuild" in row.node.name)
        await it.ui.pilot.click(BuildTree, offset=(10, at))
        assert it.selected == "esbuild"
        assert not it.tree.following
        await it.ui.pilot.click(BuildTree, offset=(10, at), times=2)
        await it.ui.wait(lambda: it.pane.reading)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_log_is_beside_the_tree_where_there_is_room(size: tuple[int, int]) -> None:
    async with tab(size=size) as it:
        beside = it.log.region.x > it.tree.region.right - 1
        assert beside is (size[0] == 200)
        assert it.log.region.height >= 4
        assert it.tree.region.height >= 4


async def test_searching_takes_what_is_typed_and_goes_from_match_to_match() -> None:
    log = _building("one-1.0", lines=120)
    async with tab(bench=_bench(log.data)) as it:
        await it.ui.press("slash", *"LINE 1")  # a capital: only so
        assert isinstance(it.ui.app.focused, SearchField)
        await it.says("no match")
        assert not [call for call in it.ui.bench.calls if call[0] == "new_project"]
        await it.ui.press("ctrl+u", *"line 1.$")
        await it.says("1 of 10")
        assert it.log.match is not None
        assert it.log.kept.plain(it.log.match.line).endswith("line 10")
        await it.ui.press("enter", "n")
        await it.says("2 of 10")
        await it.ui.press("N", "N")
        await it.says("10 of 10")
        it.feed(_line(log, "one-1.0", "line 1!"))
        await it.says("of 11")
        await it.ui.press("escape")
        assert it.log.search is None
        assert it.log.has_focus
        await it.ui.press("slash", *"(")
        await it.says("missing )")


async def test_the_log_wraps_follows_and_pauses() -> None:
    log = _building("one-1.0", lines=200)
    async with tab(bench=_bench(log.data)) as it:
        await it.says("following")
        await it.ui.press("enter")
        await it.ui.wait(lambda: it.log.has_focus)
        it.feed(_line(log, "one-1.0", "x" * 500 + "the end"))
        await it.ui.wait(lambda: "the end" in it.ui.text(), "all rows of the last line")
        await it.ui.press("up", "up")
        await it.says("paused")
        top = it.log.top
        it.feed(_line(log, "one-1.0", *(f"more {n}" for n in range(50))))
        await it.ui.wait(lambda: it.texts()[-1].endswith("more 49"))
        assert it.log.top == top
        await it.ui.press("w")
        await it.says("not wrapped")
        await it.ui.press("end")
        await it.ui.wait(lambda: it.log.following)
        assert "more 49" in it.ui.text()
        await it.ui.press("home")
        it.log.on_resize()
        it.feed(_line(log, "one-1.0", "still at the start"))
        await it.ui.pilot.pause()
        assert it.log.scroll_offset.y == 0
        await it.says("paused")


async def test_colours_of_builders_are_shown_and_nothing_else_of_theirs() -> None:
    log = _building("one-1.0")
    async with tab(bench=_bench(log.data)) as it:
        it.feed(_line(log, "one-1.0", "\x1b[1;32mgreen\x1b[0m \x1b]0;title\x07\x1b[2Jplain"))
        await it.ui.wait(lambda: it.texts()[-1] == "one-1.0> green plain")
        rows = [it.log.render_line(y) for y in range(it.log.size.height)]
        cells = [one for row in rows for one in row if one.text == "green"]
        assert cells
        assert cells[0].style is not None
        assert cells[0].style.bold
        assert cells[0].style.color is not None
        assert cells[0].style.color.number == 2


async def test_whole_lines_are_copied_however_they_are_wrapped() -> None:
    from textual.geometry import Offset
    from textual.selection import Selection

    log = _building("one-1.0")
    async with tab(bench=_bench(log.data)) as it:
        it.feed(_line(log, "one-1.0", "a" * 300, "b" * 10))
        await it.ui.wait(lambda: it.texts()[-1].endswith("b"))
        last = it.log.kept.end - 1
        chosen = Selection(Offset(9 + 290, last - 1), Offset(9 + 4, last))
        assert it.log.get_selection(chosen) == ("a" * 10 + "\none-1.0> bbbb", "\n")


async def test_a_flood_of_lines_leaves_bounded_memory_and_the_newest() -> None:
    log = _building("one-1.0")
    async with tab(bench=_bench(log.data)) as it:
        panel = it.pane.query_one(LogPanel)
        for start in range(0, 200_000, 50_000):
            panel.extend([Line("build", f"line {n}") for n in range(start, start + 50_000)])
        assert len(it.log.kept._items) <= 52_000
        assert it.texts()[-1] == "line 199999"
        panel.extend([Line("build", "z" * 8000)] * 10_000)
        assert it.log.kept._size <= 16 * 1024 * 1024
        assert it.log.following


async def test_hostile_logs_do_no_harm() -> None:
    odd = [
        "\x1b[" + "1;" * 5000 + "m" + "x",
        "\u202egpj.exe",
        "\t" * 500,
        "界" * 3000,
        "\x1b[38;5mx",
    ]
    raw = [json.dumps(text).encode() for text in odd]
    async with tab() as it:
        it.feed(*(b'@nix {"action":"msg","level":0,"msg":%s}\n' % text for text in raw))
        it.feed(b"\xff\xfe@nix {]\n", b"@mnix [1]\n", b"@nix null\n")
        await it.ui.pilot.pause()
        await it.ui.press("tab", "home", "pagedown", "end", "w", "w")
        assert "\u202e" not in it.ui.text()
        assert not it.ui.app._exception
