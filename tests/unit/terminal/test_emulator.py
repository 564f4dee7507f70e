"""The emulator against the real library: screen, events, modes, encodings."""

from __future__ import annotations

import gc
import weakref

import pytest

from mnix_tui.terminal import (
    Bell,
    CursorShape,
    Emulator,
    Event,
    KeyEvent,
    Modifiers,
    MouseAction,
    MouseButton,
    MouseEvent,
    Reply,
    Style,
    Title,
    Underline,
)


def shown(data: bytes, cols: int = 20, rows: int = 4) -> Emulator:
    emulator = Emulator(cols, rows)
    emulator.feed(data)
    return emulator


def test_text_is_the_screen() -> None:
    assert shown(b"one\r\n\x1b[1mtwo\x1b[0m\r\n\xe4\xb8\xad!").text() == "one\ntwo\n中!\n"


def test_styles_are_kept_unresolved() -> None:
    emulator = shown(b"\x1b[31;44;1;3;4mA\x1b[0m\x1b[38;2;1;2;3;7mB\x1b[0m\x1b[38;5;200;2;9;5;8mC")
    first, second, third, rest = emulator.frame().rows[0]
    assert first.style == Style(
        foreground=1, background=4, bold=True, italic=True, underline=Underline.SINGLE
    )
    assert second.style == Style(foreground=(1, 2, 3), reverse=True)
    assert third.style == Style(foreground=200, dim=True, strike=True, blink=True, hidden=True)
    assert (rest.text, rest.style) == (" " * 17, Style())


def test_frame_has_only_changed_rows() -> None:
    emulator = shown(b"a\r\nb\r\nc")
    assert sorted(emulator.frame().rows) == [0, 1, 2, 3]
    emulator.feed(b"\x1b[2;5Hx")
    frame = emulator.frame()
    # The row that the cursor left counts too: it may look different there.
    assert 1 in frame.rows
    assert not {0, 3} & set(frame.rows)
    assert emulator.frame().rows == {}


def test_rows_add_up_to_the_columns() -> None:
    emulator = shown("中文字 e\u0301 👩‍👩‍👧 ❤️ x".encode() + b"\x1b[42m\x1b[K", cols=31)
    for row in emulator.frame().rows.values():
        assert sum(run.width for run in row) == 31


def test_scrolled_rows_are_the_same_objects() -> None:
    """That is what makes a scroll cheap: everything downstream is cached by the row."""
    emulator = shown(b"a\r\nb\r\nc\r\nd")
    before = emulator.frame().rows
    emulator.feed(b"\r\ne")
    after = emulator.frame().rows
    assert after[0] is before[1]
    assert after[1] is before[2]


def test_reused_style_numbers_do_not_bring_old_colours_back() -> None:
    """The library gives a freed style's number to another style: equal cells, other colour."""
    emulator = Emulator(20, 5)
    for number in range(3000):
        colour = number * 7 % 256
        end = b"\r\n" if number % 11 == 0 else b""
        emulator.feed(b"\r\x1b[38;5;%dmok\x1b[0m" % colour + end)
        if number % 3 == 0:
            emulator.frame()
            y = emulator.frame().cursor.y - (1 if end else 0)
            assert emulator.row(y)[0].style.foreground == colour


