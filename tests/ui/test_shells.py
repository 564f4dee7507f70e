"""Many shells: tabs, splits, marks, who else is there, and what is said when the link is down."""

from dataclasses import replace

import pytest
from textual import events
from textual.widget import Widget

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from mnix_tui.sessions import (
    AttachedClient,
    Clients,
    Exited,
    Leads,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Output,
    Silent,
    Speaks,
)
from mnix_tui.ui.panes.end_bar import EndBar
from mnix_tui.ui.panes.frame import Frame
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.widgets.banner import Banner
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryStream, MemoryWorkbench
from tests.ui.dashboard import Dashboard, dashboard

API = "tokyo/tokyo-api"
LEADER = "ctrl+backslash"


async def _shell(ui: Dashboard, key: str = "2") -> ShellPane:
    """Open the first shell of a project that has two."""
    await ui.go(API)
    await ui.press(key)
    return await _focused(ui)


async def _focused(ui: Dashboard, job: str = "") -> ShellPane:
    def there() -> bool:
        pane = ui.detail.shell
        right = pane is not None and (not job or pane.job.id == job)
        return right and pane is not None and pane.has_focus_within and pane._stream is not None

    await ui.wait(there, f"the keyboard in a shell {job}")
    assert ui.detail.shell is not None
    return ui.detail.shell


async def _lead(ui: Dashboard, *keys: str) -> None:
    for key in keys:
        await ui.press(LEADER, key)


async def _split(ui: Dashboard, key: str = "vertical_line") -> ShellPane:
    """Split the shell in front; return the new one."""
    before = set(ui.detail.pane_ids)
    await _lead(ui, key)
    await ui.wait(lambda: set(ui.detail.pane_ids) - before, "the new shell")
    (new,) = set(ui.detail.pane_ids) - before
    return await _focused(ui, new)


def _grid(pane: ShellPane) -> tuple[int, int]:
    """Return the size that the program's screen has here."""
    assert pane.view is not None
    return pane.view.emulator.cols, pane.view.emulator.rows


def _displayed(*widgets: Widget) -> list[bool]:
    return [bool(widget.display) for widget in widgets]


def _stream(ui: Dashboard, pane: ShellPane) -> MemoryStream:
    return ui.bench.streams[pane.job.id]


def _labels(ui: Dashboard) -> list[str]:
    return [tab.label for tab in ui.detail._shown.tabs] if ui.detail._shown else []


def _banner(pane: ShellPane) -> str:
    shown = pane.query_one(Banner)
    return str(shown.render()) if shown.display else ""


async def test_two_shells_share_a_tab_and_one_that_ends_gives_its_room_back() -> None:
    async with dashboard() as ui:
        left = await _shell(ui)
        whole = left.size
        right = await _split(ui)
        await ui.wait(lambda: left.size.width + right.size.width + 1 == whole.width)
        assert left.size.height == right.size.height == whole.height
        assert _labels(ui)[1:3] == ["Shell 1 │ Shell 3", "Shell 2"]
        assert "─ Shell 3 ─" in ui.text()
        assert _stream(ui, right).size[0] < 45
        await _lead(ui, "left")
        await _focused(ui, left.job.id)
        await ui.press("l", "s")
        await ui.wait(lambda: _stream(ui, left).typed == b"ls")
        assert _stream(ui, right).typed == b""
        _stream(ui, left).tell(Exited(0, ""))
        await _focused(ui, right.job.id)
        await ui.wait(lambda: right.size == whole, "all the room")
        assert _labels(ui)[1:3] == ["Shell 3", "Shell 2"]


async def test_stacked_shells_are_reached_by_where_they_are() -> None:
    async with dashboard() as ui:
        left = await _shell(ui)
        upper = await _split(ui)
        lower = await _split(ui, "minus")
        await _lead(ui, "up")
        await _focused(ui, upper.job.id)
        await _lead(ui, "left")
        await _focused(ui, left.job.id)
        await _lead(ui, "o")
        await _focused(ui, upper.job.id)
        await _lead(ui, "down")
        await _focused(ui, lower.job.id)


