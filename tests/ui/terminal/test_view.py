"""The widget by itself: input to the sink, messages, drawing, history, selection."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from mnix_tui.ui.terminal.intake import PENDING_BYTES
from mnix_tui.ui.terminal.view import TerminalView
from tests.helpers.settle import asettle, settle
from tests.ui.terminal.demo import STYLES

if TYPE_CHECKING:
    from textual.pilot import Pilot


class Host(App[None]):
    """A terminal with another widget, and bindings that must not get its keys."""

    CSS_PATH = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+x", "stolen", priority=True),
        Binding("a", "stolen"),
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.sent = b""
        self.stolen = 0
        self.seen: list[Any] = []

    def compose(self) -> ComposeResult:
        yield TerminalView(self.write, **self.options)
        yield Input()

    def write(self, data: bytes) -> None:
        self.sent += data

    def on_mount(self) -> None:
        self.view.focus()

    @property
    def view(self) -> TerminalView:
        return self.query_one(TerminalView)

    def take(self) -> bytes:
        sent, self.sent = self.sent, b""
        return sent

    def action_stolen(self) -> None:
        self.stolen += 1

    def on_terminal_view_leader_key(self, message: TerminalView.LeaderKey) -> None:
        self.seen.append(("leader", message.key))

    def on_terminal_view_title_changed(self, message: TerminalView.TitleChanged) -> None:
        self.seen.append(("title", message.title))

    def on_terminal_view_bell(self, message: TerminalView.Bell) -> None:
        self.seen.append(("bell",))

    def on_terminal_view_resized(self, message: TerminalView.Resized) -> None:
        self.seen.append(("size", message.cols, message.rows))


def drawn(app: Host) -> list[str]:
    """What is drawn right of the margin."""
    view = app.view
    return [view.render_line(y).text[view.margin_width :].rstrip() for y in range(view.size.height)]


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (["a", "A", "1", "!", "space", "é"], "aA1! é".encode()),
        (["ctrl+a", "ctrl+x", "ctrl+q", "ctrl+c", "ctrl+p"], b"\x01\x18\x11\x03\x10"),
        (["enter", "tab", "shift+tab", "escape"], b"\r\t\x1b[Z\x1b"),
        (["up", "shift+left", "ctrl+right", "home"], b"\x1b[A\x1b[1;2D\x1b[1;5C\x1b[H"),
        (["f1", "f12", "delete", "pageup"], b"\x1bOP\x1b[24~\x1b[3~\x1b[5~"),
        (["alt+f", "alt+full_stop", "alt+shift+a"], b"\x1bf\x1b.\x1bA"),
        (["alt+up", "ctrl+alt+a", "ctrl+space"], b"\x1b[1;3A\x1b\x01\x00"),
        (["ctrl+underscore", "ctrl+right_square_bracket", "shift+enter"], b"\x1f\x1d\r"),
    ],
)
async def test_keys_go_to_the_program_and_nowhere_else(keys: list[str], sent: bytes) -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert app.sent == sent
        assert app.stolen == 0
        assert app.focused is app.view


async def test_leader_goes_to_the_screen_and_twice_to_the_program() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+backslash", "z", "ctrl+backslash", "ctrl+backslash", "x")
        await asettle(lambda: app.sent == b"\x1cx")
        assert [event for event in app.seen if event[0] == "leader"] == [("leader", "z")]


async def test_leader_is_configurable() -> None:
    app = Host(leader="ctrl+g")
    async with app.run_test() as pilot:
        await pilot.press("ctrl+backslash", "ctrl+g", "n", "ctrl+g", "ctrl+g")
        await asettle(lambda: app.sent == b"\x1c\x07")
        assert ("leader", "n") in app.seen


async def test_replies_bells_and_titles() -> None:
    app = Host()
    async with app.run_test():
        app.view.replaying = True
        await app.view.feed(b"\x07\x1b[6n\x1b]2;old\x07")
        app.view.replaying = False
        await app.view.feed(b"\x07\x1b[5n\x1b]2;new\x07")
        await asettle(lambda: ("title", "new") in app.seen)
        assert app.sent == b"\x1b[0n"
        assert app.seen.count(("bell",)) == 1
        app.view.answers = False
        await app.view.feed(b"\x1b[6n")
        await app.view.drained()
        assert app.sent == b"\x1b[0n"


async def test_replay_that_waits_in_the_buffer_is_still_replay() -> None:
    app = Host()
    async with app.run_test():
        app.view.replaying = True
        await app.view.feed(b"x" * PENDING_BYTES + b"\x1b[6n")
        app.view.replaying = False
        await app.view.drained()
        assert app.sent == b""


async def test_flood_makes_feed_wait_and_loses_nothing() -> None:
    app = Host()
    async with app.run_test():
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counter = asyncio.ensure_future(count())
        for _ in range(20):
            await app.view.feed(b"\x1b[31mflood\x1b[0m\r\n" * 20_000)
        counter.cancel()
        await app.view.feed(b"\x1b[2J\x1b[Hthe end")
        await app.view.drained()
        assert app.view.text().splitlines()[0] == "the end"
        assert turns > 20


async def test_paste() -> None:
    app = Host()
    async with app.run_test():
        from textual import events

        await app.view.feed(b"\x1b[?2004h")
        app.post_message(events.Paste("one\ntwo\x1b[201~"))
        await asettle(lambda: app.sent == b"\x1b[200~one\rtwo[201~\x1b[201~")


async def test_focus_is_reported_if_asked_for() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await app.view.feed(b"\x1b[?1004h")
        app.query_one(Input).focus()
        await pilot.pause()
        app.view.focus()
        await asettle(lambda: app.sent == b"\x1b[O\x1b[I")


async def test_sizes_are_posted_from_2x1_up() -> None:
    app = Host()
    async with app.run_test(size=(90, 30)) as pilot:
        app.query_one(Input).remove()
        await asettle(lambda: ("size", 89, 30) in app.seen)
        await app.view.feed(b"hello " * 100)
        for size in [(2, 1), (1, 1), (300, 100), (40, 12)]:
            await pilot.resize_terminal(*size)
            await asettle(lambda size=size: app.view.size == size)
            assert len(drawn(app)) == size[1]
            assert all(
                app.view.render_line(y).cell_length == size[0] for y in range(app.view.size.height)
            )
        assert app.seen[-1] == ("size", 39, 12)


async def test_wheel_scrolls_history_and_a_key_comes_back() -> None:
    app = Host()
    async with app.run_test(size=(40, 13)) as pilot:
        await app.view.feed(b"".join(b"%d\r\n" % line for line in range(100)))
        await app.view.drained()
        bottom = drawn(app)
        await pilot._post_mouse_events([_event("MouseScrollUp")], app.view, offset=(1, 1))
        await asettle(lambda: drawn(app) != bottom)
        scrolled = app.view.emulator.scrollbar.offset
        assert app.sent == b""
        await app.view.feed(b"new output\r\n")
        await app.view.drained()
        assert app.view.emulator.scrollbar.offset == scrolled
        await pilot.press("x")
        await asettle(lambda: "new output" in drawn(app))
        assert app.sent == b"x"


async def test_wheel_sends_arrows_in_the_alternate_screen() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await app.view.feed(b"\x1b[?1049h")
        await pilot._post_mouse_events([_event("MouseScrollDown")], app.view, offset=(1, 1))
        await asettle(lambda: app.sent == b"\x1b[B" * 3)


async def test_mouse_goes_to_a_program_that_asked_for_it() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await app.view.feed(b"\x1b[?1002h\x1b[?1006h")
        await pilot.mouse_down(app.view, offset=(4, 2))
        await pilot.hover(app.view, offset=(6, 2))
        await pilot.mouse_up(app.view, offset=(6, 2))
        await asettle(lambda: app.sent.endswith(b"m"))
        assert app.sent == b"\x1b[<0;4;3M\x1b[<32;6;3M\x1b[<0;6;3m"


async def test_mouse_selects_and_copies() -> None:
    app = Host()
    async with app.run_test(size=(40, 13)) as pilot:
        await app.view.feed("first line\r\n中文 second".encode())
        await app.view.drained()
        await pilot.mouse_down(app.view, offset=(7, 0))
        await pilot.hover(app.view, offset=(4, 1))
        await pilot.mouse_up(app.view, offset=(4, 1))
        await asettle(lambda: app.clipboard == "line\n中文")
        await app.view.feed(b"\x1b[Hchanged")
        await asettle(lambda: app.view.selecting.selection is None)


async def test_dimmed_shows_the_last_screen_faded() -> None:
    app = Host()
    async with app.run_test(size=(40, 13)):
        await app.view.feed(b"kept")
        await asettle(lambda: drawn(app)[0] == "kept")
        bright = _colour(app, "kept")
        app.view.set_dimmed(True)
        assert drawn(app)[0] == "kept"
        assert _colour(app, "kept") != bright
        app.view.set_dimmed(False)
        assert _colour(app, "kept") == bright


async def test_synchronized_output_is_held_but_not_for_ever() -> None:
    app = Host()
    async with app.run_test():
        await app.view.feed(b"before\x1b[?2026h\r\x1b[2Kafter")
        await asettle(lambda: drawn(app)[0] == "before")
        await asettle(lambda: drawn(app)[0] == "after", timeout=2)


async def test_cursor_is_drawn_over_its_cell() -> None:
    app = Host()
    async with app.run_test():
        await app.view.feed("中a\x1b[H".encode())
        await app.view.drained()
        await asettle(lambda: list(app.view.render_line(0))[1].text == "中")
        first = list(app.view.render_line(0))[1]
        assert first.style is not None
        assert first.style.reverse


async def test_out_of_sight_is_not_drawn_and_catches_up() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await app.view.feed(b"one")
        await asettle(lambda: drawn(app)[0] == "one")
        app.view.display = False
        await pilot.pause()
        before = app.view._pace.drawn_at
        await app.view.feed(b" two")
        await app.view.drained()
        await pilot.pause()
        assert app.view._pace.drawn_at == before
        app.view.display = True
        await asettle(lambda: "one two" in drawn(app))


async def opened_and_closed(app: App[None], pilot: Pilot[None]) -> list[weakref.ref[Any]]:
    view = TerminalView()
    await app.screen.mount(view)
    view.focus()
    await view.feed(b"text" * 1000)
    await view.drained()
    await asettle(lambda: view.has_focus and view._outer.place(view) is not None)
    await view.remove()
    # Textual remembers a parent's last children, arrangements and message, until there are others.
    await app.screen.mount(Input())
    app.screen._clear_arrangement_cache()
    await pilot.pause()
    return [weakref.ref(view), weakref.ref(view.emulator)]


def forgotten(things: list[weakref.ref[Any]]) -> bool:
    gc.collect()
    return all(thing() is None for thing in things)


async def test_a_removed_view_is_forgotten_with_all_its_history() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        gone = await opened_and_closed(app, pilot)
        await asettle(lambda: forgotten(gone))


def test_an_app_and_its_loop_are_forgotten_though_they_had_terminals() -> None:
    async def run() -> list[weakref.ref[Any]]:
        app = App[None]()
        async with app.run_test() as pilot:
            await opened_and_closed(app, pilot)
            await app.screen.mount(TerminalView())
        return [weakref.ref(app), weakref.ref(asyncio.get_running_loop())]

    gone = asyncio.run(run())
    settle(lambda: forgotten(gone))


async def test_unmounting_lets_a_waiting_feed_go() -> None:
    app = Host()
    async with app.run_test() as pilot:
        view = app.view
        waiting = asyncio.ensure_future(view.feed(b"x" * 30_000_000))
        await pilot.pause()
        await view.remove()
        await asyncio.wait_for(waiting, 5)


def _event(name: str) -> Any:
    from textual import events

    return getattr(events, name)


def _colour(app: Host, text: str) -> Any:
    for segment in app.view.render_line(0):
        if segment.text.startswith(text) and segment.style is not None:
            return segment.style.color
    raise AssertionError(f"{text} is not drawn")
