"""The main screen does what its keys say."""

import pytest
from textual import events
from textual.keys import _character_to_key as character_to_key
from textual.widgets import Input, Static

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import JobState, ServerState
from mnix_tui.errors import Busy, HostKeyChanged, LinkLost, LoginRefused, NoWay
from mnix_tui.ui import keys
from mnix_tui.ui.dialogs.confirm import ConfirmDialog
from mnix_tui.ui.dialogs.problem import ProblemDialog
from mnix_tui.ui.panes.end_bar import EndBar
from mnix_tui.ui.panes.shell import ShellPane
from mnix_tui.ui.screens.help import HelpScreen, sections
from mnix_tui.ui.widgets.key_bar import KeyBar
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryStream
from tests.ui.dashboard import Dashboard, dashboard


def _calls(ui: Dashboard, name: str) -> list[tuple[str, ...]]:
    return [call for call in ui.bench.calls if call[0] == name]


def _typed(pane: ShellPane) -> bytes:
    """Return what the shell got: a key passes several queues, so this is to be waited for."""
    return pane._stream.typed if isinstance(pane._stream, MemoryStream) else b""


async def test_a_shell_takes_all_keys_but_the_leader() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("2")
        pane = ui.detail.pane
        assert isinstance(pane, ShellPane)
        await ui.wait(lambda: pane.view is not None and "cargo test" in pane.view.text())
        await ui.wait(lambda: ui.app.focused is pane.view, "the shell's focus")
        await ui.press("q", "r", "d", "colon", "ctrl+q", "ctrl+c", "tab")
        await ui.wait(lambda: _typed(pane) == b"qrd:\x11\x03\t", "all keys in the shell")
        assert not _calls(ui, "rebuild")
        await ui.press("ctrl+backslash", "d")
        await ui.wait(lambda: ui.tree.has_focus, "back in the fleet")
        assert ui.detail.pane is pane


async def test_the_leader_switches_tabs_and_goes_through_when_pressed_twice() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("2")
        pane = ui.detail.pane
        assert isinstance(pane, ShellPane)
        await ui.wait(lambda: pane.view is not None and ui.app.focused is pane.view)
        await ui.press("ctrl+backslash")
        await ui.wait(lambda: ui.main.query_one(KeyBar).leading, "the keys that may follow")
        assert "next tab" in ui.text()
        await ui.press("ctrl+backslash")
        await ui.wait(lambda: _typed(pane) == b"\x1c", "the leader itself in the shell")
        await ui.press("ctrl+backslash", "n")
        await ui.wait(lambda: ui.detail.active and ui.detail.active.label == "Shell 2")
        await ui.press("ctrl+backslash", "p")
        await ui.wait(lambda: ui.detail.active and ui.detail.active.label == "Shell 1")
        await ui.press("ctrl+backslash", "z")
        await ui.wait(lambda: not ui.tree.display)


async def test_the_leader_works_where_no_shell_has_the_keyboard() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("enter", "ctrl+backslash")
        assert ui.main.query_one(KeyBar).leading
        await ui.press("d")
        await ui.wait(lambda: ui.tree.has_focus, "the fleet, and no question")
        assert ui.app.screen is ui.main
        await ui.press("ctrl+backslash", "2")
        await ui.wait(lambda: isinstance(ui.detail.pane, ShellPane))
        ui.tree.focus()
        await ui.wait(lambda: ui.tree.has_focus)
        await ui.press("ctrl+backslash", "ctrl+backslash", "ctrl+backslash", "question_mark")
        await ui.wait(lambda: isinstance(ui.app.screen, HelpScreen))
        await ui.press("escape")
        await ui.wait(lambda: ui.app.screen is ui.main)
        assert not ui.main.query_one(KeyBar).leading


async def test_a_new_shell_opens_its_tab_with_the_keyboard_in_it() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-docs-site")
        await ui.press("s")
        await ui.wait(lambda: isinstance(ui.detail.pane, ShellPane))
        await ui.wait(lambda: ui.app.focused is ui.detail.pane.query_one("TerminalView"))
        assert [tab.label for tab in ui.detail._shown.tabs] == ["Overview", "Shell 1", "Log"]  # type: ignore[union-attr]