async def test_the_line_between_shells_is_pushed_and_dragged() -> None:
    async with dashboard() as ui:
        left = await _shell(ui)
        right = await _split(ui)
        before = left.size.width
        await _lead(ui, "ctrl+left")
        await ui.wait(lambda: left.size.width == before - 4)
        x, y = right.region.x - 1, right.region.y + 5
        await ui.pilot.mouse_down(offset=(x, y))
        await ui.pilot.hover(offset=(x + 7, y))
        await ui.pilot.mouse_up(offset=(x + 7, y))
        await ui.wait(lambda: left.size.width == before + 3, "the dragged line")
        assert "layout:tokyo/tokyo-api" in ui.bench.settings


async def test_zoom_shows_one_shell_alone_and_all_again() -> None:
    async with dashboard() as ui:
        left = await _shell(ui)
        right = await _split(ui)
        await _lead(ui, "z")
        await ui.wait(lambda: right.size.width > 100 and not ui.tree.display)
        assert _displayed(left, right) == [False, True]
        assert "zoomed, 1 more behind" in ui.text()
        await _lead(ui, "left")
        await _focused(ui, left.job.id)
        assert _displayed(left, right) == [True, False]
        await _lead(ui, "z")
        await ui.wait(lambda: _displayed(ui.tree, left, right) == [True, True, True])
        await _lead(ui, "h")
        await ui.wait(lambda: _displayed(ui.tree, left, right) == [False, True, True])
        await _lead(ui, "d")
        await ui.wait(lambda: ui.tree.display and ui.tree.has_focus)


async def test_the_next_dashboard_has_the_tabs_as_they_were_left() -> None:
    bench = demo.workbench()
    async with dashboard(bench) as ui:
        left = await _shell(ui)
        right = await _split(ui)
        await _lead(ui, "greater_than_sign")
        await ui.wait(lambda: _labels(ui)[1] == "Shell 2")
        kept = (left.job.id, right.job.id)
    async with dashboard(bench) as ui:
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.key == API)
        await ui.wait(lambda: ui.detail.active and ui.detail.active.jobs == kept)
        assert ui.detail.job == right.job.id
        bench.change(jobs=tuple(job for job in bench.state.jobs if job.id != right.job.id))
        await ui.wait(lambda: ui.detail.active and ui.detail.active.jobs in (kept[:1], kept))


async def test_a_closed_tab_leaves_its_shell_running_and_the_list_brings_it_back() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        await _lead(ui, "q")
        await ui.wait(lambda: pane.job.id not in ui.detail.pane_ids)
        await ui.wait(lambda: _labels(ui)[1] == "Shell 2")
        assert not any(call[0] == "kill" for call in ui.bench.calls)
        await ui.wait(lambda: "Shell 1 goes on" in ui.text())
        await _focused(ui, "shell2")
        await _lead(ui, "w")
        await ui.wait(lambda: len(ui.app.screen_stack) == 2)
        await ui.press(*"shell1", "enter")
        await _focused(ui, "shell1")
        assert _labels(ui)[1:3] == ["Shell 2", "Shell 1"]


async def test_ending_a_shell_asks_and_says_what_runs_in_it() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        _stream(ui, pane).tell(Output(b"\x1b]2;make -j8\x07", 0))
        await ui.wait(lambda: "make -j8" in ui.text(), "the title")
        await _lead(ui, "x")
        await ui.wait(lambda: "End Shell 1 of api?" in ui.text())
        assert "make -j8" in ui.text()
        await ui.press("tab", "enter")
        await ui.wait(lambda: ("kill", "shell1") in ui.bench.calls)
        _stream(ui, pane).tell(Exited(None, "killed by signal 15"))
        await ui.wait(lambda: "shell1" not in ui.detail.pane_ids, "nothing left to read")


async def test_a_shell_gets_a_name_that_everybody_sees() -> None:
    async with dashboard() as ui:
        await _shell(ui)
        await _lead(ui, "comma")
        await ui.wait(lambda: "Name of Shell 1" in ui.text())
        await ui.press(*"build", "enter")
        await ui.wait(lambda: ("rename_session", "shell1", "build") in ui.bench.calls)
        await ui.wait(lambda: _labels(ui)[1] == "build")
        await _focused(ui, "shell1")


