"""The bottom line: what it says, and what it leaves behind."""

import time

from mnix_tui.cli.notices import Notices
from mnix_tui.cli.status_line import StatusLine
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.leader import parse_leader
from mnix_tui.domain.states import JobState
from mnix_tui.sessions import (
    Attached,
    AttachedClient,
    Clients,
    Leads,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Silent,
    Speaks,
)
from mnix_tui.terminal import Emulator

SIZE = (80, 24)
LEADER = parse_leader("ctrl+backslash").shown
JOB = Job("jjjjjjjj", "session", "pppppppp", JobState.RUNNING)


def notices() -> Notices:
    return Notices("tokyo", LEADER)


def test_nothing_is_said_while_all_is_well() -> None:
    said = notices()
    said.take(Attached(JOB, 0, 0, True, *SIZE), SIZE)
    said.take(Clients((), 1), SIZE)
    assert said.text(0) == ""
    assert said.text(5) == ""
    assert not said.stuck


def test_the_help_has_room_on_a_terminal_of_80_columns() -> None:
    said, screen = notices(), Emulator(*SIZE)
    said.help()
    screen.feed(StatusLine().show(said.text(0), *SIZE))
    assert screen.text().splitlines()[-1].strip() == (
        "ctrl+\\ then: d leave it running · r reconnect · ctrl+\\ send it · ? this"
    )


def test_silence_is_counted_and_typed_keys_wait() -> None:
    said = notices()
    said.take(Silent(9), SIZE)
    assert said.text(0) == "no answer from tokyo for 9 s"
    assert said.text(3) == "no answer from tokyo for 9 s · 3 keys wait"
    assert said.stuck
    said.take(Speaks(), SIZE)
    assert said.text(1) == ""


def test_a_lost_link_says_what_is_done_about_it() -> None:
    said = notices()
    said.take(LinkDown("tokyo: connection lost", time.time()), SIZE)
    assert said.text(1).startswith("tokyo: connection lost · reconnecting · 1 key waits")
    said.take(LinkWaiting("no route", 2, time.time() + 7), SIZE)
    assert said.text(0).startswith("tokyo: no route · next try in 7 s · ctrl+\\ r")
    said.take(LinkWaiting("login refused", 3, None), SIZE)
    assert "waits for you" in said.text(0)
    said.take(LinkWaiting(f"host key changed: {'x' * 99}", 3, None), SIZE)
    assert said.text(1, 80).startswith("tokyo: host key ")
    assert said.text(1, 80).endswith(
        "change… · waits for you · 1 key waits · ctrl+\\ r now, d leave"
    )
    assert len(said.text(1, 80)) == 77  # with a space on both sides, and none in the last column
    said.take(LinkUp(), SIZE)
    assert said.text(0) == "connected again"
    assert not said.stuck


def test_who_comes_is_told_and_who_was_there_is_not_told_again() -> None:
    said = notices()
    ann, bob = AttachedClient("ann@laptop", 1), AttachedClient("bob@desk", 2)
    said.take(Clients((ann,), 2), SIZE)
    assert said.text(0) == "ann@laptop is here too"
    said.note("")
    said.take(Clients((ann,), 2), SIZE)
    assert said.text(0) == ""
    said.take(Clients((ann, bob), 3), SIZE)
    assert said.text(0) == "bob@desk is here too"


def test_another_size_is_told_once() -> None:
    said = notices()
    said.take(Clients((AttachedClient("ann@laptop", 1),), 2), SIZE)
    said.note("")
    said.take(Leads(False, 120, 40), SIZE)
    assert said.text(0) == "ann@laptop leads: the size is 120×40 until you type"
    said.note("")
    said.take(Leads(False, 120, 40), SIZE)
    assert said.text(0) == ""
    said.take(Leads(True, *SIZE), SIZE)
    assert said.text(0) == ""


def state(screen: Emulator) -> list[object]:
    """Return all rows, and where the cursor is."""
    cursor = screen.frame(force=True).cursor
    return [*(screen.row(y) for y in range(5)), (cursor.x, cursor.y)]


def test_the_line_leaves_the_screen_as_it_was() -> None:
    screen, line = Emulator(40, 5), StatusLine()
    output = b"one\r\ntwo\r\nthree\r\nfour\r\n\x1b[1;31mred\x1b[0m and \x1b[44mblue\x1b[0m plain $ "
    screen.feed(output)
    line.output(output)
    before = state(screen)
    screen.feed(line.show("no answer", 40, 5))
    assert "no answer" in screen.text()
    assert state(screen)[:-2] == before[:-2]
    assert state(screen)[-1] == before[-1]
    screen.feed(line.hide(40, 5, alternate=False))
    assert state(screen) == before
    assert line.hide(40, 5, alternate=False) == b""


def test_in_the_alternate_screen_too_and_with_a_scroll_region() -> None:
    screen, line = Emulator(40, 5), StatusLine()
    output = b"shell $ \x1b[?1049h\x1b[2;4r\x1b[?6h\x1b[5;1H\x1b[7m-- bar --\x1b[m\x1b[2;3H"
    screen.feed(output)
    line.output(output)
    before = state(screen)
    screen.feed(line.show("reconnecting", 40, 5) + line.hide(40, 5, alternate=True))
    assert state(screen) == before
    screen.feed(b"\x1b[3;1Hx")
    again = Emulator(40, 5)
    again.feed(output + b"\x1b[3;1Hx")
    assert state(screen) == state(again)


def test_the_line_never_scrolls_the_screen_however_wide_it_is() -> None:
    for text in ("x" * 100, "日本語" * 20, "e\u0301" * 60, ""):
        for cols in (1, 2, 7, 40):
            screen = Emulator(cols, 3)
            screen.feed(b"1\r\n2\r\n")
            screen.feed(StatusLine().show(text, cols, 3))
            assert screen.text().splitlines()[:2] == ["1", "2"]