async def test_each_project_comes_back_at_the_tab_where_it_was_left() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("5")
        await ui.go("tokyo/tokyo-db")
        assert ui.detail.active
        assert ui.detail.active.kind == "overview"
        await ui.go("tokyo/tokyo-api")
        assert ui.detail.active.kind == "log"


async def test_removing_asks_and_says_what_goes_and_what_stays() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press("d")
        assert isinstance(ui.app.screen, ConfirmDialog)
        text = ui.text()
        assert "Remove db from tokyo?" in text
        assert "its workspace on tokyo" in text
        assert "the folder on this machine: /home/dev/code/db" in text
        await ui.press("enter")  # the safe answer has the focus
        assert not _calls(ui, "remove")
        await ui.press("d", "tab", "enter")
        await ui.wait(lambda: _calls(ui, "remove") == [("remove", "db@tokyo")])


async def test_stopping_asks_only_while_shells_are_open() -> None:
    async with dashboard() as ui:
        elsewhere = Job("j", "session", "tokyo-docs-site", JobState.RUNNING, server="a clone")
        ui.bench.change(jobs=(*ui.bench.state.jobs, elsewhere))
        await ui.go("tokyo/tokyo-docs-site")
        await ui.press("x")
        await ui.wait(lambda: _calls(ui, "stop") == [("stop", "docs-site@tokyo")])
        await ui.go("tokyo/tokyo-api")
        await ui.press("x")
        assert isinstance(ui.app.screen, ConfirmDialog)
        assert "2 open shells" in ui.text()


@pytest.mark.parametrize(("key", "call"), [("S", ("start", "db@tokyo"))])
async def test_a_key_does_what_it_says(key: str, call: tuple[str, ...]) -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press(key)
        await ui.wait(lambda: call in ui.bench.calls)


async def test_rolling_back_offers_the_generations() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("b")
        await ui.wait(lambda: "11 → 12" in ui.text())  # what made the one in use
        await ui.press("enter")
        assert "in use already" in ui.text()
        await ui.press("down", "enter")
        await ui.wait(lambda: any(call[0] == "rollback" for call in ui.bench.calls))
        assert _calls(ui, "rollback") == [("rollback", "api@tokyo", "11")]


async def test_retry_reaches_out_to_the_selected_server() -> None:
    async with dashboard() as ui:
        await ui.go("lab/lab-telescope")
        await ui.press("ctrl+r")
        assert _calls(ui, "retry") == [("retry", "lab")]


@pytest.mark.parametrize("opener", ["/", ":", "a", "n", "R"])
async def test_what_is_typed_behind_a_key_that_opens_a_dialog_is_for_its_field(opener: str) -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        for character in f"{opener}rdq":  # all at once, as a fast hand or a script types
            ui.app.post_message(events.Key(character_to_key(character), character))
        await ui.wait(lambda: isinstance(ui.app.focused, Input) and len(ui.app.screen_stack) == 2)
        field = ui.app.focused
        assert isinstance(field, Input)
        await ui.wait(lambda: field.value.endswith("rdq"), "the three letters")
        assert len(ui.app.screen_stack) == 2


async def test_what_is_typed_while_a_shell_opens_is_for_the_shell() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        for character in "srdq":
            ui.app.post_message(events.Key(character_to_key(character), character))
        await ui.wait(lambda: isinstance(ui.detail.pane, ShellPane), "the shell's tab")
        pane = ui.detail.pane
        assert isinstance(pane, ShellPane)
        await ui.wait(lambda: _typed(pane) == b"rdq", "the three letters")
        assert not _calls(ui, "rebuild")


async def test_what_is_typed_for_a_shell_that_does_not_open_is_dropped_and_said() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        ui.bench.failures["open_shell"] = LinkLost("tokyo went away")
        for character in "srdq":
            ui.app.post_message(events.Key(character_to_key(character), character))
        await ui.wait(lambda: "dropped" in ui.text(), "the notice")
        assert not _calls(ui, "rebuild")


async def test_find_goes_to_a_project_on_any_server() -> None:
    async with dashboard() as ui:
        await ui.press("slash", *"tscope")
        await ui.press("enter")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.key == "lab/lab-telescope")


async def test_the_palette_runs_an_action() -> None:
    async with dashboard() as ui:
        await ui.press("colon", *"themeswitch")
        await ui.press("escape", "colon", *"switch between")
        await ui.press("enter")
        await ui.wait(lambda: ui.app.theme == "mnix-light")