async def test_two_shells_that_are_there_are_put_beside_each_other_and_parted_again() -> None:
    async with dashboard() as ui:
        await _shell(ui)
        await _lead(ui, "at")
        await ui.wait(lambda: len(ui.app.screen_stack) == 2)
        await ui.press("enter")
        await _focused(ui, "shell2")
        assert _labels(ui)[1] == "Shell 1 │ Shell 2"
        await _lead(ui, "exclamation_mark")
        await ui.wait(lambda: _labels(ui)[1:3] == ["Shell 1", "Shell 2"])
        await _focused(ui, "shell2")


async def test_a_hidden_shell_marks_its_tab_and_its_project_until_somebody_looks() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        await ui.press(LEADER, "n")
        await _focused(ui, "shell2")
        _stream(ui, pane).tell(Output(b"printed\r\n", 0))
        await ui.wait(lambda: "Shell 1 •" in ui.text(), "the mark of output")
        assert any(row.mark.sign == "•" for row in ui.tree.rows if row.key == API)
        _stream(ui, pane).tell(Output(b"\x1b]133;A\x07$ \x1b]133;C\x07oh\r\n\x1b]133;D;2\x07", 0))
        await ui.wait(lambda: "Shell 1 ✕ 2" in ui.text(), "the mark of a failure")
        assert any(row.mark.sign == "✕" for row in ui.tree.rows if row.key == API)
        assert not list(ui.app._notifications)
        pane.post_message(ShellPane.CommandEnded("shell1", 0, 75.0))
        await ui.wait(lambda: "A command is done after 1 min 15 s" in ui.text(), "the toast")
        await ui.press(LEADER, "p")
        await _focused(ui, "shell1")
        await ui.wait(lambda: "✕ 2" not in ui.text() and "✓" not in ui.text())
        assert not any(row.mark.text for row in ui.tree.rows)


async def test_a_shell_that_rings_all_the_time_is_let_to_ring_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        rung: list[bool] = []
        monkeypatch.setattr(ui.app, "bell", lambda: rung.append(True))
        for _ in range(50):
            _stream(ui, pane).tell(Output(b"\x07" * 100, 0))
        _stream(ui, pane).tell(Output(b"\x1b]2;rang\x07", 0))
        await ui.wait(lambda: pane.status.title == "rang", "the end of it")
        await ui.wait(lambda: rung, "the bell")
        assert len(rung) == 1


async def test_a_bell_in_another_project_is_seen_in_the_fleet() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        await _lead(ui, "d")
        await ui.go("tokyo/tokyo-db")
        _stream(ui, pane).tell(Output(b"\x07", 0))
        await ui.wait(lambda: any(row.mark.sign == "!" for row in ui.tree.rows))
        assert "api !" in ui.text()
        ui.main.model.fleet.fold("tokyo", True)
        ui.main.redraw()
        assert any(row.mark.sign == "!" for row in ui.tree.rows if row.key == "tokyo")


async def test_a_link_that_is_down_is_told_without_losing_keys_or_changing_the_size() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        stream = _stream(ui, pane)
        before = stream.size
        stream.tell(LinkDown("no route to host", demo.NOW - 20))
        await ui.wait(lambda: "no route to host · for 20s · reconnecting" in _banner(pane))
        assert pane.view is not None
        assert pane.view._dimmed
        await ui.press("l", "s")
        await ui.wait(lambda: "2 keys wait, they will be sent" in _banner(pane))
        stream.tell(LinkWaiting("no route to host", 3, demo.NOW + 8))
        await ui.wait(lambda: "next try in 8 s (attempt 4) · ^\\ r tries now" in _banner(pane))
        await _lead(ui, "r")
        await ui.wait(lambda: stream.retries == 1)
        stream.tell(LinkUp())
        await ui.wait(lambda: not _banner(pane) and not pane.view._dimmed)
        await ui.wait(lambda: stream.typed == b"ls", "what waited is sent")
        assert stream.size == before


