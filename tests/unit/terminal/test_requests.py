"""What programs ask of a terminal: events come validated and in order; answers are bounded."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnix_tui.terminal import (
    Bell,
    Clipboard,
    CommandEnded,
    CommandStarted,
    Directory,
    Emulator,
    Event,
    Notification,
    PromptShown,
    Reply,
    Title,
)
from mnix_tui.terminal.mailbox import REPLY_BYTES
from server_agent import __version__


def events(data: bytes) -> list[Event]:
    return Emulator(40, 6).feed(data)


@pytest.mark.parametrize(
    ("sent", "host", "path"),
    [
        (b"7;file://box/tmp/a%20b", "box", "/tmp/a b"),
        (b"7;file:///tmp/%E4%B8%AD", "", "/tmp/中"),
        (b"7;file://evil host$(x)/tmp", "", "/tmp"),
        (b"7;kitty-shell-cwd://box/tmp/a%20b", "box", "/tmp/a%20b"),
        (b"7;/plain", "", "/plain"),
        (b"9;9;/from/conemu", "", "/from/conemu"),
        (b'9;9;"/quoted path"', "", "/quoted path"),
        (b"1337;CurrentDir=/iterm", "", "/iterm"),
    ],
)
def test_directories(sent: bytes, host: str, path: str) -> None:
    assert events(b"\x1b]" + sent + b"\x07") == [Directory(host, path)]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"relative",
        b"file://box",
        b"http://box/x",
        b"file:///a%0Ab",
        b"file:///a%1b[31m",
        b"file:///" + b"x" * 5000,
        b"file:///\xe2\x80\xae",
    ],
)
def test_security_a_directory_that_is_no_printable_absolute_path_is_none(sent: bytes) -> None:
    assert events(b"\x1b]7;" + sent + b"\x07") == []


def osc52(text: bytes, target: bytes = b"c") -> bytes:
    return b"\x1b]52;" + target + b";" + base64.b64encode(text) + b"\x1b\\"


@pytest.mark.parametrize("target", [b"c", b"p", b"s", b"", b"pc", b"s0"])
def test_clipboard_is_written(target: bytes) -> None:
    assert events(osc52("zwei\nZeilen ü\t!".encode(), target)) == [Clipboard("zwei\nZeilen ü\t!")]


def test_security_what_is_copied_holds_no_keys() -> None:
    (event,) = events(osc52(b"a\x1b[201~b\r\nc\x03\x00" + "\u009b".encode()))
    assert event == Clipboard("a\ufffd[201~b\nc\ufffd\ufffd\ufffd")


def test_security_a_clipboard_of_more_than_1_mib_is_refused() -> None:
    assert events(osc52(b"x" * (1 << 20))) == [Clipboard("x" * (1 << 20))]
    assert events(osc52(b"x" * ((1 << 20) + 1))) == []


@pytest.mark.parametrize(
    "query",
    [
        b"\x1b]52;c;?\x07",
        b"\x1b]52;;?\x1b\\",
        osc52(b"x") + b"\x1b]52;p;?\x07",
        b"\x1b]5522;type=read;Lg==\x1b\\",
        b"\x1b]5522;type=read;dGV4dC9wbGFpbg==\x1b\\",
        b"\x1b[?5522h\x1b]5522;type=read:pw=cHc=;dGV4dC9wbGFpbg==\x1b\\",
    ],
)
def test_security_the_clipboard_is_never_read(query: bytes) -> None:
    replies = [event.data for event in events(query) if isinstance(event, Reply)]
    assert all(reply == b"\x1b]5522;type=read:status=EPERM\x1b\\" for reply in replies)


def test_prompt_marks_come_in_order_with_the_status() -> None:
    data = (
        b"\x1b]133;D\x07\x1b]133;A;cl=m\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x1b\\out\r\n"
        b"\x1b]133;D;7;aid=3\x07\x1b]2;t\x07\x1b]133;A\x07$ \r\n\x1b]133;D;0\x07\x1b]133;A\x07"
        b"\x1b]133;C\x07\x1b]133;D\x07"
    )
    assert events(data) == [
        PromptShown(),
        CommandStarted(),
        CommandEnded(7),
        Title("t"),
        PromptShown(),
        PromptShown(),
        CommandStarted(),
        CommandEnded(None),
    ]


def test_a_shell_that_only_tells_ends_is_believed() -> None:
    data = b"\x1b]133;D;0\x07\x1b]133;A\x07$ ls\r\n\x1b]133;D;2\x07\x1b]133;A\x07$ "
    assert events(data) == [PromptShown(), CommandEnded(2), PromptShown()]


def test_a_prompt_is_drawn_where_the_cursor_is() -> None:
    """As in xterm: shells count on it when the output before ended without a line's end."""
    emulator = Emulator(40, 6)
    emulator.feed(b"no newline\x1b]133;A\x07$ \x1b]133;B\x07")
    assert emulator.text().splitlines()[0] == "no newline$"


