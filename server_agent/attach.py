"""`mnix-server attach JOB`: a job's frames on stdin and stdout, where its socket can't be reached.

For a job that has ended, whose holder is gone, the log itself is served in the same frames.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Optional

from server_agent.control.hello import say_hello, write_all
from server_agent.protocol.errors import AgentError

if TYPE_CHECKING:
    from server_agent.jobs.log import LogReader

_CHUNK = 64 << 10
SETTLE = 10.0
"""Seconds that a holder may take to begin, or to write down how its job ended."""


def run(job_id: str, nonce: str) -> int:
    """Serve one client; returns 0 when it or the job ended, 1 when it can't be served."""
    from server_agent.jobs import store

    try:
        info = store.get(job_id)
    except AgentError as error:
        say_hello(nonce, error=error.to_wire())
        return 1
    connection = _connect(info["socket"])
    if connection is None and info["socket"]:
        connection, info = _settled(job_id)
    say_hello(nonce)
    if connection is None:
        if info["state"] in store.LIVE:
            return 1  # nobody can say how it ended, for it has not: the client comes back
        info = _cleared(job_id, info)
    try:
        if connection is not None:
            _relay(connection)
        else:
            _serve_log(job_id, info)
    except (BrokenPipeError, ConnectionError):
        pass  # the client went: there is nobody to tell
    except AgentError:
        return 1  # it broke the protocol
    return 0


def _connect(path: str) -> Optional[socket.socket]:
    if not path:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _settled(job_id: str) -> tuple[Optional[socket.socket], dict[str, Any]]:
    # Its holder has not begun to listen yet, or was just leaving: a moment later it can be
    # connected to, or its files say how it ended.
    from server_agent.jobs import procs, store

    found: list[socket.socket] = []

    def decided() -> bool:
        info = store.get(job_id)
        connection = _connect(info["socket"])
        if connection is not None:
            found.append(connection)
        return connection is not None or info["state"] not in store.LIVE

    procs.wait_until(decided, SETTLE)
    return found[0] if found else None, store.get(job_id)


def _cleared(job_id: str, info: dict[str, Any]) -> dict[str, Any]:
    # What a lost job left running is ended by whoever finds it lost.
    if info["state"] != "lost":
        return info
    from server_agent.jobs import killing, store

    killing.reap(job_id)
    return store.get(job_id)


def _relay(connection: socket.socket) -> None:
    # Two threads, each with one direction: output that nobody takes must not hold up a key.
    import threading

    def upwards() -> None:
        try:
            while True:
                data = os.read(0, _CHUNK)
                if not data:
                    break
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the holder is gone; the other direction finds out too

    threading.Thread(target=upwards, daemon=True).start()
    while True:
        try:
            data = connection.recv(_CHUNK)
        except ConnectionError:
            return
        if not data:
            return
        write_all(1, data)


def _serve_log(job_id: str, info: dict[str, Any]) -> None:
    from server_agent.core import paths
    from server_agent.jobs import store
    from server_agent.jobs.log import LogReader
    from server_agent.jobs.outgoing import Outgoing, parse_attach, where
    from server_agent.jobs.replay import REPLAY

    folder = paths.job(job_id)
    asked = _first_frame()
    if asked is None:
        return
    client, offset, size, *_ = parse_attach(asked)
    status = store.read_status(folder)
    log = LogReader(os.path.join(folder, "log"), status.get("log_size", 0))
    outgoing = Outgoing(log)
    at = where(log, offset, max(log.start, status.get("replay") or _line(log, log.end - REPLAY)))
    cols, rows = size or (80, 24)
    outgoing.begin(
        at,
        {
            "job": info,
            "offset": at,
            "end": log.end,
            "accepted": 0,
            "leader": client,
            "cols": cols,
            "rows": rows,
        },
        b"" if offset is not None else status.get("preamble", "").encode("latin-1"),
    )
    outgoing.exit(info["exit_code"], status.get("signal"), info["reason"])
    while not outgoing.done:
        write_all(1, outgoing.next())


def _line(log: LogReader, offset: int) -> int:
    # Whoever held it had no time to say where a fresh client starts: at a line, then.
    if offset <= log.start:
        return log.start
    at, data = log.read(offset, _CHUNK)
    return at + data.find(b"\n") + 1


def _first_frame() -> Optional[dict[str, Any]]:
    from server_agent.protocol.errors import ProtocolError
    from server_agent.protocol.frames import FrameReader, Type

    reader = FrameReader()
    while True:
        data = os.read(0, _CHUNK)
        if not data:
            return None
        for frame in reader.feed(data):
            if frame.type is not Type.ATTACH:
                raise ProtocolError("the first frame is not ATTACH")
            return frame.json()
