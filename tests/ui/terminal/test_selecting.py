"""Selecting with the mouse, links, the wheel, and the marks beside the text."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from textual import events
from textual.screen import ModalScreen

from mnix_tui.ui.terminal.clipboard import COPY_BYTES, fitting
from tests.helpers.settle import asettle
from tests.ui.terminal.test_view import Host, drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot


class Pointing(Host):
    """Keeps the addresses that it was told to open."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.opened: list[str] = []

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        self.opened.append(url)


@asynccontextmanager
async def showing(text: str) -> AsyncIterator[tuple[Pointing, Pilot[Any]]]:
    app = Pointing()
    async with app.run_test(size=(61, 13)) as pilot:
        await app.view.feed(text.encode())
        await app.view.drained()
        await pilot.pause()
        yield app, pilot


def mouse(
    app: Host, kind: type[events.MouseEvent], x: int, y: int, button: int = 1, **held: bool
) -> None:
    """Let the mouse do something at a cell of the program's; it may be outside of the view."""
    view = app.view
    view.post_message(
        kind(
            view,
            x + view.margin_width,
            y,
            0,
            0,
            button,
            held.get("shift", False),
            held.get("meta", False),
            held.get("ctrl", False),
        )
    )


async def drag(
    app: Host, pilot: Pilot[Any], start: tuple[int, int], end: tuple[int, int], **held: bool
) -> None:
    mouse(app, events.MouseDown, *start, **held)
    mouse(app, events.MouseMove, *end, **held)
    mouse(app, events.MouseUp, *end, **held)
    await pilot.pause()


def click(app: Host, x: int, y: int, **held: bool) -> None:
    mouse(app, events.MouseDown, x, y, **held)
    mouse(app, events.MouseUp, x, y, **held)


def lit(app: Host) -> dict[int, tuple[int, int]]:
    """The highlighted columns of each visible line."""
    view = app.view
    found = {}
    for y in range(view.emulator.rows):
        for start, end, style in view.highlights(y):
            if style == view.style_of("terminal--selection"):
                found[y] = (start, end)
    return found


def lines(first: int, last: int) -> str:
    return "".join(f"line {number}\r\n" for number in range(first, last + 1))


async def test_double_and_triple_clicks_select_words_and_lines() -> None:
    async with showing("see ~/src/a-file.py:12 now " + "x" * 60 + "\r\nnext") as (app, _pilot):
        for _ in range(2):
            click(app, 8, 0)
        await asettle(lambda: app.clipboard == "~/src/a-file.py")
        for _ in range(3):
            click(app, 4, 0)
        await asettle(lambda: app.clipboard.endswith("x" * 60))
        assert app.clipboard.startswith("see ")
        await asettle(lambda: lit(app) == {0: (0, 60), 1: (0, 60)})
        for _ in range(4):
            click(app, 12, 0)  # the fourth is one again
        await asettle(lambda: lit(app) == {})


async def test_double_click_and_drag_selects_whole_words() -> None:
    async with showing("one two three four") as (app, pilot):
        mouse(app, events.MouseDown, 5, 0)
        mouse(app, events.MouseUp, 5, 0)
        await drag(app, pilot, (5, 0), (9, 0))
        await asettle(lambda: app.clipboard == "two three")


async def test_shift_click_extends() -> None:
    async with showing("one two three\r\nfour five") as (app, pilot):
        await drag(app, pilot, (4, 0), (6, 0))
        assert app.clipboard == "two"
        click(app, 3, 1, shift=True)
        await asettle(lambda: app.clipboard == "two three\nfour")
        click(app, 0, 0, shift=True)
        await asettle(lambda: app.clipboard == "one t")


@pytest.mark.parametrize("held", ["meta", "ctrl"])
async def test_alt_or_ctrl_selects_a_block(held: str) -> None:
    async with showing("abcdef\r\nghijkl\r\nmnopqr") as (app, pilot):
        await drag(app, pilot, (4, 0), (2, 2), **{held: True})
        assert app.clipboard == "cde\nijk\nopq"
        assert lit(app) == dict.fromkeys(range(3), (2, 5))