def test_cursor() -> None:
    emulator = shown(b"ab\x1b[4 q\x1b[?25l")
    cursor = emulator.frame().cursor
    assert (cursor.x, cursor.y, cursor.visible, cursor.shape) == (
        2,
        0,
        False,
        CursorShape.UNDERLINE,
    )


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (b"\x1b[c", b"\x1b[?62;22;52c"),
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[6n", b"\x1b[1;1R"),
        (b"\x1b[18t", b"\x1b[8;4;20t"),
        (b"\x1bP+q544e\x1b\\", b"\x1bP1+r544E=787465726D2D323536636F6C6F72\x1b\\"),
        (b"\x1b]10;?\x07", b"\x1b]10;rgb:0101/0202/0303\x07"),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:0404/0505/0606\x07"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    ],
)
def test_queries_are_answered(query: bytes, reply: bytes) -> None:
    emulator = Emulator(20, 4)
    emulator.set_colours((1, 2, 3), (4, 5, 6))
    assert emulator.feed(query) == [Reply(reply)]


@pytest.mark.parametrize(
    "query",
    [
        b"\x1b]2;rm -rf\r\x07\x1b[21t",  # title report
        b"\x1b]2;x\x07\x1b[20t",  # icon name report
        b"\x1b]52;c;cm0gLXJmCg==\x07\x1b]52;c;?\x07",  # clipboard read
        b"\x05",  # answerback
        b"\x1b_Gi=1,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",  # pictures
        b"\x1b]7;file:///x\x07\x1b]7;?\x07",
        b"\x1b]1337;ReportCellSize\x07",
    ],
)
def test_security_program_output_can_not_type(query: bytes) -> None:
    """What a file that is merely shown could make the terminal send must not be chosen by it."""
    events = Emulator(20, 4).feed(query)
    assert [event for event in events if isinstance(event, Reply)] == []


def test_the_newest_title_and_one_bell_come_in_order() -> None:
    events: list[Event] = Emulator(20, 4).feed(b"\x07\x1b]0;one\x07\x1b]2;t\xc3\xb6o\x1b\\\x07")
    assert events == [Bell(), Title("töo")]


def test_title_is_cut_and_made_safe() -> None:
    (title,) = Emulator(20, 4).feed(b"\x1b]2;" + b"x" * 2000 + b"\x07")
    assert isinstance(title, Title)
    assert len(title.text) == 256


def test_modes() -> None:
    emulator = shown(b"\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1004h\x1b[?1h\x1b[?1007l\x1b[>1u")
    modes = emulator.modes
    assert modes.alternate_screen
    assert modes.bracketed_paste
    assert modes.mouse
    assert modes.focus_events
    assert modes.application_cursor
    assert modes.kitty_keyboard
    assert not modes.alternate_scroll
    assert not modes.synchronized_output


def test_synchronized_output_shows_the_picture_before_it() -> None:
    emulator = shown(b"old")
    emulator.frame()
    emulator.feed(b"\r\nline two\x1b[?2026h\x1b[2J\x1b[Hhalf")
    assert emulator.holding
    assert [run.text.rstrip() for run in emulator.frame().rows[1]] == ["line two"]
    emulator.feed(b" and half")
    assert emulator.frame().rows == {}
    emulator.feed(b"\x1b[?2026l")
    assert not emulator.holding
    assert emulator.frame().rows[0][0].text.rstrip() == "half and half"


def test_held_output_can_be_drawn_regardless() -> None:
    emulator = shown(b"\x1b[?2026hstuck")
    assert "stuck" not in str(emulator.frame().rows)
    assert emulator.frame(force=True).rows[0][0].text.rstrip() == "stuck"


def test_resize_wraps_lines_anew() -> None:
    emulator = shown(b"0123456789", cols=10)
    emulator.resize(5, 4)
    assert emulator.text().splitlines()[:2] == ["01234", "56789"]
    assert sorted(emulator.frame().rows) == [0, 1, 2, 3]


def test_resize_tells_a_program_that_asked() -> None:
    emulator = shown(b"\x1b[?2048h")
    assert emulator.resize(30, 6) == [Reply(b"\x1b[48;6;30;96;240t")]
    assert emulator.resize(30, 6) == []


@pytest.mark.parametrize("size", [(2, 1), (1, 1), (0, 0), (300, 100), (10**6, 10**6)])
def test_any_size_works(size: tuple[int, int]) -> None:
    emulator = shown(b"hello " * 100 + "中文".encode() * 50, *size)
    emulator.resize(*reversed(size))
    rows = emulator.frame().rows
    assert len(rows) == emulator.rows
    assert all(sum(run.width for run in row) == emulator.cols for row in rows.values())


def test_history_scrolls() -> None:
    emulator = shown(b"\r\n".join(b"%d" % line for line in range(100)))
    newest = emulator.scrollbar
    emulator.scroll(-10)
    assert (newest.at_bottom, emulator.scrollbar.at_bottom) == (True, False)
    assert emulator.text().splitlines() == ["86", "87", "88", "89"]
    emulator.feed(b"\r\nmore")
    assert emulator.text().splitlines()[0] == "86"
    emulator.scroll_to_bottom()
    assert emulator.text().splitlines()[-1] == "more"


def test_history_is_bounded_by_bytes_and_long_enough() -> None:
    emulator = Emulator(80, 24)
    emulator.feed(b"".join(b"line %d\r\n" % line for line in range(9000)))
    assert emulator.scrollbar.total >= 9000
    emulator = Emulator(80, 24, scrollback_bytes=1 << 20)
    emulator.feed(b"".join(b"line %d\r\n" % line for line in range(50_000)))
    assert emulator.scrollbar.total < 10_000


CTRL, ALT, SHIFT = Modifiers(ctrl=True), Modifiers(alt=True), Modifiers(shift=True)


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        (KeyEvent("a", "a", "a"), b"a"),
        (KeyEvent("a", "A", "a", SHIFT), b"A"),
        (KeyEvent("a", "a", "a", CTRL), b"\x01"),
        (KeyEvent("a", "a", "a", ALT), b"\x1ba"),
        (KeyEvent("", "ß", "ß"), "ß".encode()),
        (KeyEvent("", "👍", ""), "👍".encode()),
        (KeyEvent("enter"), b"\r"),
        (KeyEvent("tab", modifiers=SHIFT), b"\x1b[Z"),
        (KeyEvent("backspace"), b"\x7f"),
        (KeyEvent("escape"), b"\x1b"),
        (KeyEvent("delete"), b"\x1b[3~"),
        (KeyEvent("arrow_up"), b"\x1b[A"),
        (KeyEvent("arrow_up", modifiers=SHIFT), b"\x1b[1;2A"),
        (KeyEvent("arrow_left", modifiers=CTRL), b"\x1b[1;5D"),
        (KeyEvent("f1"), b"\x1bOP"),
        (KeyEvent("f12", modifiers=CTRL), b"\x1b[24;5~"),
        (KeyEvent("page_up"), b"\x1b[5~"),
        (KeyEvent("no_such_key"), b""),
    ],
)
def test_keys(key: KeyEvent, sent: bytes) -> None:
    assert Emulator(20, 4).encode_key(key) == sent


