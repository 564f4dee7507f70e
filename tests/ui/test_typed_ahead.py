"""Keys with their bytes on the way through the app: in order, and never past what was before."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.events import Paste
from textual.widgets import Input

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.ui.input.outer_keyboard import OuterKeyboard
from mnix_tui.ui.input.passing import Passing
from mnix_tui.ui.terminal.view import TerminalView
from tests.helpers.settle import asettle


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