async def test_pulling_over_the_edge_scrolls_on_and_goes_on_selecting() -> None:
    async with showing(lines(1, 60) + "end") as (app, pilot):
        mouse(app, events.MouseDown, 3, 5)
        mouse(app, events.MouseMove, 0, -2)
        await asettle(lambda: app.view.window().top == 0)
        mouse(app, events.MouseUp, 0, -2)
        await pilot.pause()
        copied = app.clipboard.split("\n")
        assert copied[0] == "line 1"
        assert copied[-1] == "line"
        assert len(copied) == 57
        assert app.view._edge is None


async def test_pulling_down_from_the_history_reaches_the_newest_line() -> None:
    async with showing(lines(1, 60) + "end") as (app, pilot):
        app.view.scroll_history(-1000)
        await pilot.pause()
        mouse(app, events.MouseDown, 0, 3)
        mouse(app, events.MouseMove, 30, 15)
        await asettle(lambda: app.view.window().at_bottom)
        mouse(app, events.MouseUp, 30, 15)
        await asettle(lambda: app.clipboard.endswith("line 60\nend"))
        assert app.clipboard.startswith("line 4\n")


async def test_selection_stays_on_its_text_while_output_scrolls() -> None:
    async with showing(lines(1, 8)) as (app, pilot):
        await drag(app, pilot, (0, 3), (5, 4))
        assert app.clipboard == "line 4\nline 5"
        assert lit(app) == {3: (0, 60), 4: (0, 6)}
        await app.view.feed(lines(9, 12).encode())
        await app.view.drained()
        await asettle(lambda: lit(app) == {0: (0, 60), 1: (0, 6)})
        await app.view.feed(lines(13, 100).encode())
        await asettle(lambda: lit(app) == {})
        assert app.view.selecting.text() == "line 4\nline 5"
        app.view.scroll_history(-1000)
        await asettle(lambda: lit(app) == {3: (0, 60), 4: (0, 6)})


async def test_selection_goes_with_its_text_but_not_with_its_neighbours() -> None:
    async with showing("progress 10%\r\nkeep this") as (app, pilot):
        await drag(app, pilot, (0, 1), (3, 1))
        await app.view.feed(b"\x1b[1;10H20%\x1b[2;6Hthat")
        await app.view.drained()
        await asettle(lambda: "20%" in drawn(app)[0])
        assert app.view.selecting.selection is not None
        await app.view.feed(b"\x1b[2;1Hgone")
        await asettle(lambda: app.view.selecting.selection is None)


async def test_selection_ends_where_the_rows_have_other_numbers() -> None:
    async with showing(lines(1, 30)) as (app, pilot):
        await drag(app, pilot, (0, 3), (5, 4))
        await pilot.resize_terminal(50, 13)
        await asettle(lambda: app.view.selecting.selection is None)


async def test_shift_keeps_the_mouse_from_the_program() -> None:
    async with showing("\x1b[?1002h\x1b[?1006hsome text") as (app, pilot):
        await drag(app, pilot, (5, 0), (8, 0), shift=True)
        assert app.clipboard == "text"
        assert app.sent == b""
        click(app, 1, 1)
        await asettle(lambda: app.sent == b"\x1b[<0;2;2M\x1b[<0;2;2m")
        assert app.view.selecting.selection is None


async def test_each_button_is_released_by_itself() -> None:
    async with showing("\x1b[?1002h\x1b[?1006h") as (app, _pilot):
        mouse(app, events.MouseDown, 1, 1, 1)
        mouse(app, events.MouseDown, 1, 1, 3)
        mouse(app, events.MouseUp, 1, 1, 1)
        mouse(app, events.MouseMove, 2, 1)
        mouse(app, events.MouseUp, 2, 1, 3)
        await asettle(lambda: app.mouse_captured is None and app.sent.endswith(b"m"))
        assert app.sent == (b"\x1b[<0;2;2M\x1b[<2;2;2M\x1b[<0;2;2m\x1b[<34;3;2M\x1b[<2;3;2m")


async def test_a_program_that_takes_the_mouse_takes_it_in_the_corner_too() -> None:
    async with showing(lines(1, 100) + "\x1b[?1002h\x1b[?1006h") as (app, _pilot):
        app.view.scroll_history(-5)
        await asettle(lambda: "below" in drawn(app)[-1])
        mouse(app, events.MouseDown, 58, 9)
        await asettle(lambda: app.sent == b"\x1b[<0;59;10M")


