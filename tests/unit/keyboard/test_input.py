"""Splitting what a terminal sends: nothing is lost, altered or taken for something else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.keyboard.input import (
    PASTE_BYTES,
    TORN_SECONDS,
    Input,
    Pasted,
    PasteRefused,
    Report,
    Token,
)
from mnix_tui.keyboard.keys import KeyEvent
from tests.unit.keyboard import outers

REPORTS = [
    b"\x1b[<35;10;5M",
    b"\x1b[<0;1;1m",
    b"\x1b[<64;200;50M",
    b"\x1b[M #!",
    b"\x1b[35;10;5M",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b[?2026;2$y",
    b"\x1b[?62;22c",
    b"\x1b[>1;10;0c",
    b"\x1b[?5u",
    b"\x1b[24;80R",
    b"\x1b[0n",
    b"\x1b[48;24;80;480;800t",
    b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    b"\x1b]52;c;aGk=\x07",
    b"\x1bP>|xterm(390)\x1b\\",
    b"\x1bP1+r544e=787465726d\x1b\\",
    b"\x1b_Gi=1;OK\x1b\\",
]
KEYS = sorted(
    {raw for outer in (outers.xterm(), outers.other_keys(), outers.linux()) for raw in outer}
)
# What is complete by itself: no later byte makes anything else of it.
SURE = [raw for raw in KEYS if len(raw) > 2 or raw[0] != 0x1B]
PASTES = st.binary(max_size=40).filter(lambda text: b"\x1b" not in text)


def keys(source: Input, data: bytes) -> list[Token]:
    return [*source.feed(data), *source.close()]


def raw_of(token: Token) -> bytes:
    if isinstance(token, Pasted):
        return b"\x1b[200~" + token.text + b"\x1b[201~"
    assert not isinstance(token, PasteRefused)
    return token.raw


@pytest.mark.parametrize("raw", REPORTS)
def test_reports_are_no_keys(raw: bytes) -> None:
    assert Input(0.02).feed(raw) == [Report(raw)]
    assert [type(token) for token in Input(0.02).feed(b"a" + raw + b"b")] == [
        KeyEvent,
        Report,
        KeyEvent,
    ]


@given(st.lists(st.sampled_from(SURE + REPORTS) | PASTES.map(lambda t: b"\x1b[200~" + t + b"\x1b[201~")),
       st.data())  # fmt: skip
def test_where_the_bytes_are_split_changes_nothing(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    at_once = keys(Input(0.02), whole)
    assert [raw_of(token) for token in at_once] == parts
    source, in_pieces = Input(0.02), []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        in_pieces += source.feed(whole[:size])
        whole = whole[size:]
    assert [*in_pieces, *source.close()] == at_once


@given(st.binary(max_size=200).filter(lambda data: b"[<" not in data and b"[M" not in data))
def test_whatever_comes_comes_out_again(data: bytes) -> None:
    source = Input(0.02)
    tokens = [token for byte in data for token in source.feed(bytes([byte]))]
    tokens += source.close()
    assert b"".join(map(raw_of, tokens)).removesuffix(b"\x1b[201~") == data.removesuffix(
        b"\x1b[201~"
    )


def test_every_key_is_one_key() -> None:
    for raw in KEYS:
        source = Input(0.02)
        tokens = [*source.feed(raw), *source.flush()]
        assert tokens == [decode_key(raw)], raw


def test_five_thousand_keys_in_one_burst() -> None:
    burst = [(KEYS[number * 7919 % len(KEYS)]) for number in range(5000)]
    burst = [raw for raw in burst if raw in set(SURE)]
    started = time.perf_counter()
    tokens = Input(0.02).feed(b"".join(burst))
    assert time.perf_counter() - started < 1
    assert [raw_of(token) for token in tokens] == burst


# -- escape ---------------------------------------------------------------------------------


def test_a_lone_escape_waits_no_longer_than_told() -> None:
    source = Input(0.02)
    assert source.feed(b"\x1b") == []
    assert source.wait == 0.02
    assert source.flush() == [decode_key(b"\x1b")]
    assert source.wait is None


def test_with_the_kitty_protocol_an_escape_always_begins_something() -> None:
    source = Input(0.02)
    source.escape_is_plain = False
    assert source.feed(b"\x1b") == []
    assert source.wait == TORN_SECONDS


@pytest.mark.parametrize("raw", [b"\x1b[", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b\x1b"])
def test_alt_and_what_begins_sequences(raw: bytes) -> None:
    source = Input(0.02)
    assert source.feed(raw) == []
    assert 0 < (source.wait or 0) < 0.1
    assert source.flush() == [decode_key(raw)]
    assert decode_key(raw).modifiers.alt


def test_escape_and_a_key_right_behind_it_stay_together() -> None:
    assert Input(0.02).feed(b"\x1bj") == [decode_key(b"\x1bj")]  # to the program as it came


def test_escape_then_the_rest_of_a_key_gives_the_program_the_same_bytes() -> None:
    source = Input(0.02)
    tokens = [*source.feed(b"\x1b"), *source.flush(), *source.feed(b"[A")]
    assert b"".join(map(raw_of, tokens)) == b"\x1b[A"


@pytest.mark.parametrize("cut", range(1, len(b"\x1b[<35;10;5M")))
def test_a_torn_mouse_report_types_nothing(cut: int) -> None:
    report = b"\x1b[<35;10;5M"
    source = Input(0.02)
    tokens = [*source.feed(report[:cut]), *source.flush(), *source.feed(report[cut:])]
    typed = b"".join(token.raw for token in tokens if isinstance(token, KeyEvent))
    # If the line stalled within the first bytes these were a key for all that anybody knew.
    # Cut later it is never flushed: that takes a second of silence.
    assert typed in (b"", b"\x1b", b"\x1b[") or cut > 2


def test_half_a_mouse_report_is_dropped() -> None:
    source = Input(0.02)
    assert source.feed(b"\x1b[<35;1") == []
    assert source.wait == TORN_SECONDS
    assert source.flush() == [Report(b"\x1b[<35;1")]
    assert source.feed(b"\x1b[<35;1\x1b[A") == [Report(b"\x1b[<35;1"), decode_key(b"\x1b[A")]


def test_another_torn_sequence_is_one_unknown_key() -> None:
    source = Input(0.02)
    source.feed(b"\x1b[1;")
    assert source.flush() == [KeyEvent(raw=b"\x1b[1;")]


# -- pastes -------------------------------------------------------------------------------


def test_a_paste_is_taken_whole_whatever_is_in_it() -> None:
    text = b"a\x1b[A\x1c\x1b[<1;1;1Mb\xff\x1b[200~"
    tokens = Input(0.02).feed(b"\x1b[200~" + text + b"\x1b[201~x")
    assert tokens == [Pasted(text), decode_key(b"x")]


def test_an_unfinished_paste_waits() -> None:
    source = Input(0.02)
    assert source.feed(b"\x1b[200~abc\x1b[20") == []
    assert source.wait is None
    assert source.flush() == []
    assert source.feed(b"1~") == [Pasted(b"abc")]


def test_a_paste_is_taken_up_to_the_limit() -> None:
    source = Input(0.02)
    part = b"x" * (PASTE_BYTES - 10)
    assert source.feed(b"\x1b[200~" + part) == []
    assert source.feed(b"y" * 10 + b"\x1b[20") == []
    assert source.feed(b"1~z") == [Pasted(part + b"y" * 10), decode_key(b"z")]


@pytest.mark.parametrize("more", [b"y" * 11, b"y" * 11 + b"\x1b[201~", b"y" * 11 + b"\x1b[20"])
def test_a_longer_paste_is_refused_once_and_swallowed_to_its_end(more: bytes) -> None:
    source = Input(0.02)
    assert source.feed(b"\x1b[200~" + b"x" * (PASTE_BYTES - 10)) == []
    assert source.feed(more) == [PasteRefused()]
    if not more.endswith(b"~"):
        assert source.wait is None
        assert source.feed(b"rm -r x\r" * 99) == []
        assert source.feed(b"\x1b[201~") == []
    assert source.feed(b"\x1b[200~next\x1b[201~z") == [Pasted(b"next"), decode_key(b"z")]


def test_of_a_longer_paste_nothing_is_left_at_the_end() -> None:
    source = Input(0.02)
    source.feed(b"\x1b[200~" + b"x" * (PASTE_BYTES + 1))
    assert source.close() == []
    assert source.feed(b"a") == [decode_key(b"a")]
