"""Opening a TCP connection over a network that loses packets, or comes and goes.

The kernel repeats an unanswered SYN after 1, 3, 7 and 15 seconds: a network that is back would go
unnoticed for as long. So a fresh attempt joins the waiting ones every so often, and the first that
gets through is taken. Looking up the name takes longest without a network: the address that worked last
is tried while that takes its time.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import Unreachable
from mnix_tui.link import network

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 0.7
"""Seconds between two attempts while none is answered."""
AT_ONCE = 4
"""Attempts that wait at a time. The first one stays, for a network that is slow and not dead."""
_MAX_REMEMBERED = 256

Address = tuple[socket.AddressFamily, Any]
_remembered: dict[tuple[str, int], Address] = {}


async def reach(
    host: str,
    port: int,
    family: int = 0,
    source: str = "",
    resolved: Callable[[], None] | None = None,
) -> socket.socket:
    """Return a connected socket; raise ``OSError`` when every address refuses. Waits for ever.

    ``source``: the address of this machine to connect from, or a name of it; it raises
    ``Unreachable`` where that is the trouble. ``resolved`` is called once the host's addresses
    are known.
    """
    attempts = _Attempts(host, port, family, source)
    attempts.resolved = resolved
    try:
        found, address = await attempts.run()
    except _NoSource as error:
        raise Unreachable(
            f"BindAddress {source} can't be used",
            f"no connection to {host} can begin there: {error.strerror or error}",
            "it has to be an address of this machine, of the same kind as the server's",
        ) from error
    finally:
        await attempts.close()
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    _remembered[host, port] = address
    return found


class _NoSource(OSError):
    """The address to connect from is none of this machine's, or of another kind."""


class _Attempts:
    def __init__(self, host: str, port: int, family: int, source: str) -> None:
        self._sources = asyncio.ensure_future(_resolve(source, 0, family)) if source else None
        self.resolved: Callable[[], None] | None = None
        self._addresses: list[Address] = []
        self._turn = 0
        self._lookup = asyncio.ensure_future(_resolve(host, port, family))
        self._running: dict[asyncio.Task[socket.socket], Address] = {}
        self._dropped: list[asyncio.Task[socket.socket]] = []
        self._error: OSError = OSError("no address")
        self._answered = False
        """Whether the error is about the host, and not about where to connect from."""
        last = _remembered.get((host, port))
        self._last = last if last and family in (0, last[0]) else None

    async def run(self) -> tuple[socket.socket, Address]:
        """Try until one gets through."""
        while True:
            waited: set[asyncio.Future[Any]] = set(self._running)
            if not self._resolved:
                waited.add(self._lookup)
            done, _ = await asyncio.wait(waited, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED)
            if self._lookup in done:
                self._take_addresses()
            for task in [task for task in self._running if task in done]:
                address = self._running.pop(task)
                if (error := task.exception()) is None:
                    return task.result(), address
                self._note(error)
            if not done or (not self._running and self._turn < len(self._addresses)):
                self._start()
            elif not self._running and self._resolved:
                raise self._error

    async def close(self) -> None:
        """Drop what still runs."""
        self._lookup.cancel()
        tasks: list[asyncio.Task[Any]] = [*self._running, *self._dropped]
        if self._sources is not None:
            tasks.append(self._sources)
        for task in tasks:
            task.cancel()
        left = await asyncio.gather(self._lookup, *tasks, return_exceptions=True)
        for each in left:
            if isinstance(each, socket.socket):  # two got through in the same moment
                each.close()

    @property
    def _resolved(self) -> bool:
        return self._lookup.done()

    def _take_addresses(self) -> None:
        try:
            found = self._lookup.result()
        except OSError as error:
            if not self._addresses:
                raise
            self._error = error
        else:
            self._addresses, self._turn = found, 0
            if self.resolved is not None:
                self.resolved()
            # What was remembered may belong to another machine by now.
            for task in [task for task, to in self._running.items() if to not in found]:
                self._drop(task)
            if not self._running:
                self._start()

    def _start(self) -> None:
        """Try the next address, beside those that wait."""
        if not self._addresses and self._last is not None and not self._resolved:
            self._addresses.append(self._last)
        if not self._addresses:
            return
        address = self._addresses[self._turn % len(self._addresses)]
        self._turn += 1
        if len(self._running) >= AT_ONCE:
            self._drop(list(self._running)[1])
        self._running[asyncio.ensure_future(_connect(address, self._sources))] = address

    def _drop(self, task: asyncio.Task[socket.socket]) -> None:
        del self._running[task]
        task.cancel()
        self._dropped.append(task)

    def _note(self, error: BaseException) -> None:
        if not isinstance(error, OSError):
            raise error
        if not isinstance(error, _NoSource) or not self._answered:
            self._error = error
        self._answered |= not isinstance(error, _NoSource)


async def _resolve(host: str, port: int, family: int) -> list[Address]:
    kind = socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(host, port, family, kind, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        try:
            found = await _look_up(host, port, family)
        except socket.gaierror:
            network.named(host, found=False)
            raise
        network.named(host, found=True)
    return [(kind, address) for kind, _, _, _, address in found]


async def _look_up(host: str, port: int, family: int) -> list[Any]:
    """Ask the resolver, in a thread of its own: without a network it keeps one for a long time,
    and neither other work nor the end of the program may wait for that."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def tell(found: list[Any] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[Any] | OSError
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except UnicodeError as error:
            found = socket.gaierror(socket.EAI_NONAME, f"{host!r} is no name: {error}")
        except OSError as error:
            found = error
        try:
            loop.call_soon_threadsafe(tell, found)
        except RuntimeError:
            pass  # the loop has ended, and nobody asks any more

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    return await answer


async def _bind(
    connection: socket.socket, family: int, sources: asyncio.Future[list[Address]]
) -> None:
    try:
        found = await asyncio.shield(sources)
        fitting = [address for kind, address in found if kind == family]
        if not fitting:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        connection.bind(fitting[0])
    except OSError as error:
        raise _NoSource(error.errno, error.strerror) from error


async def _connect(
    address: Address, sources: asyncio.Future[list[Address]] | None
) -> socket.socket:
    network.tried(address)
    connection = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if sources is not None:
            await _bind(connection, address[0], sources)
        await asyncio.get_running_loop().sock_connect(connection, address[1])
    except BaseException:
        connection.close()
        raise
    return connection