async def test_only_the_hint_that_leads_down_takes_clicks() -> None:
    async with showing(lines(1, 100)) as (app, pilot):
        app.view.scroll_history(-5)
        app.view.tell("copied")
        await asettle(lambda: "copied" in drawn(app)[-1])
        mouse(app, events.MouseDown, 58, 9)
        await pilot.pause()
        assert not app.view.emulator.scrollbar.at_bottom
        assert app.mouse_captured is app.view


async def held_mouse(app: Host) -> None:
    mouse(app, events.MouseDown, 1, 1)
    await asettle(lambda: app.mouse_captured is app.view)
    app.take()


RELEASED = b"\x1b[<0;2;2m"


async def test_a_hidden_view_lets_the_mouse_go() -> None:
    async with showing("\x1b[?1002h\x1b[?1006h") as (app, _pilot):
        await held_mouse(app)
        app.view.display = False
        await asettle(lambda: app.mouse_captured is None and RELEASED in app.sent)


async def test_a_removed_view_lets_the_mouse_go() -> None:
    async with showing("text") as (app, _pilot):
        await held_mouse(app)
        await app.view.remove()
        await asettle(lambda: app.mouse_captured is None)


async def test_a_screen_in_front_gets_the_mouse() -> None:
    async with showing("\x1b[?1002h\x1b[?1006h") as (app, _pilot):
        await held_mouse(app)
        await app.push_screen(ModalScreen())
        await asettle(lambda: app.mouse_captured is None and RELEASED in app.sent)


async def test_wide_characters_are_selected_whole() -> None:
    async with showing("ab中文cd") as (app, pilot):
        await drag(app, pilot, (3, 0), (4, 0))
        assert app.clipboard == "中文"
        assert lit(app) == {0: (2, 6)}


LINK = "\x1b]8;;https://example.org/osc8\x1b\\named\x1b]8;;\x1b\\ "


async def test_ctrl_click_opens_links_and_hovering_shows_them() -> None:
    text = LINK + "see (https://example.org/a_(b)), ok\r\n\x1b]8;;file:///etc/passwd\x1b\\bad"
    async with showing(text) as (app, pilot):
        mouse(app, events.MouseMove, 1, 0, ctrl=True)
        await asettle(lambda: "https://example.org/osc8" in drawn(app)[-1])
        mouse(app, events.MouseMove, 1, 0)
        await asettle(lambda: drawn(app)[-1] == "")
        click(app, 1, 0, ctrl=True)
        await asettle(lambda: app.opened == ["https://example.org/osc8"])
        click(app, 20, 0, ctrl=True)
        await asettle(lambda: app.opened[1:] == ["https://example.org/a_(b)"])
        click(app, 1, 1, ctrl=True)
        click(app, 20, 0)
        await pilot.pause()
        assert len(app.opened) == 2


async def test_links_are_found_behind_marks_that_take_columns_of_their_own() -> None:
    marks = "\u0903\u0940\u094b" * 4
    async with showing(f"\u0903\r\n{marks} https://example.org {marks}") as (app, _pilot):
        mouse(app, events.MouseMove, 3, 0, ctrl=True)
        column = app.view.emulator.columns(1).of(len(marks) + 1)
        assert column != 1
        click(app, column, 1, ctrl=True)
        await asettle(lambda: app.opened == ["https://example.org"])
        click(app, column + len("https://example.org"), 1, ctrl=True)
        click(app, column - 1, 1, ctrl=True)
        mouse(app, events.MouseMove, 1, 1, ctrl=True)
        await asettle(lambda: app.mouse_captured is None)
        assert len(app.opened) == 1


async def test_an_address_goes_on_behind_a_wide_character_that_did_not_fit() -> None:
    address = "https://example.org/".ljust(59, "a") + "中b"
    async with showing(address) as (app, _pilot):
        assert app.view.emulator.cols == 60
        click(app, 1, 1, ctrl=True)
        await asettle(lambda: app.opened == [address])


