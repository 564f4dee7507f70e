"""A holder's clients: who is attached, who leads, and which input was typed already."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import time
from collections import OrderedDict
from functools import partial
from typing import Any, Callable, Optional

from server_agent.jobs import faults
from server_agent.jobs.child import MAX_PENDING, Child
from server_agent.jobs.log import MIB, Log
from server_agent.jobs.modes import Modes
from server_agent.jobs.outgoing import Outgoing, bounded, parse_attach, where
from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Frame, FrameReader, Type

REPLAY = 8 * MIB
"""Bytes of the log that a fresh client is sent at most."""
_CHECKPOINT = MIB
_MAX_CLIENTS = 64
_MAX_KNOWN = 256  # client ids whose count of typed bytes is kept
_TURNS = 8  # frames for one client before the others have their turn
_NUDGE = 0.05


class Client:
    """One connection."""

    def __init__(self, connection: socket.socket, log: Log) -> None:
        self.socket = connection
        self.reader = FrameReader()
        self.outgoing = Outgoing(log)
        self.out = memoryview(b"")
        self.id = ""
        """The client's own name for itself; "" before its ATTACH."""
        self.size: Optional[tuple[int, int]] = None
        self.nudge = False
        self.waits = False
        """Whether its input waits until the program reads."""
        self.events = selectors.EVENT_READ


class Replay:
    """Where a fresh client starts in the log, and with which modes."""

    def __init__(self) -> None:
        self._points: list[tuple[int, bytes]] = [(0, b"")]

    def note(self, end: int, data: bytes, modes: Modes) -> None:
        """Note the modes now and then, where neither a sequence nor a character is cut."""
        if end - self._points[-1][0] < _CHECKPOINT or not modes.settled or data[-1] & 0x80:
            return
        self._points.append((end, modes.preamble()))
        while len(self._points) > 1 and self._points[1][0] <= end - REPLAY - _CHECKPOINT:
            del self._points[0]

    def at(self, start: int, end: int, modes: Modes) -> tuple[int, bytes]:
        """Return the offset and the preamble for a log that is kept from ``start`` to ``end``."""
        first = max(start, end - REPLAY)
        for offset, preamble in self._points:
            if offset >= first:
                return offset, preamble
        return first, modes.preamble()


