"""Keys with their bytes on the way through the app: in order, and never past what was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.keys import _character_to_key as character_to_key
from textual.widgets import Input

from mnix_tui.errors import LinkLost
from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.ui.input.outer_keyboard import OuterKeyboard
from mnix_tui.ui.input.passing import Passing
from mnix_tui.ui.input.reader import Reader
from mnix_tui.ui.terminal.view import TerminalView
from tests.helpers.settle import asettle
from tests.ui.dashboard import Dashboard, dashboard

if TYPE_CHECKING:
    from mnix_tui.ui.panes.shell import ShellPane
    from mnix_tui.ui.workbench.memory import MemoryStream


class Host(App[None]):
    """A field and a terminal."""

    holds_keys = False

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def compose(self) -> ComposeResult:
        yield Input()
        yield TerminalView(self.take)

    def take(self, data: bytes) -> None:
        self.sent += data


def passing(app: Host) -> Passing:
    return Passing(app, OuterKeyboard(lambda _data: None))


KEYS = [decode_key(raw) for raw in (b"a", b"\x1b[A", b"\x1bf", b"\x00", b"\x1b[1;5C")]
BYTES = b"a\x1b[A\x1bf\x00\x1b[1;5C"


async def test_once_nothing_is_before_them_keys_arrive_at_once() -> None:
    app = Host()
    async with app.run_test():
        app.query_one(TerminalView).focus()
        keys = passing(app)
        keys.arrived(KEYS)
        assert app.sent == b""  # what came before may still be on its way
        await asettle(lambda: app.sent == BYTES)
        keys.arrived(KEYS)
        assert app.sent == BYTES * 2


async def test_a_paste_that_is_too_long_is_told_and_types_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnix_tui.keyboard.input.PASTE_BYTES", 1000)
    app = Host()
    async with app.run_test():
        app.query_one(TerminalView).focus()
        reader = Reader(OuterKeyboard(lambda _data: None))
        items = list(reader.feed(b"\x1b[200~" + b"rm -r x\r" * 1000 + b"\x1b[201~z"))
        passing(app).arrived(items)
        await asettle(lambda: app.sent == b"z")
        assert [note.title for note in app._notifications] == ["Not pasted"]


async def test_keys_stay_behind_a_paste() -> None:
    app = Host()
    async with app.run_test():
        app.query_one(TerminalView).focus()
        keys = passing(app)
        keys.arrived(KEYS)
        await asettle(lambda: app.sent == BYTES)
        keys.arrived([*KEYS, Paste("pasted"), *KEYS])
        keys.arrived([decode_key(b"z")])
        assert app.sent == BYTES * 2
        await asettle(lambda: app.sent == BYTES * 2 + b"pasted" + BYTES + b"z")


async def test_keys_are_for_whoever_has_the_keyboard_when_their_turn_comes() -> None:
    app = Host()
    async with app.run_test() as pilot:
        field, view = app.query_one(Input), app.query_one(TerminalView)
        view.focus()
        keys = passing(app)
        keys.arrived([decode_key(b"1")])
        await asettle(lambda: app.sent == b"1")
        field.focus()
        await pilot.pause()
        keys.arrived([decode_key(raw) for raw in (b"h", b"\x1b[105;;105u", b"\x1b[105;1:3u")])
        await asettle(lambda: field.value == "hi")
        view.focus()
        await pilot.pause()
        keys.arrived([decode_key(b"2"), decode_key(b"3")])
        await asettle(lambda: app.sent == b"123")


async def test_while_the_app_holds_keys_none_goes_past_it() -> None:
    app = Host()
    async with app.run_test():
        app.query_one(TerminalView).focus()
        keys = passing(app)
        keys.arrived(KEYS)
        await asettle(lambda: app.sent == BYTES)
        app.holds_keys = True
        keys.arrived(KEYS)
        assert app.sent == BYTES
        await asettle(lambda: app.sent == BYTES * 2)


LEADER = "ctrl+backslash"


async def _shell(ui: Dashboard) -> tuple[ShellPane, MemoryStream]:
    """Open the first shell of a project that has two."""
    await ui.go("tokyo/tokyo-api")
    await ui.press("2")
    await ui.wait(lambda: ui.detail.shell and ui.detail.shell.has_focus_within, "the shell")
    pane = ui.detail.shell
    assert pane is not None
    await ui.wait(lambda: pane._stream is not None, "its stream")
    return pane, ui.bench.streams[pane.job.id]


def _burst(ui: Dashboard, *typed: str | Paste) -> None:
    """Type all at once, as a fast hand or a script does."""
    for item in typed:
        character = item if isinstance(item, str) and len(item) == 1 else None
        key = Key(character_to_key(character) if character else str(item), character)
        ui.app.post_message(item if isinstance(item, Paste) else key)


async def test_nothing_that_is_meant_for_a_new_shell_reaches_the_old_one() -> None:
    async with dashboard() as ui:
        pane, old = await _shell(ui)
        _burst(ui, LEADER, "c", "l", Paste("pasted"), "up", "ctrl+c", "z")
        await ui.wait(lambda: ui.detail.shell not in (None, pane), "the new shell")
        new = ui.detail.shell
        assert new is not None
        await ui.wait(lambda: new._stream is not None, "its stream")
        stream = ui.bench.streams[new.job.id]
        await ui.wait(lambda: stream.typed == b"lpasted\x1b[A\x03z", "all of it, in order")
        assert old.typed == b""


@pytest.mark.parametrize("opener", [",", ":", "w"])
async def test_what_is_typed_behind_a_leader_key_that_opens_a_dialog_is_for_its_field(
    opener: str,
) -> None:
    async with dashboard() as ui:
        _, stream = await _shell(ui)
        _burst(ui, LEADER, opener, *"na", Paste("me"))
        await ui.wait(lambda: isinstance(ui.app.focused, Input), "the dialog's field")
        field = ui.app.focused
        assert isinstance(field, Input)
        await ui.wait(lambda: field.value.endswith("name"), "what was typed")
        assert "dropped" not in ui.text()
        assert stream.typed == b""


async def test_what_is_typed_behind_the_leader_answers_no_question_that_nobody_asked_for() -> None:
    async with dashboard() as ui:
        await _shell(ui)
        ui.app._following = True
        _burst(ui, "y", "enter")
        ui.app.post_message(ui.app.Troubled(LinkLost("tokyo went away")))
        await ui.wait(lambda: "dropped" in ui.text(), "the notice")
        assert "tokyo went away" in ui.text()
