"""Hearing that the way to servers changed: another Wi-Fi, a cable, a VPN that came up.

The kernel tells of changes (rtnetlink on Linux, a routing socket on macOS and the BSDs); nothing is
polled or sent. Most don't matter (each container makes a few), so it is then asked which of this
machine's addresses leads to each server. Where the kernel does not tell, servers are found again by
their usual attempts, only later.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET = 0.5
"""Seconds after which a change is looked at: a network comes up in several steps."""
BLIND = 10.0
"""Seconds between two tellings while names can't be looked up: any change may be the right one."""
_MAX_WAYS = 512
Address = tuple[socket.AddressFamily, Any]
_GROUPS = 0x10 | 0x40 | 0x100 | 0x400
"""rtnetlink's groups for addresses and routes, of IPv4 and of IPv6."""


class Network:
    """Watches the network while somebody wants to know; one for an event loop."""

    _networks: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Network]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._told = -BLIND

    @classmethod
    def of_loop(cls) -> Network:
        """Return the running loop's."""
        return cls._networks.setdefault(asyncio.get_running_loop(), cls())

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change; the returned function ends that."""
        if self._socket is None:
            self._open()
        self._callbacks.append(callback)

        def end() -> None:
            self._callbacks.remove(callback)
            if not self._callbacks:
                self._close()

        return end

    def _open(self) -> None:
        self._socket = _listen()
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._changed)

    def _close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self) -> None:
        """Take that the kernel said something; what exactly doesn't matter."""
        assert self._socket is not None
        try:
            for _ in range(64):
                self._socket.recv(65536)
        except OSError:
            pass  # all is read, or there was more than it could keep
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(QUIET, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        changed = [each for each, source in _ways.items() if way(each) != source]
        for each in changed:
            _ways[each] = way(each)
        if changed or (_nameless and now - self._told > BLIND):
            self._told = now
            for callback in tuple(self._callbacks):
                callback()


_ways: dict[Address, str] = {}
"""By which of our addresses (or with which error) each server was last tried."""
_nameless: set[str] = set()
"""Names that could not be looked up the last time."""


def tried(address: Address) -> None:
    """Take note that a server is being tried now: changes of the way to it matter."""
    if len(_ways) >= _MAX_WAYS:
        _ways.clear()
    _ways[address] = way(address)


def named(host: str, *, found: bool) -> None:
    """Take note of whether a name could be looked up."""
    if found:
        _nameless.discard(host)
    elif len(_nameless) < _MAX_WAYS:
        _nameless.add(host)


def way(address: Address) -> str:
    """Return our own address on the way to another one, or why there is none. Sends nothing."""
    try:
        with socket.socket(address[0], socket.SOCK_DGRAM) as probe:
            probe.connect(address[1])
            return str(probe.getsockname()[0])
    except OSError as error:
        return f"error {error.errno}"


def _listen() -> socket.socket | None:
    """Return a socket on which the kernel tells of changes; ``None`` where there is none."""
    found: socket.socket | None = None
    try:
        if hasattr(socket, "AF_NETLINK"):
            found = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            found.bind((0, _GROUPS))
        elif hasattr(socket, "AF_ROUTE"):
            found = socket.socket(socket.AF_ROUTE, socket.SOCK_RAW, 0)
        if found is not None:
            found.setblocking(False)
    except OSError:
        if found is not None:
            found.close()
        return None
    return found
