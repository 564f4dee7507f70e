"""What a client fetches: its files as frames, packed when the line is slower than that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from server_agent.core.known import Known
from server_agent.core.talking import Talk
from server_agent.protocol.errors import ProtocolError
from server_agent.trees.model import FILE, checked_digest, clean_path
from server_agent.trees.wire_out import Outgoing, Sender

_FAST = 60_000_000
"""Bytes a second from which on packing would only be in the way."""
_MEASURED = 4 << 20


def send(talk: Talk, known: Known, asked: list[Any]) -> list[list[str]]:
    """Send what was asked for; return what could not be sent, with the reason."""
    missing: list[list[str]] = []
    sender = Sender(known.root)
    began, size, busy = time.monotonic(), 0, talk.busy
    for data in sender.frames(_items(known, asked, missing), known.blocks):
        talk.send(data)
        size += len(data)
        now = time.monotonic()
        if not sender.pack and (size >= _MEASURED or now - began > 0.5):
            waited = talk.busy - busy
            sender.pack = waited > (now - began) / 2 and size / (now - began) < _FAST
            began, size, busy = now, 0, talk.busy
    missing += [[path, "changed"] for path in sender.changed]
    missing += [[path, why] for path, why in sender.unreadable]
    return missing


def _items(known: Known, asked: list[Any], missing: list[list[str]]) -> Iterator[Outgoing]:
    for row in asked:
        if not isinstance(row, list) or len(row) != 4:
            raise ProtocolError("what is fetched is malformed")
        path, basis, offset = clean_path(row[0]), row[2], row[3]
        value = checked_digest(row[1], known=False)
        if type(offset) is not int or offset < 0:
            raise ProtocolError("what is fetched begins nowhere")
        item = known.index.find(path)
        state = item.state if item is not None else None
        if state is None:
            missing.append([path, "gone"])
            continue
        if state.kind == FILE and value and state.value and state.value != value:
            missing.append([path, "changed"])
            continue
        if state.kind != FILE or offset > state.size or value != state.value:
            offset = 0
        basis = checked_digest(basis) if basis is not None else ""
        yield Outgoing(path, state, None, basis=basis, offset=offset)
