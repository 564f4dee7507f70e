"""Copy mode: moving, selecting, searching and copying by keyboard, in a real terminal's history."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mnix_tui.ui.terminal import copy_keys
from mnix_tui.ui.terminal.copy_mode import CopyMode
from tests.helpers.settle import asettle
from tests.ui.terminal.test_view import Host, drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from mnix_tui.ui.terminal.view import TerminalView


class Looking(Host):
    """Notes when copy mode begins and ends."""

    def on_terminal_view_copy_mode(self, message: TerminalView.CopyMode) -> None:
        self.seen.append(("copy", message.active))


@asynccontextmanager
async def looking(text: str) -> AsyncIterator[tuple[Looking, Pilot[Any]]]:
    app = Looking()
    async with app.run_test(size=(61, 13)) as pilot:
        await app.view.feed(text.encode())
        await app.view.drained()
        await pilot.pause()
        app.view.copy_mode()
        await pilot.pause()
        yield app, pilot


def copying(app: Host) -> CopyMode:
    assert app.view.copying is not None
    return app.view.copying


def lines(count: int) -> str:
    return "".join(f"line {number}\r\n" for number in range(1, count + 1))


def at(app: Host) -> tuple[int, int]:
    """Row, from 0 at the oldest, and column."""
    place = copying(app).place
    return place.row - app.view.emulator.dropped, place.column


def bar(app: Host) -> str:
    return next(text for text in drawn(app) if " COPY " in f" {text}" or "LINE" in text)


MOTIONS = [
    (["g"], (0, 0)),
    (["g", "w"], (0, 4)),
    (["g", "w", "w"], (0, 7)),
    (["g", "w", "w", "w"], (0, 8)),
    (["g", "W", "W"], (0, 19)),
    (["g", "e"], (0, 2)),
    (["g", "E", "E"], (0, 17)),
    (["g", "dollar_sign"], (0, 23)),
    (["g", "dollar_sign", "j"], (1, 6)),
    (["g", "j", "circumflex_accent"], (1, 3)),
    (["g", "j", "b"], (0, 23)),
    (["g", "j", "j", "l", "l"], (2, 4)),
    (["g", "j", "j", "l", "l", "h"], (2, 2)),
    (["g", "W", "b"], (0, 0)),
    (["g", "ctrl+f", "ctrl+b"], (0, 0)),
    (["g", "L"], (9, 0)),
    (["g", "M"], (5, 0)),
    (["G", "k"], (22, 0)),
]


@pytest.mark.parametrize(("keys", "place"), MOTIONS, ids=lambda value: " ".join(map(str, value)))
async def test_moves_as_in_vi(keys: list[str], place: tuple[int, int]) -> None:
    text = "one two-three/four five.\r\n   word  \r\n中文字\r\n" + lines(20) + "$ "
    async with looking(text) as (app, pilot):
        await pilot.press(*keys)
        assert at(app) == place
        assert app.sent == b""


async def test_moves_by_the_columns_of_the_emulator() -> None:
    word = "\u0928\u092e\u0938\u094d\u0924\u0947\u0903"
    async with looking(f"{word} {word} end") as (app, pilot):
        columns = app.view.emulator.columns(0)
        await pilot.press("0", "w")
        assert at(app) == (0, columns.of(len(word) + 1))
        await pilot.press("w")
        assert at(app) == (0, columns.of(2 * len(word) + 2))
        await pilot.press("$")
        assert at(app) == (0, columns.of(2 * len(word) + 4))
        await pilot.press("v", "b", "y")
        assert app.clipboard == "end"


def test_every_key_has_its_action_and_is_explained() -> None:
    for binding in copy_keys.COPY:
        assert callable(getattr(CopyMode, f"do_{binding.action}"))
        assert binding.id
        assert binding.tooltip


async def test_keeps_the_keys_and_gives_them_back() -> None:
    async with looking(lines(30)) as (app, pilot):
        await pilot.press("x", "k", "f5", "ctrl+l", "q")
        await asettle(lambda: app.view.copying is None)
        await pilot.press("x")
        await asettle(lambda: app.sent == b"x")
        assert [one for one in app.seen if one[0] == "copy"] == [("copy", True), ("copy", False)]


async def test_leader_still_leads_and_is_not_sent() -> None:
    async with looking(lines(3)) as (app, pilot):
        await pilot.press("ctrl+backslash", "n", "ctrl+backslash", "ctrl+backslash")
        await asettle(lambda: ("leader", "n") in app.seen)
        assert app.sent == b""
        assert app.view.copying is not None


async def test_copies_a_selection_and_leaves() -> None:
    async with looking(lines(30)) as (app, pilot):
        await pilot.press("g", "j", "v", "j", "dollar_sign", "y")
        await asettle(lambda: app.clipboard == "line 2\nline 3")
        assert app.view.copying is None
        assert "2 lines copied" in drawn(app)[-1]
        assert app.view.emulator.scrollbar.at_bottom


async def test_selects_lines_with_their_wraps_blocks_and_backwards() -> None:
    async with looking("x" * 70 + "\r\nabcdef\r\nghijkl\r\n" + lines(20)) as (app, pilot):
        await pilot.press("g", "V", "y")
        await asettle(lambda: app.clipboard == "x" * 70)
        app.view.copy_mode()
        await pilot.press("g", "j", "j", "l", "ctrl+v", "j", "l", "l", "y")
        await asettle(lambda: app.clipboard == "bcd\nhij")
        app.view.copy_mode()
        await pilot.press("g", "3", "j", "j", "j", "l", "l", "v", "k", "h", "enter")
        await asettle(lambda: app.clipboard == "bcdef\nghi")


async def test_escape_drops_the_selection_first() -> None:
    async with looking(lines(3)) as (app, pilot):
        await pilot.press("g", "v", "l")
        assert app.view.selecting.text() == "li"
        await pilot.press("escape")
        assert app.view.selecting.text() == ""
        assert app.view.copying is not None
        await pilot.press("y")
        assert app.view.copying is not None
        assert app.clipboard == ""


async def test_stands_still_while_output_goes_on() -> None:
    async with looking(lines(30)) as (app, pilot):
        await pilot.press("k", "k")
        before, place = drawn(app)[1:-1], at(app)
        await app.view.feed(lines(50).replace("line", "later").encode())
        await app.view.drained()
        await asettle(lambda: "↓ new output" in "".join(drawn(app)))
        assert [one for one in drawn(app)[1:-1] if "later" in one] == []
        assert drawn(app)[1:-1] == before
        assert at(app) == place
        await pilot.press("q")
        await asettle(lambda: "later 50" in drawn(app))


async def test_ends_when_the_program_shows_another_screen() -> None:
    async with looking(lines(30)) as (app, _pilot):
        await app.view.feed(b"\x1b[?1049h")
        await asettle(lambda: app.view.copying is None)
        await asettle(lambda: "copy mode ended" in drawn(app)[-1])


async def test_status_line_keeps_out_of_the_cursors_way() -> None:
    async with looking(lines(30) + "$ ") as (app, pilot):
        assert "COPY" in drawn(app)[0]
        assert "line 31 of 31" in drawn(app)[0]
        assert drawn(app)[-1] == "$"
        await pilot.press("H")
        await asettle(lambda: "COPY" in drawn(app)[-1])
        assert "line 22 of 31" in drawn(app)[-1]
        assert drawn(app)[0] == "line 22"


async def test_searches_as_one_types_and_walks_through_matches() -> None:
    async with looking(lines(300)) as (app, pilot):
        await pilot.press("g", "slash", *"E 1")
        await asettle(lambda: "no match" in "".join(drawn(app)))  # a capital: case counts
        await pilot.press("backspace", "backspace", "backspace", *"e 1")
        await asettle(lambda: "1 of 111" in "".join(drawn(app)))
        await pilot.press("0", "enter")
        await asettle(lambda: "1 of 11" in "".join(drawn(app)))
        assert at(app) == (9, 3)
        await pilot.press("n")
        assert at(app) == (99, 3)
        await pilot.press("N", "N")
        assert at(app) == (108, 3)  # around the end
        await pilot.press("n")
        assert at(app) == (9, 3)
        assert app.sent == b""


async def test_matches_are_highlighted_and_the_current_one_more() -> None:
    async with looking("a b\r\na a\r\n") as (app, pilot):
        await pilot.press("g", "slash", "a", "enter")
        await asettle(lambda: len(list(app.view.highlights(1))) == 2)
        (_, _, first), (start, end, second) = app.view.highlights(1)
        assert (start, end) == (2, 3)
        ((_, _, other),) = app.view.highlights(0)
        assert first != second
        assert other == second


async def test_searches_up_and_says_why_a_pattern_is_none() -> None:
    async with looking(lines(40)) as (app, pilot):
        await pilot.press("question_mark", *"line 1", "enter")
        await asettle(lambda: at(app) == (18, 0))
        await pilot.press("n")
        assert at(app) == (17, 0)
        await pilot.press("slash", *"(oops")
        await asettle(lambda: "missing ), unterminated subpattern" in "".join(drawn(app)))
        await pilot.press("escape")
        assert at(app) == (17, 0)
        await pilot.press("n")
        await asettle(lambda: at(app) == (16, 0))


async def test_paste_goes_into_the_pattern_and_never_to_the_program() -> None:
    from textual import events

    async with looking(lines(40)) as (app, pilot):
        app.post_message(events.Paste("line 7\nline 8"))
        await asettle(lambda: "not pasted" in "".join(drawn(app)))
        await pilot.press("slash")
        app.post_message(events.Paste("line 7\nline 8"))
        await asettle(lambda: "/line 7" in "".join(drawn(app)))
        await asettle(lambda: at(app) == (6, 0))
        assert app.sent == b""


PROMPTS = "".join(
    f"\x1b]133;A\x07$ \x1b]133;B\x07do {number}\r\n\x1b]133;C\x07"
    + f"out {number}\r\n" * 4
    + f"\x1b]133;D;{number % 2}\x07"
    for number in range(10)
)


async def test_goes_from_prompt_to_prompt_and_selects_output() -> None:
    async with looking(PROMPTS + "\x1b]133;A\x07$ ") as (app, pilot):
        await pilot.press("left_square_bracket")
        assert at(app) == (45, 0)
        await pilot.press("left_curly_bracket")
        assert at(app) == (40, 0)
        await pilot.press("right_square_bracket", "j", "o", "y")
        await asettle(lambda: app.clipboard == "\n".join(["out 9"] * 4))


async def test_wheel_scrolls_and_the_cursor_stays_in_sight() -> None:
    async with looking(lines(100)) as (app, pilot):
        from textual import events

        place = at(app)
        for _ in range(5):
            await pilot._post_mouse_events([events.MouseScrollUp], app.view, offset=(3, 3))
        await asettle(lambda: at(app)[0] < place[0])
        window = app.view.window()
        assert window.visible(copying(app).place.row)


async def test_history_that_is_dropped_takes_the_cursor_along() -> None:
    app = Looking(scrollback_bytes=1)
    async with app.run_test(size=(61, 13)) as pilot:
        await app.view.feed(lines(100).encode())
        await app.view.drained()
        app.view.copy_mode()
        await pilot.press("g")
        for _ in range(20):
            await app.view.feed(lines(5000).encode())
            await app.view.drained()
        assert app.view.emulator.dropped > 0
        place = copying(app).place
        assert place.row >= app.view.emulator.dropped
        await pilot.press("j", "w", "v", "G", "y")
        await asettle(lambda: app.view.copying is None)