@pytest.mark.parametrize(
    ("sent", "title", "body"),
    [
        (b"9;done", "", "done"),
        (b"777;notify;Build;it is done; really", "Build", "it is done; really"),
        (b"9;a\xc2\x9bb", "", "a\ufffdb"),
    ],
)
def test_notifications(sent: bytes, title: str, body: str) -> None:
    assert events(b"\x1b]" + sent + b"\x07") == [Notification(title, body)]


MARKS = [
    b"\x1b]133;A\x07",
    b"\x1b]133;A;cl=m;aid=1\x1b\\",
    b"\x1b]133;B\x07",
    b"\x1b]133;C\x07",
    b"\x1b]133;D;3\x1b\\",
    b"\x1b]133;P;k=s\x07",
    b"\x1b]133;",
    b"\x1b]133;A\x18",
    b"\x1b]2;\x1b]133;C\x07",
    b"\x1bP\x1b]133;D;1\x07",
    b"\x1b]7;file://h/p\x07",
    b"\x1b",
    b"\x1b]1",
    b"\x1b[31m$ ",
    b"text\r\n",
    "中".encode(),
    b"\x1b]52;c;aGk=\x07",
    b"\x1b]52;pc;aGk=\x07",
    b"\x1b[?40h\x1b[?3;7h",
    b"\x1b[g",
]


LATEST = (Title, Directory, Clipboard)


def at_once(found: list[Event]) -> list[Event]:
    """Return what is told of these events if they happen in one feed."""
    bells = [event for event in found if isinstance(event, Bell)][:1]
    newest = {type(event): event for event in found if isinstance(event, LATEST)}
    told = [id(event) for event in (*bells, *newest.values())]
    single = (Bell, *LATEST)
    return [event for event in found if not isinstance(event, single) or id(event) in told]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=14), st.data())
def test_marks_may_be_split_anywhere(pieces: list[bytes], draw: st.DataObject) -> None:
    data = b"".join(pieces)
    whole, split = Emulator(30, 6), Emulator(30, 6)
    expected = whole.feed(data)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    found: list[Event] = []
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        found += split.feed(data[start:stop])
    assert at_once(found) == expected
    assert split.text() == whole.text()
    rows = range(whole.total_rows)
    assert [split.prompts.at(row) for row in rows] == [whole.prompts.at(row) for row in rows]


