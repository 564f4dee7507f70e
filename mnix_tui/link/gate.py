"""Who may connect now: a few at a time, and no dead host keeps a living one waiting.

An attempt passes three turnstiles. Of each *host*, a few may come at a time, because sshd refuses
some when ten wait for their login (MaxStartups). A few dozen may *reach* for an address; whoever
hears nothing there for a moment gives that place to the next and waits on outside. And a few may
*log in*, which is work for this machine: for that the server must have said its first word, so
that those who never speak are never among them. No place is held for long: a slow server, or one
whose login asks a person, hands it on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, ClassVar, Self
from weakref import WeakKeyDictionary

from mnix_tui.link.hostkeys.asking import Asking

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

AT_ONCE = 16
"""Logins at the same time, in all."""
AT_ONCE_PER_HOST = 4
"""Connections being opened at the same time to one host."""
REACHING = 48
"""Addresses from which a first word is awaited at the same time."""
UNHEARD = 1.0
"""Seconds without a first word after which the next address may be reached for."""
SLOW = 5.0
"""Seconds after which a host's, or a login's, place goes to the next."""
MAX_HELD = 64 << 10
"""Bytes that a server may say before its turn to log in; one that says more is heard at once."""


class Ticket:
    """A place at a turnstile, or in the queue before it."""

    def __init__(self, turnstile: Turnstile, go: Callable[[], None], seconds: float) -> None:
        self._turnstile = turnstile
        self._go = go
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self.inside = False
        self.over = False

    def admit(self) -> None:
        """Begin: the place is held for a while, or until it is left."""
        self.inside = True
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.leave)
        self._go()

    def keep(self) -> None:
        """Hold the place until it is left."""
        if self._timer is not None:
            self._timer.cancel()

    def leave(self) -> None:
        """Give the place to the next; a second call does nothing."""
        self.keep()
        if not self.over:
            self.over = True
            self._turnstile.left(self)


class Turnstile:
    """Lets a few in at a time, in the order in which they came."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._queue: deque[Ticket] = deque()

    def enter(self, go: Callable[[], None], seconds: float) -> Ticket:
        """Call ``go`` when there is a place, now or later; it is given back after ``seconds``."""
        ticket = Ticket(self, go, seconds)
        self._queue.append(ticket)
        self._admit()
        return ticket

    async def entered(self, seconds: float) -> Ticket:
        """Wait for a place."""
        turn = asyncio.Event()
        ticket = self.enter(turn.set, seconds)
        try:
            await turn.wait()
        except BaseException:
            ticket.leave()
            raise
        return ticket

    def left(self, ticket: Ticket) -> None:
        """Take back a place; see ``Ticket.leave``."""
        if ticket.inside:
            self._free += 1
            self._admit()

    def _admit(self) -> None:
        while self._queue and (self._free or self._queue[0].over):
            ticket = self._queue.popleft()
            if not ticket.over:
                self._free -= 1
                ticket.admit()


class Passage:
    """One attempt on its way through the gate: an async context manager."""

    def __init__(self, gate: Gate, host: tuple[str, int]) -> None:
        self._gate = gate
        self._host = host
        self._tickets: list[Ticket] = []
        self._reaching: Ticket | None = None

    async def __aenter__(self) -> Self:
        try:
            self._tickets.append(await self._gate.host(*self._host).entered(SLOW))
            self._reaching = await self._gate.reaching.entered(UNHEARD)
        except BaseException:
            self.rest()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()

    def spoke(self, go: Callable[[], None]) -> None:
        """Take that the server said its first word; ``go`` is called when it may go on."""
        reaching = self._reaching
        if reaching is not None:  # its place counts until it may log in: no long queue in between
            reaching.keep()

        def turn() -> None:
            if reaching is not None:
                reaching.leave()
            go()

        self._tickets.append(self._gate.logins.enter(turn, SLOW))

    def rest(self) -> None:
        """Give all places back: it is over, or a person is asked, who may take long."""
        for ticket in self._tickets:
            ticket.leave()
        if self._reaching is not None:
            self._reaching.leave()


class Gate:
    """Keeps one event loop from opening too many connections, or asking twice, at once."""

    _gates: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Gate]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self.reaching = Turnstile(REACHING)
        self.logins = Turnstile(AT_ONCE)
        self._hosts: dict[tuple[str, int], Turnstile] = {}
        self.asking = asyncio.Lock()
        self.host_keys = Asking(self.asking)

    @classmethod
    def of_loop(cls) -> Gate:
        """Return the running loop's gate."""
        return cls._gates.setdefault(asyncio.get_running_loop(), cls())

    def host(self, name: str, port: int) -> Turnstile:
        """Return the turnstile of one host."""
        return self._hosts.setdefault((name.lower(), port), Turnstile(AT_ONCE_PER_HOST))

    def passage(self, name: str, port: int) -> Passage:
        """Return the way of one attempt to connect."""
        return Passage(self, (name, port))


class Held:
    """What a server says before its turn; it is handed on, in order, when the turn comes."""

    def __init__(self, passage: Passage, receive: Callable[[bytes], None]) -> None:
        self._passage = passage
        self._receive = receive
        self._waiting: list[bytes] = []
        self._size = 0
        self._spoke = False
        self.open = False
        """Whether it is its turn: nothing is held any more."""

    def take(self, data: bytes) -> None:
        """Take bytes that came: hand them on, or hold them."""
        if self.open:
            self._receive(data)
            return
        self._waiting.append(data)
        self._size += len(data)
        if not self._spoke:
            self._spoke = True
            self._passage.spoke(self.go)
        elif self._size > MAX_HELD:
            self.go()

    def go(self) -> None:
        """Hand on what waits; from now on all goes straight through."""
        self.open = True
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self._receive(data)