async def test_address_over_a_soft_wrap_is_whole() -> None:
    address = "https://example.org/" + "long/" * 15
    async with showing("at " + address) as (app, _pilot):
        click(app, 5, 1, ctrl=True)
        await asettle(lambda: app.opened == [address])


async def test_shift_and_wheel_go_by_pages_and_a_hint_leads_back() -> None:
    async with showing(lines(1, 100)) as (app, pilot):
        mouse(app, events.MouseScrollUp, 3, 3, shift=True)
        await asettle(lambda: "↓ 8 lines below" in drawn(app)[-1])
        thumbs = [y for y in range(10) if any(end == 60 for _, end, _ in app.view.highlights(y))]
        assert thumbs == [8]
        mouse(app, events.MouseDown, 58, 9)
        await asettle(lambda: app.view.emulator.scrollbar.at_bottom)
        mouse(app, events.MouseScrollUp, 3, 3)
        await asettle(lambda: "↓ 3 lines below" in drawn(app)[-1])
        await pilot.press("x")
        await asettle(lambda: app.view.emulator.scrollbar.at_bottom)


async def test_wheel_in_the_alternate_screen_without_1007_does_nothing() -> None:
    async with showing("\x1b[?1049h\x1b[?1007l") as (app, pilot):
        mouse(app, events.MouseScrollUp, 3, 3)
        await pilot.pause()
        assert app.sent == b""


async def test_middle_click_pastes_nothing() -> None:
    async with showing("text") as (app, pilot):
        app.copy_to_clipboard("secret")
        await pilot.click(app.view, offset=(3, 0), button=2)
        assert app.sent == b""


def test_what_is_too_long_for_the_clipboard_is_cut_at_a_line_and_said() -> None:
    assert fitting("one") == ("one", "3 characters copied")
    assert fitting("one\ntwo") == ("one\ntwo", "2 lines copied")
    text = "中" * 99 + "\n"
    kept, said = fitting(text * 3000)
    assert len(kept.encode()) <= COPY_BYTES
    assert kept.endswith("中")
    whole = kept.count("\n") + 1
    assert said.startswith(f"only the first {whole:,} of 3,001 lines")


def prompt(command: str, status: int | None, output: str = "out\r\n") -> str:
    end = f"\x1b]133;D;{status}\x07" if status is not None else ""
    return f"\x1b]133;A\x07$ \x1b]133;B\x07{command}\r\n\x1b]133;C\x07{output}{end}"


async def test_prompts_are_marked_beside_the_text() -> None:
    text = prompt("ok", 0) + prompt("bad", 3) + prompt("x" * 57, 7) + prompt("runs", None)
    async with showing(text) as (app, pilot):
        view = app.view
        await asettle(lambda: view.render_line(0).text.startswith("•$ ok"))
        assert view.render_line(1).text.startswith(" out")
        assert view.render_line(2).text.startswith("✕$ bad")
        assert view.render_line(2).text.endswith(" 3")
        assert view.render_line(4).text.startswith("✕$ xxx")
        assert view.render_line(4).text.endswith("x ")  # no room for the number
        assert view.render_line(6).text.startswith(" $ runs")
        await view.feed(b"\x1b]133;D;0\x07")
        await asettle(lambda: view.render_line(6).text.startswith("•$ runs"))
        await pilot.pause()


async def test_jumps_between_prompts() -> None:
    text = "".join(prompt(f"do {number}", 0, lines(1, 20)) for number in range(5))
    async with showing(text + "\x1b]133;A\x07$ ") as (app, pilot):
        for number in (4, 3, 2):
            app.view.prompt(-1)
            await asettle(lambda number=number: drawn(app)[0] == f"$ do {number}")
        app.view.prompt(1)
        await asettle(lambda: drawn(app)[0] == "$ do 3")
        app.view.prompt(1)
        app.view.prompt(1)
        await pilot.pause()
        assert app.view.emulator.scrollbar.at_bottom


async def test_narrow_view_has_no_margin() -> None:
    async with showing("x") as (app, pilot):
        await pilot.resize_terminal(19, 13)
        await asettle(lambda: app.view.emulator.cols == 19)
        assert app.view.render_line(0).text.startswith("x")