# -- queries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (b"\x1b[>c", b"\x1b[>1;10;0c"),
        (b"\x1b[=c", b"\x1bP!|00000000\x1b\\"),
        (b"\x1bZ", b"\x1b[?62;22;52c"),
        (b"\x1b[>q", b"\x1bP>|mnix " + __version__.encode() + b"\x1b\\"),
        (b"ab\x1b[6n", b"\x1b[1;3R"),
        (b"\x1b[14t", b"\x1b[4;96;320t"),
        (b"\x1b[16t", b"\x1b[6;16;8t"),
        (b"\x1b[18t", b"\x1b[8;6;40t"),
        (b"\x1b[1;31m\x1bP$qm\x1b\\", b"\x1bP1$r0;1;31m\x1b\\"),
        (b"\x1b[2;5r\x1bP$qr\x1b\\", b"\x1bP1$r2;5r\x1b\\"),
        (b"\x1b[6 q\x1bP$q q\x1b\\", b"\x1bP1$r6 q\x1b\\"),
        (b"\x1bP$qz\x1b\\", b"\x1bP0$r\x1b\\"),
        (b"\x1b[4$p", b"\x1b[4;2$y"),
        (b"\x1b[?7$p", b"\x1b[?7;1$y"),
        (b"\x1b[?9999$p", b"\x1b[?9999;0$y"),
        (b"\x1b]4;1;?\x07", b"\x1b]4;1;rgb:cccc/6666/6666\x07"),
        (b"\x1b]12;?\x1b\\", b"\x1b]12;rgb:e5e5/e5e5/e5e5\x1b\\"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b[>5u\x1b[?u", b"\x1b[?5u"),
        (b"\x1b[?996n", b"\x1b[?997;1n"),
    ],
)
def test_queries_are_answered_as_a_terminal_does(query: bytes, reply: bytes) -> None:
    assert events(query) == [Reply(reply)]


ANSWER = re.compile(
    rb"\x1b\[[?>=]?[\d;:]*(?:\$y|[Rcntuy])"
    rb"|\x1b\][\d]+;(?:[\d]+;)?rgb:[0-9a-f/]+(?:\x07|\x1b\\)"
    rb"|\x1b\]21;[a-z0-9_=:;/?]*(?:\x07|\x1b\\)"
    rb"|\x1b\]5522;type=(?:read|write):status=[A-Z]+(?::id=[A-Za-z0-9_.+-]*)?\x1b\\"
    rb"|\x1bP[01](?:\+r[0-9A-Fa-f=]*|\$r[\d;: ]*(?:[mrq]|\"[pq])?)\x1b\\"
    rb"|\x1bP(?:>\|mnix [\d.]+|!\|[0-9A-F]+)\x1b\\"
)
QUERY = st.one_of(
    st.sampled_from(
        [
            b"\x1b[c",
            b"\x1b[>c",
            b"\x1b[=c",
            b"\x1b[6n",
            b"\x1b[>q",
            b"\x1b[21t",
            b"\x1b[20t",
            b"\x1b[18t",
            b"\x1b]2;\rrm -rf ~\r\x07",
            b"\x1b]0;id\n\x07\x1b[21t",
            b"\x1b[22t\x1b[23t",
            b"\x05",
            b"\x1b]52;c;cm0gLXJmCg==\x07\x1b]52;c;?\x07",
            b"\x1bP$q\rid\r\x1b\\",
            b"\x1bP$qm\nid\n\x1b\\",
            b"\x1bP+q0d69640d\x1b\\",
            b"\x1bP+q544e;0d0a\x1b\\",
            b"\x1b]10;\rid\r\x07\x1b]10;?\x07",
            b"\x1b]4;1;red;2;?\x07",
            b"\x1b]21;foreground=?;\rid=?\x07",
            b"\x1b]8;;http://x/\rid\r\x07\x1b]8;;\x07",
            b"\x1b]7;file:///\rid\r\x07",
            b"\x1b]1337;ReportVariable=aWQK\x07",
            b"\x1b]1337;RequestUpload=format=tgz\x07",
            b"\x1b_Gi=31,a=q;AAAA\x1b\\",
            b"\x1b_G\rid\r;x\x1b\\",
            b"\x1b]5522;type=read:id=\rid;Lg==\x1b\\",
            b"\x1b]99;i=\rid\r:p=?;\x1b\\",
            b"\x1b]5522;type=write:id=a\x1b\\\x1b]5522;type=wdata;\x1b\\",
            b"\x1b[?996n\x1b[5n\x1b[?6n",
            b"\x1b[1;1;1;1;1;1*y",
            b"\x1b[>4;2m\x1b[?4m",
            b"\x1b[?u\x1b[=31u",
        ]
    ),
    st.binary(max_size=30),
    st.text(alphabet="\x1b[]P+q$?;0123456789ncut\x07\\\rid", max_size=40).map(str.encode),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(QUERY, max_size=8))
def test_security_every_answer_is_one_of_the_known_forms(queries: list[bytes]) -> None:
    """Nothing that a program prints is ever typed back: no line end, no text of its choice."""
    emulator = Emulator(40, 6)
    for event in emulator.feed(b"".join(queries)):
        if isinstance(event, Reply):
            assert ANSWER.fullmatch(event.data), event.data
            assert b"\r" not in event.data
            assert b"\n" not in event.data


def test_security_a_flood_of_queries_is_answered_to_a_bound() -> None:
    replies = [
        event.data
        for event in events(b"\x1b[6n" * 100_000 + b"\x1b[>q" * 10_000)
        if isinstance(event, Reply)
    ]
    assert REPLY_BYTES - 32 < sum(map(len, replies)) <= REPLY_BYTES
    assert all(ANSWER.fullmatch(reply) for reply in replies)


def test_of_a_flood_only_the_newest_few_are_told() -> None:
    found = events(
        b"".join(
            b"\x1b]2;%d\x07\x1b]7;/%d\x07\x07\x1b]52;c;aGk=\x07\x1b]9;%d\x07" % (n, n, n)
            for n in range(20_000)
        )
    )
    kinds = [type(event) for event in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        Bell: 1,
        Title: 1,
        Directory: 1,
        Clipboard: 1,
        Notification: 4,
    }
    assert Title("19999") in found
    assert [event.path for event in found if isinstance(event, Directory)] == ["/19999"]
    assert found[-1] == Notification("", "19999")


def test_a_flood_of_commands_is_told_to_a_bound() -> None:
    found = events(b"\x1b]133;A\x07$ \x1b]133;C\x07\r\n\x1b]133;D;3\x07" * 20_000)
    assert 100 < len(found) < 200
    assert found[-1] == CommandEnded(3)


def test_a_program_hears_of_a_change_to_light_if_it_asked() -> None:
    light, dark = ((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0))
    emulator = Emulator(20, 4)
    emulator.set_colours(*light)
    assert emulator.feed(b"\x1b[?2031h") == []
    emulator.set_colours(*light)
    emulator.set_colours(*dark)
    assert emulator.feed(b"x") == [Reply(b"\x1b[?997;1n")]


def test_widths_are_those_of_code_points_until_a_program_asks_for_more() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467".encode()
    emulator = Emulator(20, 4)
    assert emulator.feed(b"\x1b[?2027$p" + family + b"\x1b[6n") == [
        Reply(b"\x1b[?2027;2$y"),
        Reply(b"\x1b[1;7R"),
    ]
    assert emulator.feed(b"\x1b[?2027h\r\x1b[K" + family + b"\x1b[6n") == [Reply(b"\x1b[1;3R")]
    assert emulator.feed(b"\x1bc\x1b[?2027$p") == [Reply(b"\x1b[?2027;2$y")]
