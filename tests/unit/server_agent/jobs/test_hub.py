"""Whom a job waits for, and who leads it, by who is connected."""

import os
import selectors
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server_agent.jobs.hub import Hub
from server_agent.jobs.lead import Lead
from server_agent.jobs.log import Log
from server_agent.jobs.pacing import LIMIT, WINDOW
from server_agent.jobs.presence import Presence
from server_agent.protocol import frames
from server_agent.protocol.frames import Type


class Job:
    """A hub with a program that does nothing by itself."""

    def __init__(self, folder: Path) -> None:
        self.timers: list[Callable[[], None]] = []
        self.selector = selectors.DefaultSelector()
        self.fd, self._write = os.pipe()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = str(folder / "socket")
        self.listener.bind(self._path)
        self.listener.listen()
        self.typed = b""
        child: Any = SimpleNamespace(
            pty=True,
            open=True,
            pending=b"",
            fd=self.fd,
            resize=lambda cols, rows: None,
            write=self._type,
        )
        self.lead = Lead(child, (80, 24), self.later)
        log = Log(str(folder / "log"), 64 << 20)
        presence = Presence(str(folder))
        self.hub = Hub(
            self.selector, log, child, self.lead, presence, dict, self.later, signal=lambda _: None
        )
        self.selector.register(self.fd, selectors.EVENT_READ, lambda _mask: None)
        self._ends: list[socket.socket] = []

    def _type(self, data: bytes) -> None:
        self.typed += data

    def later(self, _delay: float, call: Callable[[], None]) -> None:
        self.timers.append(call)

    @property
    def waits(self) -> bool:
        """Whether the program has to wait."""
        return self.fd not in self.selector.get_map()

    def connect(self) -> socket.socket:
        """Connect, without a word."""
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.connect(self._path)
        self._ends.append(end)
        self.hub.accept(self.listener)
        return end

    def attach(self, name: str, *, paces: bool = False, size: bool = True) -> socket.socket:
        """Attach a client, which reads nothing."""
        ask = {"client": name, "offset": None, **({"cols": 80, "rows": 24} if size else {})}
        sent = frames.json_frame(Type.ATTACH, ask)
        end = self.connect()
        end.sendall(sent + frames.frame(Type.PACE, b"\1") * paces)
        self.turn()
        return end

    def turn(self) -> None:
        """Do what a turn of the holder's loop does."""
        for key, mask in self.selector.select(0):
            key.data(mask)
        self.hub.settle()

    def close(self) -> None:
        for end in (*self._ends, self.listener, *(client.socket for client in self.hub.clients)):
            end.close()
        os.close(self.fd)
        os.close(self._write)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path)
    yield job
    job.close()


def prints(job: Job, size: int) -> bool:
    """Let the program print so much; return whether it has to wait then."""
    job.hub.output(b"x" * size)
    return job.waits


def test_the_program_waits_for_the_leader_s_screen(job: Job) -> None:
    job.attach("leads", paces=True)
    job.attach("looks on")
    assert not prints(job, 1000)
    assert prints(job, 3 * WINDOW)


def test_it_waits_for_nobody_who_just_looks_on(job: Job) -> None:
    job.attach("leads")
    job.attach("looks on", paces=True)
    assert not prints(job, 3 * WINDOW)


def test_it_waits_no_longer_for_who_led(job: Job) -> None:
    job.attach("led", paces=True)
    job.attach("leads")
    assert prints(job, 3 * WINDOW)
    job.lead.take("leads", None)
    job.hub.settle()
    assert not job.waits


def test_where_nobody_leads_it_waits_for_the_only_one(job: Job) -> None:
    job.attach("one", paces=True, size=False)
    assert prints(job, 3 * WINDOW)
    job.attach("two", paces=True, size=False)
    assert not job.waits


def test_it_waits_for_nobody_s_backlog(job: Job) -> None:
    job.attach("leads", paces=True)
    assert not prints(job, 2 * LIMIT)


def test_a_connection_that_has_not_said_who_it_is_does_not_lead(job: Job) -> None:
    job.connect()
    job.attach("first")
    assert job.lead.client == "first"


def test_what_a_client_typed_before_it_went_is_typed(job: Job) -> None:
    end = job.attach("a")
    end.sendall(frames.data_frame(Type.INPUT, 0, b"exit 7\n"))
    end.close()
    job.hub.output(b"a prompt")  # which nobody takes any more
    assert job.typed == b"exit 7\n"
    assert job.hub.clients == []