async def test_a_silent_server_is_told_and_the_screen_stays_bright() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        stream = _stream(ui, pane)
        stream.tell(Silent(9.0))
        await ui.wait(lambda: "No answer for 9 s" in _banner(pane))
        assert pane.view is not None
        assert not pane.view._dimmed
        stream.tell(Speaks())
        await ui.wait(lambda: not _banner(pane))


async def test_what_can_not_be_kept_is_refused_aloud_and_the_shell_goes_on() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        stream = _stream(ui, pane)
        stream.tell(LinkDown("gone"))
        await ui.wait(lambda: _banner(pane))
        stream.write(b"x" * (1 << 20))
        await ui.press("y")
        await ui.wait(lambda: "what you type now is not taken" in _banner(pane))
        assert not pane.over


async def test_a_paste_longer_than_the_buffer_arrives_whole() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        stream = _stream(ui, pane)
        text = b"0123456789abcdef" * (3 << 16)  # 3 MiB
        pane.typing.write(text)
        pane.typing.write(b"!")
        await ui.wait(lambda: len(stream.typed) == len(text) + 1, "the whole paste")
        assert stream.typed == text + b"!"


async def test_another_clients_size_is_shown_with_its_name() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        stream = _stream(ui, pane)
        stream.tell(Clients((AttachedClient("ann@laptop", 1.0),), 2))
        await ui.wait(lambda: "also here: ann@laptop" in ui.text())
        stream.tell(Leads(False, 40, 10))
        await ui.wait(lambda: _grid(pane) == (40, 10))
        assert "ann@laptop has 40×10 · type to take over" in ui.text()
        assert stream.size[0] > 70  # what we would have
        stream.tell(Leads(True, *stream.size))
        await ui.wait(lambda: pane.view is not None and pane.view.size == pane.size)
        assert _grid(pane) == stream.size
        stream.tell(Leads(False, 200, 60))
        await ui.wait(lambda: _grid(pane) == (200, 60))
        frame = pane.query_one(Frame)
        timers = len(frame._timers)
        for cols in range(201, 211):
            frame.fix((cols, 60))
        await ui.pilot.pause()
        assert len(frame._timers) == timers  # one, however often the size changes
        led = stream.led
        stream.tell(Clients((), 1))
        await ui.wait(lambda: stream.led > led, "the lead, when nobody else is there")


@pytest.mark.parametrize(
    ("key", "copied", "kept"), [("y", True, ""), ("a", True, "always"), ("N", False, "never")]
)
async def test_a_program_gets_the_clipboard_only_when_somebody_says_so(
    key: str, copied: bool, kept: str
) -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        _stream(ui, pane).tell(Output(b"\x1b]52;c;c2VjcmV0\x07", 0))
        await ui.wait(lambda: "Shell 1 wants to put 6 B into your clipboard" in _banner(pane))
        await ui.press("y", "a", "N", "enter")  # typing answers nothing
        assert ui.app.clipboard == ""
        assert _banner(pane)
        await _lead(ui, key)
        await ui.wait(lambda: not _banner(pane))
        assert (ui.app.clipboard == "secret") is copied
        assert ui.bench.setting("clipboard:tokyo") == kept
        pane.clipboard.wanted("more")
        await ui.wait(lambda: bool(_banner(pane)) is not bool(kept))
        assert (ui.app.clipboard == "more") is (kept == "always")


async def test_an_ended_shell_says_how_and_what_it_never_got_and_a_new_one_takes_its_place() -> (
    None
):
    async with dashboard() as ui:
        pane = await _shell(ui)
        _stream(ui, pane).tell(Exited(3, "", unsent=5))
        await ui.wait(lambda: "The shell ended (exit 3)" in ui.text())
        assert "5 typed bytes never reached it" in ui.text()
        assert "✕ 3" in ui.text()
        await ui.wait(lambda: isinstance(ui.app.focused, EndBar))
        await _lead(ui, "n")
        await _focused(ui, "shell2")
        await _lead(ui, "p")
        await ui.wait(lambda: isinstance(ui.app.focused, EndBar), "the leader works here, too")
        await ui.press("r")
        await ui.wait(lambda: "shell1" not in ui.detail.pane_ids, "the new shell")
        new = await _focused(ui)
        assert new.job.id not in ("shell1", "shell2")
        assert ui.detail.active is not None
        assert ui.detail.active.jobs == (new.job.id,)


