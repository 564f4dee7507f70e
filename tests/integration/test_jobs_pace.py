"""A program doesn't run ahead of its leader's open screen, and waits for no other."""

import sys
import time
from typing import Any

from server_agent import jobs
from server_agent.protocol import frames
from server_agent.protocol.frames import Type
from tests.helpers.settle import settle
from tests.integration.job_client import JobClient
from tests.integration.job_rig import jobs_of_its_own, start

__all__ = ["jobs_of_its_own"]

FLOOD = "import os\nwhile True: os.write(1, b'x' * 8000 + b'\\n')"
AHEAD = 4 << 20
"""Far more than the pace's window and a socket's buffers."""
RUN_AWAY = 16 << 20


def _flood() -> dict[str, Any]:
    return start(sys.executable, "-I", "-c", FLOOD, kind="session")


def _size(job: dict[str, Any]) -> int:
    with JobClient(job["socket"], "meter", offset=0, size=None) as meter:
        return int(meter.until_type(Type.ATTACHED).json()["end"])


def test_a_screen_that_is_looked_at_is_waited_for() -> None:
    job = _flood()
    with JobClient(job["socket"]) as screen:
        assert screen.until_type(Type.ATTACHED).json()["paces"] is True
        screen.send(frames.frame(Type.PACE, b"\x01"))
        screen.until_type(Type.LIVE)
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            screen.receive()
        assert len(screen.output) > 1 << 20, "it goes on"
        assert _size(job) - len(screen.output) - screen.offset < AHEAD


def test_a_screen_that_stops_taking_is_not_waited_for() -> None:
    job = _flood()
    with JobClient(job["socket"]) as screen:
        screen.send(frames.frame(Type.PACE, b"\x01"))
        screen.until_type(Type.LIVE)
        settle(lambda: _size(job) > RUN_AWAY, timeout=20)


def test_who_does_not_ask_or_asks_no_longer_is_not_waited_for() -> None:
    job = _flood()
    with JobClient(job["socket"]) as screen:
        screen.send(frames.frame(Type.PACE, b"\x01") + frames.frame(Type.PACE, b"\x00"))
        screen.until_type(Type.LIVE)
        settle(lambda: _size(job) > RUN_AWAY, timeout=20)


def test_what_is_typed_arrives_while_the_program_waits() -> None:
    code = (
        "import os, select, sys, tty\ntty.setraw(0)\n"
        "while not select.select([0], [], [], 0)[0]: os.write(1, b'x' * 8000 + b'\\n')\n"
        "os.write(1, b'got ' + os.read(0, 9))\n"
    )
    job = start(sys.executable, "-I", "-c", code, kind="session")
    with JobClient(job["socket"]) as screen:
        screen.send(frames.frame(Type.PACE, b"\x01"))
        screen.until_type(Type.LIVE)
        screen.until(lambda frame: len(screen.output) > 1 << 20)
        screen.type(b"k")
        screen.until_text(b"got k")
        screen.until_type(Type.EXIT)
    settle(lambda: jobs.get(job["id"])["state"] == "exited")


def test_who_looks_again_far_behind_goes_on_with_the_last_of_it() -> None:
    job = _flood()
    with JobClient(job["socket"]) as screen:
        screen.until_type(Type.LIVE)
        settle(lambda: _size(job) > 4 * RUN_AWAY, timeout=30)
        screen.send(frames.frame(Type.PACE, b"\x02"))
        start, end = screen.until_type(Type.GAP, 30).offsets(2)
        assert end - start > 2 * RUN_AWAY
        again = screen.until_type(Type.PREAMBLE)
        assert again.payload.startswith(b"\x1b\\\x1bc"), "the screen is made anew"
        while sum(frame.type is Type.LIVE for frame in screen.seen) < 2:
            screen.receive()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            screen.receive()
        data = [frame for frame in screen.seen if frame.type is Type.DATA][-1]
        offset, last = data.offset_and_bytes()
        assert _size(job) - offset - len(last) < RUN_AWAY, "and keeps up from then on"