async def test_an_answer_about_the_clipboard_can_be_taken_back() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        ui.bench.settings |= {"clipboard:tokyo": "always", "clipboard:lab": "never"}
        await ui.press("colon", *"clipboard")
        await ui.press("enter")
        await ui.wait(lambda: not ui.bench.setting("clipboard:tokyo"), "no answer")
        assert ui.bench.setting("clipboard:lab") == "never"


async def test_help_says_what_every_key_does() -> None:
    async with dashboard(size=(120, 320)) as ui:
        await ui.press("question_mark")
        assert isinstance(ui.app.screen, HelpScreen)
        for _, lines in sections("ctrl+backslash"):
            for _, text in lines:
                assert text in ui.text()


async def test_a_failure_is_told_and_noted_with_the_next_step() -> None:
    bench = demo.workbench()
    bench.failures["rebuild"] = Busy("web is being rebuilt", "since 12:00 by dev", "follow it")
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("r")
        await ui.wait(lambda: "web is being rebuilt" in ui.text())
        await ui.press("5")
        await ui.wait(lambda: "rebuild api: web is being rebuilt" in ui.text())
        assert "since 12:00 by dev" in ui.text()


async def test_a_refusal_is_a_dialog() -> None:
    bench = demo.workbench()
    bench.failures["rebuild"] = LoginRefused("tokyo let nobody in", "no key fits", "add a key")
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("r")
        await ui.wait(lambda: isinstance(ui.app.screen, ProblemDialog))
        assert "→ add a key" in ui.text()


async def test_a_lost_link_is_a_row_with_a_reason() -> None:
    async with dashboard() as ui:
        status = ServerStatus(ServerState.RECONNECTING, "connection lost", seen=demo.NOW - 70)
        ui.bench.set_server("tokyo", status)
        await ui.go("tokyo")
        await ui.wait(lambda: "connection lost" in ui.text())
        assert "retried in the background" in ui.text()