class Hub:
    """Serves all clients of one job; ``describe`` returns its JobInfo."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        log: Log,
        child: Child,
        size: tuple[int, int],
        describe: Callable[[], dict[str, Any]],
        later: Callable[[float, Callable[[], None]], None],
        signal: Callable[[str], None],
    ) -> None:
        self._selector = selector
        self._log = log
        self._child = child
        self._describe = describe
        self._later = later
        self._signal = signal
        self.modes = Modes()
        self.replay = Replay()
        self.clients: list[Client] = []
        self.served = 0
        """How many clients attached so far."""
        self.progress = time.monotonic()
        """When a client last took something."""
        self._typed: OrderedDict[str, int] = OrderedDict()
        self._ended_input: set[str] = set()
        self._leader = ""
        self._cols, self._rows = size
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
        if self._child.pty:
            self.modes.feed(data)
        self.replay.note(self._log.end, data, self.modes)
        for client in list(self.clients):
            if not client.out:
                self._pump(client)

    def fresh(self) -> tuple[int, bytes]:
        """Return where a fresh client starts in the log, and its preamble."""
        return self.replay.at(self._log.start, self._log.end, self.modes)

    def ended(self, code: Optional[int], number: Optional[int], reason: str) -> None:
        """Tell all clients that the job has ended."""
        self._exit = (code, number, reason)
        for client in list(self.clients):
            client.outgoing.exit(code, number, reason)
            self._pump(client)

    def child_writable(self) -> None:
        """Type what waited, and listen again to those who had to wait."""
        self._child.push()
        self.watch_child()
        if len(self._child.pending) <= MAX_PENDING // 2:
            for client in self.clients:
                client.waits = False
                self._watch(client)

    def watch_child(self) -> None:
        """Ask for the events that the program's terminal is good for now."""
        if not self._child.open:
            return
        events = selectors.EVENT_READ
        if self._child.pending:
            events |= selectors.EVENT_WRITE
        key = self._selector.get_key(self._child.fd)
        if key.events != events:
            self._selector.modify(self._child.fd, events, key.data)

    def close(self, client: Client) -> None:
        """Forget a connection."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        if client.events:
            self._selector.unregister(client.socket)
        client.socket.close()
        if client.id:
            self._tell_count()

    # -- one client's frames ------------------------------------------------------------------

    def _on_client(self, client: Client, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                data = client.socket.recv(64 << 10)
                if not data:
                    self.close(client)
                    return
                for frame in client.reader.feed(data):
                    self._on_frame(client, frame)
                    if client not in self.clients:
                        return
            except BlockingIOError:
                pass
            except (OSError, ProtocolError):
                self.close(client)
                return
            except Exception as error:  # whatever a client can do, the job and the others go on
                faults.note(error, "serving a client of a job")
                self.close(client)
                return
        self._pump(client)

    def _on_frame(self, client: Client, frame: Frame) -> None:
        if frame.type is Type.ATTACH:
            self._attach(client, frame.json())
        elif not client.id:
            raise ProtocolError("the first frame is not ATTACH")
        elif frame.type is Type.INPUT:
            self._input(client, *frame.offset_and_bytes())
        elif frame.type is Type.EOF:
            if client.id not in self._ended_input:
                self._ended_input.add(client.id)
                self._child.end_of_input()
                self.watch_child()
        elif frame.type is Type.RESIZE:
            client.size = bounded(*frame.size())
            if self._leader == client.id:
                self._lead(client)
        elif frame.type is Type.LEAD:
            self._lead(client)
        elif frame.type is Type.SIGNAL:
            self._signal(frame.payload.decode("ascii", "replace"))
        else:
            raise ProtocolError(f"a client does not send {frame.type.name}")

    def _attach(self, client: Client, asked: dict[str, Any]) -> None:
        name, offset, size = parse_attach(asked)
        if client.id:
            raise ProtocolError("a second ATTACH")
        for other in list(self.clients):
            if other.id == name:
                self.close(other)  # its connection is dead, and only we don't know yet
        client.id = name
        client.size = size
        self.served += 1
        start, preamble = self.fresh()
        # A fresh screen that shows a full-screen program is drawn whole only if we ask for it.
        client.nudge = offset is None and self.modes.alternate
        if size and not any(c.id == self._leader for c in self.clients if c is not client):
            self._lead(client)
        at = where(self._log, offset, start)
        attached = {
            "job": self._describe(),
            "offset": at,
            "end": self._log.end,
            "accepted": self._typed.get(name, 0),
            "leader": self._leader or None,
            "cols": self._cols,
            "rows": self._rows,
        }
        client.outgoing.begin(at, attached, preamble if offset is None else b"")
        self._tell_count()

    def _input(self, client: Client, offset: int, data: bytes) -> None:
        typed = self._typed.pop(client.id, 0)
        self._typed[client.id] = typed
        if len(self._typed) > _MAX_KNOWN:
            attached = {c.id for c in self.clients}
            old = next((name for name in self._typed if name not in attached), None)
            if old is not None:
                del self._typed[old]
        if offset > typed:
            raise ProtocolError(f"input at {offset}, but only {typed} bytes came before")
        new = data[typed - offset :]
        if new:
            if self._leader != client.id:
                self._lead(client)
            self._typed[client.id] = typed + len(new)
            self._child.write(new)
            self.watch_child()
            if len(self._child.pending) > MAX_PENDING:
                client.waits = True
        total = self._typed[client.id]
        client.outgoing.notice(Type.ACK, frames.offsets_frame(Type.ACK, total))

    def _lead(self, client: Client) -> None:
        before = (self._leader, self._cols, self._rows)
        self._leader = client.id
        if client.size:
            self._cols, self._rows = client.size
        if before != (self._leader, self._cols, self._rows):
            self._child.resize(self._cols, self._rows)
            who = {"client": self._leader, "cols": self._cols, "rows": self._rows}
            self._tell_all(Type.LEADS, frames.json_frame(Type.LEADS, who))

    def _tell_count(self) -> None:
        count = sum(1 for client in self.clients if client.id)
        self._tell_all(Type.CLIENTS, frames.json_frame(Type.CLIENTS, {"clients": count}))

    def _tell_all(self, kind: Type, frame: bytes) -> None:
        for client in list(self.clients):
            client.outgoing.notice(kind, frame)
            if client.id:
                # Not now: a failing write would change the list that a caller walks.
                self._later(0, partial(self._pump, client))

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
        except BlockingIOError:
            pass
        except OSError:
            self.close(client)
            return
        if client.nudge and client.outgoing.live:
            client.nudge = False
            self._redraw()
        if client.outgoing.done and not client.out:
            self.close(client)
        else:
            self._watch(client)

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

    def _redraw(self) -> None:
        # Programs repaint when their size changes; most do nothing when told the same size again.
        self._child.resize(self._cols, max(1, self._rows - 1))
        self._later(_NUDGE, lambda: self._child.resize(self._cols, self._rows))


def _ours(connection: socket.socket) -> bool:
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True  # the folder's mode keeps others out
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, 12))
    return uid in (0, os.getuid())
