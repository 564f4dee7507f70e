"""A fresh client sees the screen that a client from the start sees, after more than is replayed."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.terminal import Emulator, Reply
from server_agent.protocol.frames import Frame, Type
from tests.integration.job_client import JobClient
from tests.integration.job_rig import jobs_of_its_own, start

__all__ = ["jobs_of_its_own"]

FLOOD = "seq 1200000"  # more than 8 MiB
PAINTER = r"""
import os, shutil, signal, sys, time
def paint(*_):
    cols, rows = shutil.get_terminal_size()
    lines = [f"\x1b[{y};1H\x1b[4{y % 8}m row {y} of {rows} \x1b[m\x1b[K" for y in range(1, rows)]
    os.write(1, "".join(lines).encode() + b"\x1b[3;5Hpainted")
signal.signal(signal.SIGWINCH, paint)
os.write(1, b"\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1006h")
for _ in range(int(sys.argv[1])): paint()
sys.stdin.readline()
os.write(1, b"\x1b[?1000l\x1b[?1006l\x1b[?25h\x1b[?1049l")
"""


class Screen(JobClient):
    """A client with an emulator. Who leads answers what the program asks."""

    def __init__(self, path: str, name: str, *, leads: bool = False) -> None:
        self.emulator = Emulator(80, 24)
        self.at = 0
        self._leads = leads
        super().__init__(path, name)

    def receive(self, timeout: float = 10.0) -> list[Frame]:
        found = super().receive(timeout)
        for frame in found:
            if frame.type is Type.PREAMBLE:
                self.emulator.feed(frame.payload)
            elif frame.type is Type.DATA:
                offset, data = frame.offset_and_bytes()
                self.at = offset + len(data)
                for event in self.emulator.feed(data):
                    if self._leads and isinstance(event, Reply):
                        self.type(event.data)
        self.seen = [frame for frame in self.seen if frame.type is not Type.DATA]
        self.output.clear()
        return found

    def shows(self, text: str, timeout: float = 20.0) -> None:
        """Read until the screen shows a text."""
        deadline = time.monotonic() + timeout
        while text not in self.emulator.text():
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.emulator.text()}"
            self._take(0.2)

    def quiet(self) -> None:
        """Read until nothing comes any more."""
        while self._take(0.5):
            pass

    def _take(self, timeout: float) -> bool:
        try:
            return bool(self.receive(timeout))
        except TimeoutError:
            return False

    def picture(self) -> list[object]:
        """Return all rows, with their colours, and how the program wants its keys."""
        self.emulator.frame(force=True)
        rows: list[object] = [self.emulator.row(y) for y in range(24)]
        return [self.emulator.text(), self.emulator.modes, *rows]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Screen]:
    """A client on a shell that has printed a lot."""
    (tmp_path / "painter.py").write_text(PAINTER)
    (tmp_path / "text").write_text("".join(f"line {n} of a text\n" for n in range(1000)))
    job = start("bash", "--norc", "-i")
    with Screen(job["socket"], "old", leads=True) as screen:
        screen.type(b"cd %s; HISTFILE= HOME=%s\n" % ((str(tmp_path).encode(),) * 2))
        screen.type(FLOOD.encode() + b"\n")
        screen.shows("1200000\n", timeout=60)
        screen.type(b"printf '\\033[1;32mgreen %s\\n' tail\n")
        screen.shows("green tail")
        yield screen


def fresh(old: Screen) -> Screen:
    """Attach another client; wait until both have everything."""
    new = Screen(old.socket.getpeername(), "new")
    new.until_type(Type.LIVE, timeout=20)
    same(old, new)
    return new


def same(old: Screen, new: Screen, *, timeout: float = 30.0) -> None:
    """Wait until both have the same bytes and show the same."""
    deadline = time.monotonic() + timeout
    while True:
        for client in (old, new):
            client.quiet()
        if old.at == new.at and old.picture() == new.picture():
            return
        if time.monotonic() > deadline:
            assert old.at == new.at
            assert old.emulator.text() == new.emulator.text()
            assert old.picture() == new.picture()


PROGRAMS: dict[str, tuple[str, str, bytes]] = {
    "vim": ("vim -u NONE -N -c 'set mouse=a' text", "line 1 of a text", b":q!\r"),
    "less": ("less text", "line 1 of a text", b"q"),
    "htop": ("htop -d 100", "Load average", b"q"),
    "top": ("top -d 100", "load average", b"q"),
    "tmux": (
        "tmux -f /dev/null -S ./sock new -s one 'cat text; cat'",
        "line 999 of a text",
        b"\x04",
    ),
    "fish": ("fish --no-config -C 'echo in''side'", "inside", b"exit\r"),
    "painter": (f"{sys.executable} painter.py 1", "painted", b"\r"),
    "long painter": (f"{sys.executable} painter.py 12000", "painted", b"\r"),
}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(name, marks=pytest.mark.needs(name.split()[-1]))
        for name in PROGRAMS
        if "painter" not in name
    ]
    + ["painter", "long painter"],
)
def test_a_program_looks_the_same_to_who_comes_later(program: str, old: Screen) -> None:
    command, shown, leave = PROGRAMS[program]
    old.type(command.encode() + b"\n")
    old.shows(shown)
    old.quiet()
    with fresh(old) as new:
        old.type(leave)
        old.quiet()  # some forget on their way out what was typed meanwhile
        old.type(b"echo ba''ck\n")
        old.shows("back")
        same(old, new)
        assert "back" in new.emulator.text()


def test_what_programs_left_set_counts_after_8_mib(old: Screen) -> None:
    settings = (
        r"\033]0;a title\007\033[?2004h\033[?1004h\033[5 q\033[2;20r\033[>1u\033=\033[20;1H"
        r"\033[38;5;208;4mstyled "
    )
    old.type(f"printf '{settings}'; {FLOOD}; cat\n".encode())
    old.shows("1200000\n", timeout=60)
    with fresh(old) as new:
        assert "1200000" in new.emulator.text()


def test_a_picture_that_goes_on_is_not_cut(old: Screen) -> None:
    # A string of megabytes with line ends in it, as images have: no place to begin.
    script = "printf '\\033Pq'; seq 300000; printf '\\033\\\\after the picture\\n'; cat"
    old.type(script.encode() + b"\n")
    old.shows("after the picture", timeout=60)
    with fresh(old) as new:
        assert "after the picture" in new.emulator.text()
