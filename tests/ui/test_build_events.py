"""Rebuilds that end while nobody looks leave a mark, and long ones are told aloud, once."""

from dataclasses import replace
from typing import Any

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.ui.widgets.title_bar import TitleBar
from mnix_tui.ui.workbench import demo
from tests.ui.dashboard import Dashboard, dashboard

WEB = "tokyo/tokyo-web"


def _end(ui: Dashboard, job_id: str = "web1", **changes: Any) -> None:
    """Let a rebuild end, a minute after it began."""
    ended: dict[str, Any] = {"state": JobState.EXITED, "exit_code": 0, "generation": 8}
    jobs = tuple(
        replace(job, **{**ended, "ended": job.started + 60, **changes}) if job.id == job_id else job
        for job in ui.bench.state.jobs
    )
    ui.bench.change(jobs=jobs)


def _outside(ui: Dashboard) -> list[str]:
    """Return what the outer terminal will have been told."""
    told: list[str] = []
    driver = ui.app._driver
    assert driver is not None
    write = driver.write

    def heard(data: str) -> None:
        if "\x1b]9;" in data or "\x1b]777;" in data:
            told.append(data)
        write(data)

    driver.write = heard  # type: ignore[method-assign]
    return told


def _row(ui: Dashboard, key: str = WEB) -> Any:
    return next(row for row in ui.tree.rows if row.key == key)


async def test_a_failed_rebuild_is_marked_until_its_tab_was_looked_at() -> None:
    async with dashboard(notify_after=0) as ui:
        outside = _outside(ui)
        await ui.go("local/local-notes")
        _end(ui, exit_code=1, generation=None)
        await ui.wait(lambda: _row(ui).note == "failed")
        assert (_row(ui).mark.sign, _row(ui).tone) == ("✕", "bad")
        await ui.wait(lambda: "the rebuild failed" in ui.text(), "the toast")
        assert outside == []
        await ui.go(WEB)
        assert _row(ui).note == "failed"  # the row alone does not say why
        await ui.press("v")
        await ui.wait(lambda: _row(ui).mark.sign == "")
        assert _row(ui).note != "failed"


async def test_the_next_rebuild_takes_the_mark_off() -> None:
    async with dashboard() as ui:
        await ui.go("local/local-notes")
        _end(ui, exit_code=1)
        await ui.wait(lambda: _row(ui).mark.sign == "✕")
        again = Job("web2", "rebuild", "tokyo-web", JobState.RUNNING, started=demo.NOW)
        ui.bench.change(jobs=(*ui.bench.state.jobs, again))
        await ui.wait(lambda: _row(ui).mark.sign == "")


async def test_a_long_rebuild_is_told_to_whoever_looks_elsewhere() -> None:
    async with dashboard(notify_after=30) as ui:
        outside = _outside(ui)
        await ui.go("local/local-notes")
        _end(ui)
        await ui.wait(lambda: outside, "the outer terminal")
        assert "web @ tokyo: generation 8 is in use" in outside[0]
        assert "web @ tokyo: generation 8 is in use" in ui.text()
        assert _row(ui).mark.sign == "✓"


async def test_whoever_watches_it_end_is_told_nothing() -> None:
    async with dashboard(notify_after=30) as ui:
        outside = _outside(ui)
        await ui.go(WEB)
        await ui.press("v")
        await ui.wait(lambda: ui.detail.job == "web1" and ui.detail.pane.has_focus_within)
        _end(ui)
        await ui.wait(lambda: not ui.main.model.job("web1").live)  # type: ignore[union-attr]
        assert ui.main._telling is None  # nothing is about to be told either
        assert outside == []
        assert _row(ui).mark.sign == ""


async def test_a_terminal_without_the_focus_is_told_also_of_the_tab_in_front() -> None:
    async with dashboard(notify_after=30) as ui:
        outside = _outside(ui)
        await ui.go(WEB)
        await ui.press("v")
        await ui.wait(lambda: ui.detail.job == "web1" and ui.detail.pane.has_focus_within)
        ui.app.app_focus = False
        _end(ui)
        await ui.wait(lambda: outside, "the outer terminal")


async def test_a_short_one_is_not_told_aloud() -> None:
    async with dashboard(notify_after=90) as ui:
        outside = _outside(ui)
        await ui.go("local/local-notes")
        _end(ui)
        await ui.wait(lambda: _row(ui).mark.sign == "✓")
        assert ui.main._telling is None  # nothing is about to be told either
        assert outside == []
        assert "is in use" not in ui.text()


async def test_ten_that_end_at_once_are_told_once() -> None:
    bench = demo.workbench()
    projects = [view.project.remote_id for view in bench.state.projects]
    jobs = tuple(
        Job(f"b{n}", "rebuild", projects[n], JobState.RUNNING, started=demo.NOW - 90)
        for n in range(10)
    )
    bench.state = replace(bench.state, jobs=jobs)
    async with dashboard(bench, notify_after=30) as ui:
        outside = _outside(ui)
        assert "10 building" in str(ui.main.query_one(TitleBar).render())
        over: dict[str, Any] = {"state": JobState.EXITED, "exit_code": 0, "ended": demo.NOW}
        bench.change(jobs=tuple(replace(job, **over) for job in jobs))
        await ui.wait(lambda: outside, "the outer terminal")
        assert ui.main._telling is None
        assert len(outside) == 1
        assert "10 rebuilds have ended" in outside[0]
        assert len(ui.app._notifications) == 1
