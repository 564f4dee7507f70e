"""A holder's clients: who is attached, who leads, and which input was typed already."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import time
from functools import partial
from typing import Any, Callable, Optional

from server_agent.jobs import faults
from server_agent.jobs.child import MAX_PENDING, Child
from server_agent.jobs.inlet import Inlet
from server_agent.jobs.lead import Lead
from server_agent.jobs.log import Log
from server_agent.jobs.outgoing import Outgoing, bounded, parse_attach, where
from server_agent.jobs.pacing import LIMIT, PATIENCE, Pace
from server_agent.jobs.presence import Presence
from server_agent.jobs.replay import Replay
from server_agent.jobs.typed import Typed
from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Frame, FrameReader, Type

_MAX_CLIENTS = 64
_MAX_FRAME = 128 << 10
_TURNS = 8  # frames for one client before the others have their turn
_LAST_WORDS = 64  # pieces that are taken of one that takes no more itself
_NOTE = 0.1  # seconds between two notes of how many are attached


class Client:
    """One connection."""

    def __init__(self, connection: socket.socket, log: Log) -> None:
        self.socket = connection
        self.reader = FrameReader(_MAX_FRAME)
        self.outgoing = Outgoing(log)
        self.out = memoryview(b"")
        self.id = ""
        """The client's own name for itself; "" before its ATTACH."""
        self.inlet: Optional[Inlet] = None
        """Where its input goes, if that is a pipe; else it types."""
        self.size: Optional[tuple[int, int]] = None
        self.nudge = False
        self.waits = False
        """Whether its input waits until the program reads."""
        self.events = selectors.EVENT_READ
        self.pace = Pace()

    def holds(self, now: float) -> bool:
        """Whether the program waits for this client's screen."""
        return self.pace.holds(self.outgoing.lag + len(self.out), now)


