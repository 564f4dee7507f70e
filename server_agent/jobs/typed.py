"""What each client has typed so far, so that nothing that is sent again is typed twice; no I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from server_agent.protocol.errors import ProtocolError

_MOST = 256  # clients that are remembered, those that are attached besides


class Typed:
    """Counts of typed bytes by client, in the order in which they typed last."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def count(self, client: str) -> int:
        """Return how many bytes a client has typed."""
        return self._counts.get(client, 0)

    def take(self, client: str, offset: int, data: bytes, attached: Iterable[str]) -> bytes:
        """Return what of ``data`` is new; raise ``ProtocolError`` where something is missing."""
        typed = self._counts.pop(client, 0)
        self._counts[client] = typed
        if len(self._counts) > _MOST:
            kept = set(attached)
            old = next((name for name in self._counts if name not in kept), None)
            if old is not None:
                del self._counts[old]
        if offset > typed:
            raise ProtocolError(f"input at {offset}, but only {typed} bytes came before")
        new = data[typed - offset :]
        self._counts[client] = typed + len(new)
        return new

    def end(self, client: str) -> bool:
        """Note a client's end of input; say whether it is the first."""
        if client in self._ended:
            return False
        self._ended[client] = None
        if len(self._ended) > _MOST:
            self._ended.popitem(last=False)
        return True

    def latest(self, clients: Iterable[str]) -> str:
        """Return who of these typed last; "" if none of them ever did."""
        asked = set(clients)
        return next((client for client in reversed(self._counts) if client in asked), "")
