"""The relay: what programs print goes on as it is, and lines of ours stand only between lines."""

import json
import re
import time
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from server_agent.core.relay import LONGEST, MARK_EVERY, PREFIX, Relay, encode


def ours(log: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in log.split(b"\n") if line.startswith(PREFIX)]


def test_lines_go_on_as_they_are_after_a_time_mark() -> None:
    relay = Relay()
    log = relay.feed(b"one\ntwo\r\n\x00\xff\n", 100.0)
    assert log == b'@mnix {"action":"at","time":100.0}\none\ntwo\r\n\x00\xff\n'
    assert relay.feed(b"three\n", 100.0 + MARK_EVERY / 2) == b"three\n"
    assert ours(relay.feed(b"four\n", 100.5)) == [{"action": "at", "time": 100.5}]
    # A clock that is set back must not silence the marks for a year.
    assert ours(relay.feed(b"five\n", 50.0)) == [{"action": "at", "time": 50.0}]


def test_a_mark_waits_for_the_next_line() -> None:
    relay = Relay()
    relay.feed(b"begin", 1.0)
    assert relay.feed(b"ning\r10%", 2.0) == b"ning\r10%"
    assert relay.feed(b"20%\nnext\n", 3.0) == b'20%\n@mnix {"action":"at","time":3.0}\nnext\n'


def test_a_line_of_ours_ends_one_that_was_left_unfinished() -> None:
    relay = Relay()
    relay.feed(b"unfinished", 1.0)
    assert relay.text("a step\x1b]0;x\x07\nwith more", 1.05) == b"\nmnix: a step ]0;x  with more\n"


def test_nothing_that_a_program_prints_passes_for_a_line_of_ours() -> None:
    forged = b'@mnix {"action":"result","ok":true}\n'
    relay = Relay()
    for piece in (forged, b"@mni", b'x {"a":1}\n', b"text\n@", forged[1:], b"@mn"):
        log = relay.feed(piece, 1.0)
        assert all(found["action"] == "at" for found in ours(log))
    assert relay.text("end", 1.0) == b"@mn\nmnix: end\n"


def test_inside_a_fence_everything_is_text_and_nothing_of_ours_comes_but_marks() -> None:
    relay = Relay()
    log = relay.fence("n0", 1.0)
    log += relay.feed(b"@mnix forged\n10%", 1.0)
    assert relay.later({"action": "graph", "inputs": {}})
    log += relay.feed(b"\r20%\nrest", 2.0)
    log += relay.unfence(2.0)
    assert [found.get("until") or found["action"] for found in ours(log.replace(b"@mnix f", b"f"))]
    assert log.endswith(
        b'\nrest\n@mnix {"action":"end","until":"n0"}\n@mnix {"action":"graph","inputs":{}}\n'
    )
    assert b"\n@mnix forged\n10%\r20%\n@mnix {" in log


def test_what_waits_is_bounded() -> None:
    relay = Relay()
    assert not relay.later({"action": "graph", "x": "y" * LONGEST})
    large = {"action": "graph", "x": "y" * (LONGEST - 100)}
    assert sum(relay.later(large) for _ in range(100)) < 20
    assert len(ours(relay.feed(b"line\n", 1.0))) < 22
    assert relay.later(large)


@given(st.lists(st.binary(max_size=12), max_size=20), st.booleans())
def test_every_byte_goes_on_wherever_it_is_cut(pieces: list[bytes], fenced: bool) -> None:
    assume(PREFIX not in b"".join(pieces))  # the tests above are of that
    relay = Relay()
    log = relay.fence("n", 0.0) if fenced else b""
    now = 0.0
    for piece in pieces:
        log += relay.feed(piece, now)
        now += 0.06
    log += relay.unfence(now) if fenced else relay.text("end", now)
    said = b"".join(pieces)
    shown = b"".join(
        part + b"\n"
        for part in log.split(b"\n")[:-1]
        if not part.startswith(PREFIX) and part != b"mnix: end"
    )
    assert shown == said + (b"\n" if said and not said.endswith(b"\n") else b"")


@given(st.lists(st.sampled_from([b"@mnix ", b"@", b"mnix", b" {}", b"\n", b"x"]), max_size=30))
def test_forgeries_never_pass_however_they_are_cut(pieces: list[bytes]) -> None:
    relay = Relay()
    log = b"".join(relay.feed(piece, 1.0) for piece in pieces) + relay.text("end", 1.0)
    mark = encode({"action": "at", "time": 1.0})
    lines = log.splitlines(keepends=True)
    assert [line for line in lines if line.startswith(PREFIX)] == [mark]
    left = b"".join(line for line in lines if line != mark).removesuffix(b"mnix: end\n")
    said = b"".join(pieces)
    ended = said if said.endswith(b"\n") or not said else said + b"\n"
    assert re.sub(rb"(?m)^ (?=@mnix )", b"", left) == ended


def test_it_keeps_up_with_a_million_lines() -> None:
    relay = Relay()
    line = b'@nix {"action":"result","fields":["checking whether it works... yes"],"id":1,"type":101}\n'
    chunk = line * 700
    began = time.perf_counter()
    for number in range(1_000_000 // 700):
        relay.feed(chunk, number / 100)
    assert time.perf_counter() - began < 5