class Hub:
    """Serves all clients of one job; ``describe`` returns its JobInfo."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        log: Log,
        child: Child,
        lead: Lead,
        presence: Presence,
        describe: Callable[[], dict[str, Any]],
        later: Callable[[float, Callable[[], None]], None],
        signal: Callable[[str], None],
        inlet: Optional[Inlet] = None,
    ) -> None:
        self._selector = selector
        self._log = log
        self._child = child
        self._lead = lead
        self._presence = presence
        self._describe = describe
        self._later = later
        self._signal = signal
        self._inlet = inlet
        if inlet:
            inlet.taken = self._listen_again
        self.replay = Replay(log, pty=child.pty)
        self.clients: list[Client] = []
        self.served = 0
        """How many clients attached so far."""
        self.progress = time.monotonic()
        """When a client last took something."""
        self._typed = Typed()
        self._news: set[Type] = set()
        self._noting = False
        self._held = self._checks = False
        self._on_child: Any = None
        self._exit: Optional[tuple[Optional[int], Optional[int], str]] = None

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, unless it is someone else's."""
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if len(self.clients) >= _MAX_CLIENTS or not _ours(connection):
            connection.close()
            return
        connection.setblocking(False)
        client = Client(connection, self._log)
        if self._exit:
            client.outgoing.exit(*self._exit)
        self.clients.append(client)
        self._selector.register(connection, client.events, partial(self._on_client, client))

    def output(self, data: bytes) -> None:
        """Log what the program printed, and pass it on."""
        self._log.append(data)
        self.replay.output(data)
        self._lead.output()
        for client in list(self.clients):
            if not client.out:
                self._pump(client)
        self._hold()

    def settle(self) -> None:
        """Do once what the events of this turn of the loop amount to."""
        if self._lead.settle():
            self._news.add(Type.LEADS)
        if not self._news:
            return
        news, self._news = self._news, set()
        if Type.LEADS in news:
            self._hold()  # another screen counts now
        told = {"client": self._lead.client, "cols": self._lead.size[0], "rows": self._lead.size[1]}
        for client in list(self.clients):
            if Type.LEADS in news:
                client.outgoing.notice(Type.LEADS, frames.json_frame(Type.LEADS, told))
            if Type.CLIENTS in news and client.id:
                others = self._presence.told(client.id)
                client.outgoing.notice(Type.CLIENTS, frames.json_frame(Type.CLIENTS, others))
            if client.id and not client.out:
                self._pump(client)

    def ended(self, code: Optional[int], number: Optional[int], reason: str) -> None:
        """Tell all clients that the job has ended."""
        self._exit = (code, number, reason)
        if self._inlet:
            self._inlet.close()
        for client in list(self.clients):
            client.outgoing.exit(code, number, reason)
            self._pump(client)

    def child_writable(self) -> None:
        """Type what waited, and listen again to those who had to wait."""
        self._child.push()
        self.watch_child()
        self._listen_again()

    def _listen_again(self) -> None:
        for client in self.clients:
            if client.waits and self._waiting(client) <= MAX_PENDING // 2:
                client.waits = False
                self._watch(client)

    def _waiting(self, client: Client) -> int:
        return len((client.inlet or self._child).pending)

    def watch_child(self) -> None:
        """Ask for the events that the program's terminal is good for now."""
        if not self._child.open:
            return
        events = 0 if self._held else selectors.EVENT_READ
        if self._child.pending:
            events |= selectors.EVENT_WRITE
        fd = self._child.fd
        key = self._selector.get_map().get(fd)
        if key is None and events:
            self._selector.register(fd, events, self._on_child)
        elif key is not None and not events:
            self._on_child = self._selector.unregister(fd).data
        elif key is not None and key.events != events:
            self._selector.modify(fd, events, key.data)

    def _hold(self) -> None:
        """Let the program wait while a screen that paces it is behind."""
        now = time.monotonic()
        held = any(client.holds(now) for client in self._pacing())
        if held and not self._checks:
            self._checks = True
            self._later(PATIENCE, self._check)  # whoever stops taking is not waited for
        if held != self._held:
            self._held = held
            self.watch_child()

    def _pacing(self) -> list[Client]:
        # Whose screen counts: the leader's, else the only one that asked. Others just look on.
        asked = [client for client in self.clients if client.pace.asked]
        if self._lead.client:
            return [client for client in asked if client.id == self._lead.client]
        return asked if len(asked) == 1 else []

    def _check(self) -> None:
        self._checks = False
        self._hold()

    def close(self, client: Client) -> None:
        """Forget a connection."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        if client.events:
            self._selector.unregister(client.socket)
        client.socket.close()
        if self._held:
            self._hold()
        if client.id and not any(other.id == client.id for other in self.clients):
            self._presence.go(client.id)
            self._count()
            if client.id == self._lead.client:
                self._hand_over()

    # -- one client's frames ------------------------------------------------------------------

    def _on_client(self, client: Client, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            self._hear(client)
        self._pump(client)

    def _hear(self, client: Client) -> bool:
        """Take what a client says; say whether it may say more. One at its end is forgotten."""
        try:
            data = client.socket.recv(64 << 10)
            for frame in client.reader.feed(data):
                self._on_frame(client, frame)
                if client not in self.clients:
                    return False
            if data:
                return True
        except BlockingIOError:
            return False
        except (OSError, ProtocolError):
            pass
        except Exception as error:  # whatever a client can do, the job and the others go on
            faults.note(error, "serving a client of a job")
        self.close(client)
        return False

    def _on_frame(self, client: Client, frame: Frame) -> None:
        if frame.type is Type.ATTACH:
            self._attach(client, frame.json())
        elif not client.id:
            raise ProtocolError("the first frame is not ATTACH")
        elif frame.type is Type.INPUT:
            self._input(client, *frame.offset_and_bytes())
        elif frame.type is Type.EOF:
            if not self._typed.end(client.id):
                pass  # said again, after a lost connection
            elif client.inlet:
                client.inlet.end()
            else:
                self._child.end_of_input()
                self.watch_child()
        elif frame.type is Type.RESIZE:
            client.size = bounded(*frame.size())
            if self._lead.client == client.id:
                self._lead.take(client.id, client.size)
        elif frame.type is Type.LEAD:
            self._lead.take(client.id, client.size)
        elif frame.type is Type.PACE:
            client.pace.asked = frame.payload in (b"\x01", b"\x02")
            if frame.payload == b"\x02":
                self._catch_up(client)
            self._hold()
        elif frame.type is Type.SIGNAL:
            self._signal(frame.payload.decode("ascii", "replace"))
        else:
            raise ProtocolError(f"a client does not send {frame.type.name}")

    def _attach(self, client: Client, value: dict[str, Any]) -> None:
        asked = parse_attach(value)
        if client.id:
            raise ProtocolError("a second ATTACH")
        client.id = asked.client
        client.size = asked.size
        client.inlet = self._inlet if asked.piped else None
        for other in list(self.clients):
            if other.id == client.id and other is not client:
                self.close(other)  # its connection is dead, and only we don't know yet
        self.served += 1
        self._presence.come(client.id, asked.name)
        # Nobody's name is "", and so is that of a connection which has not said ATTACH yet.
        lead = self._lead.client
        led = lead and any(c.id == lead for c in self.clients if c != client)
        if client.size and not led:
            self._lead.take(client.id, client.size)
        fresh = asked.offset is None
        # A fresh screen that shows a full-screen program is drawn whole only if we ask for it.
        client.nudge = fresh and self.replay.modes.alternate
        start, preamble = self.replay.at() if fresh else (0, b"")
        at = where(self._log, asked.offset, start)
        attached = {
            "job": self._describe(),
            "offset": at,
            "end": self._log.end,
            "accepted": self._typed.count(client.id),
            "leader": self._lead.client or None,
            "cols": self._lead.size[0],
            "rows": self._lead.size[1],
            "paces": True,
        }
        client.outgoing.begin(at, attached, preamble)
        self._count()

    def _catch_up(self, client: Client) -> None:
        """Spare somebody who looks again what a fresh client would not see either."""
        if client.outgoing.lag >= LIMIT:
            client.outgoing.skip(*self.replay.at())
            client.nudge = self.replay.modes.alternate

    def _input(self, client: Client, offset: int, data: bytes) -> None:
        new = self._typed.take(client.id, offset, data, (c.id for c in self.clients))
        if new and client.inlet:
            client.inlet.write(new)
        elif new:
            if self._lead.client != client.id:
                self._lead.take(client.id, client.size)
                if self._lead.settle():  # the program sees the size before the key
                    self._news.add(Type.LEADS)
            self._child.write(new)
            self.watch_child()
        if self._waiting(client) > MAX_PENDING:
            client.waits = True
        total = self._typed.count(client.id)
        client.outgoing.notice(Type.ACK, frames.offsets_frame(Type.ACK, total))

    def _hand_over(self) -> None:
        # To who typed last of those that are left, else to who came last.
        left = {client.id: client for client in self.clients if client.id and client.size}
        name = self._typed.latest(left) or next(reversed(list(left)), "")
        self._lead.take(name, left[name].size if name else None)

    def _count(self) -> None:
        self._news.add(Type.CLIENTS)
        if not self._noting:
            self._noting = True
            self._later(_NOTE, self._note_count)

    def _note_count(self) -> None:
        self._noting = False
        self._presence.note()

    # -- sending ------------------------------------------------------------------------------

    def _pump(self, client: Client) -> None:
        if client not in self.clients:
            return
        try:
            for _ in range(_TURNS):
                if not client.out:
                    client.out = memoryview(client.outgoing.next())
                    if not client.out:
                        break
                client.out = client.out[client.socket.send(client.out) :]
                self.progress = time.monotonic()
                client.pace.took(self.progress)
        except BlockingIOError:
            pass
        except OSError:
            for _ in range(_LAST_WORDS):  # what it typed before it went was meant
                if not self._hear(client):
                    break
            self.close(client)
            return
        if client.nudge and client.outgoing.live:
            client.nudge = False
            self._lead.nudge()
        if client.outgoing.done and not client.out:
            self.close(client)
        else:
            self._watch(client)
        if self._held:
            self._hold()

    def _watch(self, client: Client) -> None:
        events = 0 if client.waits else selectors.EVENT_READ
        if client.out or client.outgoing.behind:
            events |= selectors.EVENT_WRITE
        if events == client.events:
            return
        if client.events and events:
            self._selector.modify(client.socket, events, partial(self._on_client, client))
        elif events:
            self._selector.register(client.socket, events, partial(self._on_client, client))
        else:
            self._selector.unregister(client.socket)
        client.events = events


def _ours(connection: socket.socket) -> bool:
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True  # the folder's mode keeps others out
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, 12))
    return uid in (0, os.getuid())
