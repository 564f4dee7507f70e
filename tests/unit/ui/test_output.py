"""A command's output becomes lines with tones; hostile bytes stay harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.errors import HostKeyChanged, LinkLost, MnixError
from mnix_tui.nixlog import Line
from mnix_tui.ui.ansi import parse
from mnix_tui.ui.output import Output, tone_of
from mnix_tui.ui.problems import problem, wants_dialog
from mnix_tui.ui.widgets.log_view import LogLine

LOG = (
    b"running 3 tests\n"
    b'@nix {"action":"msg","level":0,"msg":"what a command prints is text"}\n'
    b"error: one failed\nwarning: dirty\n\x1b[32mok\x1b[0m \x1b[2Jtext\n"
)


def test_lines_have_tones() -> None:
    assert Output().feed(LOG) == [
        LogLine("running 3 tests"),
        LogLine('@nix {"action":"msg","level":0,"msg":"what a command prints is text"}'),
        LogLine("error: one failed", "bad"),
        LogLine("warning: dirty", "busy"),
        LogLine("\x1b[32mok\x1b[0m text", ""),
    ]


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("src/a.c:42:5: error: 'x' undeclared", "bad"),
        ("error[E0425]: cannot find value", "bad"),
        ("make[2]: *** [Makefile:17: a.o] Error 1", "bad"),
        ("checking for strerror: yes", ""),
        ("  warning: unused variable", "busy"),
    ],
)
def test_what_a_builder_calls_an_error_stands_out(text: str, tone: str) -> None:
    assert tone_of(Line("build", text)) == tone


@given(st.lists(st.integers(0, len(LOG)), max_size=6))
def test_it_does_not_matter_where_the_bytes_are_split(cuts: list[int]) -> None:
    output, lines, start = Output(), [], 0
    for cut in [*sorted(cuts), len(LOG)]:
        lines += output.feed(LOG[start:cut])
        start = max(start, cut)
    assert lines == Output().feed(LOG)


@given(st.binary(max_size=300))
def test_no_control_character_gets_through(data: bytes) -> None:
    output = Output()
    for line in [*output.feed(data), *output.end()]:
        shown = parse(line.text, 1000).plain
        assert all(ord(letter) >= 32 and ord(letter) != 127 for letter in shown)


def test_the_last_line_needs_no_end() -> None:
    output = Output()
    assert output.feed(b"half") == []
    assert output.end() == [LogLine("half")]
    assert output.end() == []


def test_every_error_becomes_something_to_read() -> None:
    assert problem(LinkLost("gone", "why", "what next")).severity == "warning"
    assert problem(MnixError("a", "b", "c")).line == "a: b"
    assert problem(PermissionError(13, "Permission denied", "/x")).title == "Permission denied: /x"
    assert problem(ZeroDivisionError("x")).title == "Something went wrong inside mnix"
    assert problem(TimeoutError()).hint
    assert wants_dialog(HostKeyChanged("changed"))
    assert not wants_dialog(LinkLost("gone"))
