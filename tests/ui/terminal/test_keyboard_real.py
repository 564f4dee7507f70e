"""Keys from a real terminal, through the real app, to a real program: byte for byte."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnix_tui.keyboard.keys import KeyModes
from tests.bench.ptys import OnPty, on_pty
from tests.unit.keyboard import outers
from tests.unit.keyboard.test_every_key import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
RECORDER = str(Path(__file__).with_name("recorder.py"))
LEADER = b"\x1c"
KITTY_ANSWER = b"\x1b[?0u"


class Typist:
    """Types at the outer terminal and sees what the program inside gets."""

    def __init__(self, program: OnPty, record: Path) -> None:
        self.outer = program
        self._record = record
        self._checked = 0

    def got(self) -> bytes:
        """Return what the program got since it was last checked."""
        return self._record.read_bytes()[self._checked :]

    def type(self, sent: bytes, expected: bytes | None = None, seconds: float = 20) -> None:
        """Type, and check that the program gets exactly that (or what is expected)."""
        expected = sent if expected is None else expected
        self.outer.write(sent)
        self.expect(expected, seconds)

    def expect(self, expected: bytes, seconds: float = 20) -> None:
        """Check what the program gets next."""
        deadline = time.monotonic() + seconds
        while len(self.got()) < len(expected) and time.monotonic() < deadline:
            self.outer.read(0.002)
        assert self.got() == expected
        self._checked += len(expected)

    def column_of(self, click: bytes) -> int:
        """Click, and return the column that the program is told."""
        self.outer.write(click)
        deadline = time.monotonic() + 10
        while not self.got().endswith(b"m") and time.monotonic() < deadline:
            self.outer.read(0.002)
        told = re.fullmatch(rb"\x1b\[<0;(\d+);5M\x1b\[<0;\1;5m", self.got())
        assert told, self.got()
        self._checked += len(told[0])
        return int(told[1])

    def answer(self, reply: bytes, then: bytes) -> None:
        """Answer as the outer terminal, and wait until it is told something."""
        self.outer.forget()
        self.outer.write(reply)
        self.outer.until(then, 10)


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Callable[..., Typist]]:
    """Start the app around a program that prints something and records."""
    opened = []

    def start(output: str = "", **environment: str) -> Typist:
        record = tmp_path / "record"
        record.touch()
        inside = [sys.executable, RECORDER, str(record), output]
        env = dict(os.environ, PYTHONPATH=str(ROOT), TERM="xterm-256color", **environment)
        context = on_pty([sys.executable, "-m", "tests.ui.terminal.demo", *inside], env)
        program = context.__enter__()
        opened.append(context)
        program.until(b"ready", 30)
        return Typist(program, record)

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def _needs_silence(raw: bytes) -> bool:
    """Whether a sequence could be the beginning of a longer one."""
    return raw[:1] == b"\x1b" and (
        len(raw) == 1 or raw[1:] in (b"[", b"O", b"]", b"P", b"_", b"\x1b")
    )


@pytest.mark.parametrize("modes", [KeyModes(), KeyModes(cursor=True, keypad=True)], ids=["normal", "application"])  # fmt: skip
def test_every_key_that_the_terminal_can_send(
    typist: Callable[..., Typist], modes: KeyModes
) -> None:
    person = typist(r"\x1b[?1h\x1b=" if modes.cursor else "")
    person.type(b"a")
    every = [*outers.xterm(), *outers.rxvt(), *outers.linux(), *outers.other_keys()]
    every = [raw for raw in dict.fromkeys(every) if raw != LEADER and not _leader_again(raw)]
    every = [raw for raw in every if raw[-1:] != b"u" and not raw.startswith(b"\x1b[27;")]
    alone = [raw for raw in every if _needs_silence(raw)]
    others = [raw for raw in every if not _needs_silence(raw)]
    assert len(others) > 1000
    for start in range(0, len(others), 40):
        some = others[start : start + 40]
        person.type(b"".join(some), b"".join(translated(raw, modes) for raw in some))
    for raw in alone:
        person.type(raw)


def _leader_again(raw: bytes) -> bool:
    return raw in (b"\x1b[27;5;92~", b"\x1b[92;5u")


@pytest.mark.parametrize("flags", [1, 15, 31])
def test_every_key_of_the_kitty_protocol(typist: Callable[..., Typist], flags: int) -> None:
    person = typist(rf"\x1b[>{flags}u")
    # The outer terminal says that it has the protocol, and is told to send what the program wants.
    person.answer(KITTY_ANSWER, b"\x1b[=%d;1u" % (flags | 5))
    keys = [raw for _, raw in outers.kitty(flags) if not re.match(rb"\x1b\[92(:124)?;5", raw)]
    keys = [raw for raw in dict.fromkeys(keys) if raw != LEADER]
    for start in range(0, len(keys), 50):
        person.type(b"".join(keys[start : start + 50]))


def test_five_thousand_keys_in_bursts_cut_anywhere(typist: Callable[..., Typist]) -> None:
    person = typist()
    chance = random.Random(7)
    keys = [raw for raw in outers.xterm() if len(raw) > 2 or raw[0] != 0x1B]
    keys = [raw for raw in keys if raw != LEADER]
    typed = [chance.choice(keys) for _ in range(5000)]
    whole = b"".join(typed)
    at = 0
    while at < len(whole):
        size = chance.randint(1, 4000)
        os.write(person.outer.fd, whole[at : at + size])
        person.outer.read(0)
        at += size
    person.expect(b"".join(translated(raw, KeyModes()) for raw in typed))


def test_keys_mouse_and_pastes_keep_their_order(typist: Callable[..., Typist]) -> None:
    person = typist(r"\x1b[?1000h\x1b[?1006h\x1b[?2004h")
    person.type(b"a")
    press, release = b"\x1b[<0;9;5M", b"\x1b[<0;9;5m"
    paste = b"\x1b[200~pasted\x1b[201~"
    sent = b"x" + press + b"yz" + release + paste + b"\x1b[Aq\x1bf" + press + release + b"e"
    # The program counts columns from its own left edge: a margin may lie before it.
    expected = sent.replace(b";9;5", b";%d;5" % person.column_of(press + release))
    for _ in range(20):
        person.type(sent, expected)


def test_an_escape_comes_soon_and_what_follows_stays_apart(typist: Callable[..., Typist]) -> None:
    person = typist()
    person.type(b"a")
    waits = []
    for _ in range(9):
        started = time.perf_counter()
        person.type(b"\x1b")
        waits.append(time.perf_counter() - started)
        person.type(b"j")
    assert sorted(waits)[len(waits) // 2] < 0.06
    person.type(b"\x1b")
    person.type(b"[A")  # the rest of a key on a line that stalled
    person.type(b"\x1b")
    person.outer.write(b"[<35;10;5M")  # the rest of a mouse report: nobody typed that
    person.type(b"b")


def test_with_the_protocol_an_escape_does_not_wait_and_plain_programs_get_plain_keys(
    typist: Callable[..., Typist],
) -> None:
    person = typist(ESCDELAY="2000")
    person.type(b"a")
    person.answer(KITTY_ANSWER, b"\x1b[=5;1u")
    person.type(b"\x1b[27u", b"\x1b", 1)
    person.type(b"\x1b[97;5u\x1b[102;3ux\x1b[9;2u\x1b[57414u", b"\x01\x1bfx\x1b[Z\r", 1)


def test_only_the_leader_is_ours_in_every_form(typist: Callable[..., Typist]) -> None:
    person = typist()
    person.type(LEADER + LEADER, LEADER)
    person.type(b"\x1b[92;5u\x1b[92;5u\x1b[27;5;92~\x1c", LEADER + LEADER)
    # A modifier on its way to the key after the leader is not that key.
    person.outer.write(b"\x1b[57442;5u" + LEADER + b"\x1b[57441;2u")
    person.type(LEADER, LEADER)
    person.type(b"\x1b[92;6u", LEADER)  # with shift it is another key, and the program's


def test_the_outer_keyboard_is_left_as_it_was(typist: Callable[..., Typist]) -> None:
    person = typist(r"\x1b[>31u\x1b=")
    person.answer(KITTY_ANSWER, b"\x1b[=31;1u")
    person.outer.forget()
    person.outer.write(LEADER + b"q")
    person.outer.until(b"\x1b[<u", 20)
    person.outer.quiet()
    assert b"\x1b>" in person.outer.seen
    assert not re.search(rb"\x1b\[[=>]\d*u|\x1b=", person.outer.seen.split(b"\x1b[<u")[1])