async def test_work_is_shown_and_can_be_cancelled() -> None:
    import asyncio

    bench = demo.workbench()
    started = asyncio.Event()

    async def forever(*_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    bench.start = forever  # type: ignore[method-assign,assignment]
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press("S")
        await ui.wait(lambda: started.is_set() and ui.main.query_one("#work").display)
        assert "start db" in ui.text()
        await ui.press("ctrl+x")
        await ui.wait(lambda: not ui.main.works)
        assert not ui.main.query_one("#work").display


async def test_quitting_says_what_goes_on() -> None:
    async with dashboard() as ui:
        await ui.press("q")
        assert ui.app._exit_renderables == [
            "2 shells and 1 build go on without mnix; it shows them again."
        ]


async def test_a_lost_stream_of_a_shell_is_told_in_the_shell() -> None:
    from mnix_tui.sessions import Exited, LinkDown, LinkUp

    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("2")
        pane = ui.detail.pane
        assert isinstance(pane, ShellPane)
        await ui.wait(lambda: pane._stream is not None)
        tell = pane._stream.tell  # type: ignore[union-attr]
        tell(LinkDown("no route"))
        await ui.wait(lambda: "no route · reconnecting" in ui.text())
        tell(LinkUp())
        await ui.wait(lambda: "reconnecting" not in ui.text())
        tell(Exited(None, "holder died"))
        await ui.wait(lambda: "The shell ended: holder died" in ui.text())
        await ui.wait(lambda: isinstance(ui.app.focused, EndBar), "the bar has the keyboard")
        await ui.press("enter")
        await ui.wait(lambda: "shell1" not in ui.detail.pane_ids)


async def test_a_shell_is_ended_from_the_list_after_a_question() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("enter", "K")
        assert "End this shell of api?" in ui.text()
        await ui.press("tab", "enter")
        await ui.wait(lambda: _calls(ui, "kill") == [("kill", "shell2")])


async def test_a_changed_host_key_is_shown_with_both_fingerprints() -> None:
    async with dashboard() as ui:
        detail = "known:   SHA256:aaa\noffered: SHA256:bbb"
        ui.bench.troubles["lab"] = HostKeyChanged("lab: host key changed", detail, "ask its owner")
        await ui.go("lab")
        ui.bench.set_server("lab", ServerStatus(ServerState.REFUSED, "host key changed"))
        await ui.wait(lambda: isinstance(ui.app.screen, ProblemDialog))
        assert "SHA256:aaa" in ui.text()
        assert "SHA256:bbb" in ui.text()
        await ui.press("enter")
        await ui.wait(lambda: not isinstance(ui.app.screen, ProblemDialog))
        assert "SHA256:bbb" in ui.text()
        assert "not retried by itself" in ui.text()


async def test_a_server_without_a_way_to_it_says_what_its_command_said() -> None:
    async with dashboard() as ui:
        ui.bench.troubles["tokyo"] = NoWay("tokyo: no way through", "the ProxyCommand says: oops")
        await ui.go("tokyo")
        ui.bench.set_server("tokyo", ServerStatus(ServerState.OFFLINE, "no way through"))
        await ui.wait(lambda: "the ProxyCommand says: oops" in ui.text())
        assert "retried in the background" in ui.text()
        ui.bench.set_server("tokyo", ServerStatus(ServerState.ONLINE))
        await ui.wait(lambda: "oops" not in ui.text())
        del ui.bench.troubles["tokyo"]
        ui.bench.set_server("tokyo", ServerStatus(ServerState.OFFLINE, "no route"))
        await ui.wait(lambda: "no route" in ui.text())
        assert "oops" not in ui.text()


async def test_escape_leads_from_a_page_back_to_the_fleet() -> None:
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("enter")
        await ui.wait(lambda: not ui.tree.has_focus, "the page has the keyboard")
        assert "K end" not in ui.text()  # projects are not ended
        await ui.press("escape")
        assert ui.tree.has_focus


async def test_a_page_beside_a_scrollbar_has_all_of_its_words() -> None:
    async with dashboard(size=(80, 24)) as ui:
        path = "/home/ada/an-other/.ssh/known_hosts:17"
        detail = f"10.0.0.7 shows {'SHA256:' + 'a' * 43}; known is {'SHA256:' + 'b' * 43} ({path})"
        ui.bench.troubles["lab"] = HostKeyChanged("host key changed", detail, "ask its owner " * 9)
        await ui.go("local")
        ui.bench.set_server(
            "lab", ServerStatus(ServerState.REFUSED, "host key changed", "ask " * 60)
        )
        await ui.go("lab")
        overview = ui.main.query_one("#overview")
        await ui.wait(lambda: overview.show_vertical_scrollbar, "a page that is too long")
        notices = overview.query_one("#about-notices", Static)

        def wrapped() -> bool:
            lines = notices.visual.plain.splitlines()  # type: ignore[attr-defined]
            widest = max(map(len, lines))
            return widest <= notices.content_size.width and f"▌ ({path})" in lines

        await ui.wait(wrapped, "its lines fit beside the scrollbar")


async def test_a_shell_that_ends_closes_its_tab() -> None:
    from mnix_tui.sessions import Exited

    async with dashboard() as ui:
        await ui.go("tokyo/tokyo-docs-site")
        await ui.press("s")
        await ui.wait(lambda: isinstance(ui.detail.pane, ShellPane))
        pane = ui.detail.pane
        await ui.wait(lambda: pane._stream is not None)  # type: ignore[attr-defined]
        pane._stream.tell(Exited(0, ""))  # type: ignore[attr-defined]
        # Its server still lists it as running, and will for a moment.
        await ui.wait(lambda: ui.detail.active and ui.detail.active.kind == "overview")
        await ui.wait(lambda: ui.tree.has_focus)


def test_every_binding_has_an_id_a_description_and_a_tooltip() -> None:
    ids = [binding.id for _, bindings in keys.SECTIONS for binding in bindings]
    assert all(ids)
    assert len(ids) == len(set(ids))
    for _, bindings in keys.SECTIONS:
        for binding in bindings:
            assert binding.description, binding
            assert binding.tooltip, binding


async def test_the_shown_error_of_a_lost_link_is_only_a_warning() -> None:
    bench = demo.workbench()
    bench.failures["start"] = LinkLost("tokyo went away", "", "it is being reached again")
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-db")
        await ui.press("S")
        await ui.wait(lambda: list(ui.app._notifications))
        assert [note.severity for note in ui.app._notifications] == ["warning"]