async def test_a_hidden_shell_that_ended_waits_to_be_read() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        await ui.press(LEADER, "n")
        await _focused(ui, "shell2")
        _stream(ui, pane).tell(Exited(0, ""))
        await ui.wait(lambda: "Shell 1 ■" in ui.text())
        assert pane.over


def _many(count: int) -> MemoryWorkbench:
    bench = demo.workbench()
    shells = tuple(
        Job(f"s{n:02}", "session", "tokyo-api", JobState.RUNNING, "bash", True, demo.NOW - 99 + n)
        for n in range(count)
    )
    bench.state = replace(bench.state, jobs=shells)
    return bench


async def test_many_tabs_scroll_and_the_active_one_is_in_sight() -> None:
    async with dashboard(_many(15), size=(80, 24)) as ui:
        await ui.go(API)
        for number in range(1, 16):
            await ui.press("right_square_bracket") if number == 1 else await _lead(ui, "n")
            await ui.wait(lambda n=number: f" Shell {n} " in ui.text().splitlines()[2])
            await _focused(ui)
        line = ui.text().splitlines()[2]
        assert "‹" in line
        assert "›" in line
        await _lead(ui, "1")
        await ui.wait(lambda: "Overview" in ui.text().splitlines()[2])


async def test_the_history_is_a_leader_away() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        view = pane.view
        assert view is not None
        await _lead(ui, "left_square_bracket")
        await ui.wait(lambda: "copy mode" in ui.text() and view.keeps_keys)
        await ui.press("q")
        await ui.wait(lambda: not view.keeps_keys)
        await _lead(ui, "slash")
        await ui.press(*"passed", "enter")
        await ui.wait(lambda: view.keeps_keys)
        await ui.press("q")
        await ui.wait(lambda: not view.keeps_keys)
        marked = b"".join(b"\x1b]133;A\x07$ \x1b]133;C\x07%d\r\n" % n for n in range(99))
        _stream(ui, pane).tell(Output(marked, 0))
        await ui.wait(lambda: "98" in view.text())
        await _lead(ui, "left_curly_bracket")
        await ui.wait(lambda: not view.emulator.scrollbar.at_bottom, "the prompt before")
        assert _stream(ui, pane).typed == b""


async def test_a_shell_tells_its_folder_and_calls_out() -> None:
    async with dashboard() as ui:
        pane = await _shell(ui)
        _stream(ui, pane).tell(Output(b"\x1b]7;file://tokyo/workspace/src/lib\x07", 0))
        await ui.wait(lambda: pane.status.title == "…/src/lib")
        _stream(ui, pane).tell(Output(b"\x1b]2;vim [bold]\x07", 0))
        await ui.wait(lambda: "vim [bold]" in ui.text(), "the title, as it is")
        await ui.press(LEADER, "n")
        await _focused(ui, "shell2")
        _stream(ui, pane).tell(Output(b"\x1b]777;notify;Tests;all green\x07", 0))
        await ui.wait(lambda: "Tests · all green" in ui.text(), "the toast")


async def test_what_is_typed_behind_the_leader_goes_to_where_it_moves_the_keyboard() -> None:
    async with dashboard() as ui:
        left = await _shell(ui)
        right = await _split(ui)
        burst = [LEADER, "left", *"one", LEADER, LEADER, LEADER, "right", *"two", LEADER, "2", *"x"]
        for key in burst:  # all at once, as a fast hand or a script types
            ui.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await ui.wait(lambda: _stream(ui, right).typed == b"twox", "what was typed on the right")
        assert _stream(ui, left).typed == b"one\x1c"