def test_keys_follow_the_modes() -> None:
    emulator = shown(b"\x1b[?1h")
    assert emulator.encode_key(KeyEvent("arrow_up")) == b"\x1bOA"
    emulator.feed(b"\x1b[?1l\x1b[>1u")
    assert emulator.encode_key(KeyEvent("i", "i", "i", CTRL)) == b"\x1b[105;5u"


def test_mouse_is_sent_only_if_asked_for() -> None:
    press = MouseEvent(MouseAction.PRESS, MouseButton.LEFT, 3, 2)
    drag = MouseEvent(MouseAction.MOTION, MouseButton.LEFT, 4, 2)
    release = MouseEvent(MouseAction.RELEASE, MouseButton.LEFT, 4, 2)
    wheel = MouseEvent(MouseAction.PRESS, MouseButton.WHEEL_UP, 0, 0)
    emulator = Emulator(20, 4)
    assert emulator.encode_mouse(press) == b""
    assert emulator.encode_mouse(release) == b""
    emulator.feed(b"\x1b[?1000h\x1b[?1006h")
    sent = [emulator.encode_mouse(event) for event in (press, drag, release, wheel)]
    assert sent == [b"\x1b[<0;4;3M", b"", b"\x1b[<0;5;3m", b"\x1b[<64;1;1M"]
    emulator.feed(b"\x1b[?1002h")
    sent = [emulator.encode_mouse(event) for event in (press, drag, release)]
    assert sent == [b"\x1b[<0;4;3M", b"\x1b[<32;5;3M", b"\x1b[<0;5;3m"]


def test_paste_is_bracketed_if_asked_for() -> None:
    emulator = Emulator(20, 4)
    assert emulator.encode_paste("a\nb\r\nc\td") == b"a\rb\rc\td"
    emulator.feed(b"\x1b[?2004h")
    assert emulator.encode_paste("a\nb") == b"\x1b[200~a\rb\x1b[201~"


def test_security_paste_can_not_leave_its_brackets() -> None:
    emulator = shown(b"\x1b[?2004h")
    sent = emulator.encode_paste("x\x1b[201~rm -rf ~\n\x9b201~\x03\x00y")
    assert sent == b"\x1b[200~x[201~rm -rf ~\r201~y\x1b[201~"


def test_focus_is_sent_only_if_asked_for() -> None:
    emulator = Emulator(20, 4)
    assert emulator.encode_focus(True) == b""
    emulator.feed(b"\x1b[?1004h")
    assert [emulator.encode_focus(gained) for gained in (True, False)] == [b"\x1b[I", b"\x1b[O"]


def test_an_emulator_is_freed() -> None:
    """It holds megabytes of history outside of Python's sight."""
    emulator = shown(b"x")
    gone = weakref.ref(emulator._terminal)
    del emulator
    gc.collect()
    assert gone() is None


def test_a_program_can_not_change_the_size() -> None:
    """Asked for 132 columns (DECCOLM), only the screen is cleared, where that was allowed."""
    emulator = shown(b"one\x1b[?3h")
    assert emulator.text().splitlines()[0] == "one"
    emulator.feed(b"\x1b[?40h\x1b[2;3r\x1b[?3hx")
    assert emulator.text() == "x\n\n\n"
    assert sum(run.width for run in emulator.frame().rows[0]) == 20
    emulator.feed(b"\x1b[?7;40h\x1b[?7;3h" + b"y" * 50)  # a way that is not looked for
    assert all(sum(run.width for run in emulator.row(y)) == 20 for y in range(4))
    emulator.feed(b"\x1b[?40l\x1b[Hab\x1b[?3lc")
    assert emulator.text().splitlines()[0].startswith("abc")


def test_del_is_ignored_and_a_tab_stop_cleared() -> None:
    assert shown(b"a\x7fb").text().splitlines()[0] == "ab"
    assert shown(b"\x1b[9G\x1b[g\r\tx").text().splitlines()[0] == " " * 16 + "x"
