"""One server, kept connected: its states, its events, and whatever is done over it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Self

from mnix_tui.domain.states import ServerState
from mnix_tui.domain.text import plain
from mnix_tui.errors import LinkLost, MnixError, Refused
from mnix_tui.link import policy
from mnix_tui.link.agent import QUICK, AgentClient
from mnix_tui.link.connection import open_connection
from mnix_tui.link.control import Control, Event
from mnix_tui.link.live import LiveLink
from mnix_tui.link.model import Channel, CommandChannel, Connected, LinkOptions, Trying
from mnix_tui.link.network import Network
from mnix_tui.link.resting import Resting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.connection import Connection

STEADY = 30.0
"""Seconds after which an agent counts as one that runs well."""
MAX_DEATHS = 4
"""Deaths of the agent in a row after which the connection itself is made anew."""
MAX_RECONNECTING = 3
"""Failed attempts after which a server that was online counts as offline."""
AGAIN = 1.2
"""Seconds after a change of the network until servers are doubted once more."""
_DOWN = (ServerState.OFFLINE, ServerState.REFUSED)


class Link(Resting):
    """Keeps one server connected while it is entered.

    A lost connection is made again, after the waits of ``policy``; what only a person can mend
    (a refused login, no Python) waits for ``retry_now``. Streams and commands that were open end
    with their connection; who wants to go on opens them again (``sessions`` does). A link that
    rests is used again by whoever waits for it to be ``ready``.

    While the server is silent, a second connection is dialled: TCP itself would try the old one
    again only after a pause as long as the outage. Whichever speaks first is kept.
    """

    keeps = True
    """Whether a lost connection is made again."""

    def __init__(self, server: Server, options: LinkOptions | None = None) -> None:
        super().__init__(server)
        self.hello: dict[str, Any] | None = None
        """What the agent said of itself when it last started."""
        self._options = options or LinkOptions()
        self._live: LiveLink | None = None
        self._successor: Connection | None = None
        """A connection that takes over from one that fell silent."""
        self._rescuer: asyncio.Task[None] | None = None
        self._retry = asyncio.Event()
        self._stumbles = 0
        """Failures in a row that are not the network's."""
        self._told: float | None = None
        """Since when the agent has told what it has."""
        self._watchers = 0
        self._awaited = 0
        self._stack = AsyncExitStack()
        self._agent = AgentClient(self._request, server.name)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._leave)
            self._enter()
            stack.callback(Network.of_loop().watch(self._on_network))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    # -- what is done over it

    @property
    def agent(self) -> AgentClient:
        """The server's agent; raises the reason while the link is down."""
        self._need()
        return self._agent

    @property
    def up(self) -> bool:
        """Whether there is a connection right now, silent or not."""
        return self._live is not None and not self._live.lost.done()

    @property
    def in_use(self) -> bool:
        """Whether more than one hears of it (sessions do, on screen or not), or work is done."""
        live = self._live
        at_work = live is not None and (live.divided or live.working)
        return at_work or self._watchers + self._awaited > 0 or len(self._subscribers) > 1

    @property
    def error(self) -> MnixError:
        """Why the link is down, or was the last time."""
        return self._error.with_traceback(None)  # raised often: it must not grow

    async def ready(self, timeout: float | None = None, *, patient: bool = True) -> None:
        """Wait until the link is up, or raise why it won't be.

        What may go away by itself is waited for: for ``timeout`` seconds, or for ever; not where
        nobody is ``patient``.
        """
        self.use()
        self._awaited += 1
        try:
            async with asyncio.timeout(timeout):
                while not self.up:
                    last = not patient or not policy.is_transient(self._error)
                    if self.status.state in _DOWN and last:
                        raise self.error
                    await self.changing().wait()
        except TimeoutError:
            raise self.error from None
        finally:
            self._awaited -= 1

    async def open_stream(self, job: Job) -> Channel:
        """Open a job's stream; see ``sessions.Attachment`` for what travels on it."""
        return await self._need().open_stream(job)

    async def command(
        self,
        *args: str,
        bulk: bool = False,
        early: bytes = b"",
        forward_agent: bool = False,
    ) -> CommandChannel:
        """Run the agent with ``args``; ``bulk``: on the connection for transfers.

        ``early`` is what it reads first: sent before it has answered. ``forward_agent``: it may
        use the keys of this machine's SSH agent while it runs.
        """
        return await self._need().command(
            *args, bulk=bulk, early=early, forward_agent=forward_agent
        )

    def retry_now(self) -> None:
        """Don't wait for the next attempt: start it. A server that seems to be there is asked."""
        self.use()
        self.doubt()
        self._retry.set()
        if self._live is None and self.status.state in _DOWN:
            self._set_status(ServerState.CONNECTING)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Say that somebody looks at a session of this server: reconnect faster."""
        self._watchers += 1
        self.use()
        if self._watchers == 1 and self._live is None and not policy.is_final(self._error):
            self.retry_now()
        try:
            yield
        finally:
            self._watchers -= 1

    def doubt(self) -> None:
        """Ask a server that is online for a sign of life: somebody misses an answer."""
        if self._live is not None and not self._live.lost.done():
            self._live.main.doubt()

    def _on_network(self) -> None:
        """Take that this machine's network is another one: what was right may not be any more."""
        self.doubt()
        # Who said something just before the change is not doubted the first time.
        asyncio.get_running_loop().call_later(AGAIN, self.doubt)
        if self._live is None and not policy.is_final(self._error):
            self._retry.set()

    # -- how it is kept

    async def _keep(self) -> None:
        failures = 0
        try:
            while True:
                self._retry.clear()
                if self.status.state is ServerState.UNKNOWN:
                    self._set_status(ServerState.CONNECTING)
                try:
                    await self._once()
                except Exception as error:  # whatever it is, it is about one server of many
                    failures = 1 if self.status.state is ServerState.ONLINE else failures + 1
                    self._live = None
                    self._down(_known(error, self.server.name), failures)
                if self._successor is None:
                    await self._pause(failures)
        finally:
            if self._successor is not None:
                await self._successor.close()

    def _let_go(self) -> None:
        self._live = None

    async def _once(self) -> NoReturn:
        """Connect, and stay connected; raise why that ended."""
        main, self._successor = self._successor, None
        async with LiveLink(
            self.server, self._options, self._on_event, self._on_silence, main
        ) as live:
            if self.hello is not None:  # the streams need no agent: they go on at once
                self._live = live
                self._wake()
                self._tell(Connected())
            try:
                await self._while_live(live)
            finally:
                if self._rescuer is not None:
                    self._rescuer.cancel()

    async def _while_live(self, live: LiveLink) -> NoReturn:
        """Keep the agent running over ``live``; raise why that ended.

        An agent that dies is started again over the same connection: the streams don't need it.
        """
        deaths = 0
        while True:
            error = await self._talk(live)
            if live.lost.done():
                raise live.lost.result()
            steady = self._told is not None and time.monotonic() - self._told > STEADY
            deaths = 1 if steady else deaths + 1
            if deaths > MAX_DEATHS:
                raise error
            self._set_status(ServerState.RECONNECTING, error)
            if deaths > 1:
                await self._wait_retry(policy.delay(deaths - 1, watched=self._watchers > 0))

    async def _talk(self, live: LiveLink) -> MnixError:
        """Start the agent and pass on what it tells; return why it ended."""
        self._told = None
        try:
            control = await live.control()
        except MnixError as error:
            if self._live is not live and not isinstance(error, LinkLost):
                raise  # nothing runs over it that would be lost with it
            return error
        try:
            return await self._hear(live, control)
        except MnixError as error:  # its disk's, say: an agent that can't tell is as good as dead
            await control.close()
            await _first(control.over, live.lost)
            return error

    async def _hear(self, live: LiveLink, control: Control) -> MnixError:
        """Pass on what the agent tells; return why it ended, or raise why it tells nothing."""
        _, state = await asyncio.gather(
            control.request("subscribe", {}, QUICK), control.request("state.get", {}, QUICK)
        )
        self.hello = control.hello
        self._told = time.monotonic()
        self._stumbles = 0
        again, self._live = self._live is live, live
        self._set_status(ServerState.ONLINE)
        if not again:
            self._tell(Connected())
        self._on_event(Event("state", state))
        await _first(control.over, live.lost)
        return control.lost or LinkLost("The agent went away")

    def _on_silence(self, seconds: float) -> None:
        self._on_quiet(seconds)
        dialling = self._rescuer is not None and not self._rescuer.done()
        if dialling and not seconds:
            assert self._rescuer is not None
            self._rescuer.cancel()
        elif seconds and not dialling and self._live is not None and not self._live.main.asks:
            self._rescuer = self._tasks.create_task(self._rescue(self._live), name="rescue")

    async def _rescue(self, live: LiveLink) -> None:
        """Dial a second connection while the first is silent; have it take over."""
        options = replace(self._options, ask_host_key=None, accept_host_keys=False)
        failures = 0
        while self._successor is None and not live.lost.done():
            try:
                connection = await open_connection(self.server, options)
            except Exception as error:  # as in _keep; the old connection may come back yet
                if policy.is_final(error):
                    return  # it is told once the old connection is lost
                failures += 1
                await self._wait_retry(policy.delay(failures, watched=self._watchers > 0))
                continue
            self._successor = connection
            live.main.abort(
                LinkLost(f"{self.server.name}: no answer", "another connection took over")
            )

    async def _pause(self, failures: int) -> None:
        reason = self.status.reason
        if not policy.is_final(self._error):
            seconds = policy.delay(failures, watched=self._watchers > 0)
            if self._stumbles:
                seconds = policy.slow_delay(self._stumbles)
            self._tell(Trying(failures, time.time() + seconds, reason))
            await self._wait_retry(seconds)
            self._tell(Trying(failures, time.time(), reason))
        else:
            self._tell(Trying(failures, None, reason))
            await self._retry.wait()

    async def _wait_retry(self, seconds: float) -> None:
        nap = policy.Nap(seconds, time.monotonic(), time.time())
        while not self._retry.is_set() and (left := nap.left(time.monotonic(), time.time())):
            try:
                async with asyncio.timeout(min(left, 1.0)):
                    await self._retry.wait()
            except TimeoutError:
                pass
        self._retry.clear()

    def _down(self, error: MnixError, failures: int) -> None:
        self._error = error
        self._stumbles = 0 if policy.is_transient(error) else self._stumbles + 1
        if isinstance(error, Refused):
            state = ServerState.REFUSED
        elif self.hello and policy.is_transient(error) and failures <= MAX_RECONNECTING:
            state = ServerState.RECONNECTING
        else:
            state = ServerState.OFFLINE
        self._set_status(state, error)

    async def _request(self, method: str, params: dict[str, Any], timeout: float | None) -> Any:
        live = self._need()
        control = await live.control()
        self.hello = control.hello
        return await control.request(method, params, timeout)

    def _need(self) -> LiveLink:
        if self._live is None:
            raise self.error
        if self._live.lost.done():
            raise self._live.lost.result().with_traceback(None)
        return self._live


class _OneShot(Link):
    """A link that is up from the start and is never made again."""

    keeps = False

    def __init__(self, server: Server, options: LinkOptions) -> None:
        super().__init__(server, options)
        self._live = LiveLink(server, options, self._on_event, alone=True)

    async def __aenter__(self) -> Self:
        assert self._live is not None
        await self._stack.enter_async_context(self._live)
        self._set_status(ServerState.ONLINE)
        return self

    async def ready(self, timeout: float | None = None, *, patient: bool = True) -> None:
        self._need()


async def _first(*futures: asyncio.Future[Any]) -> None:
    """Wait until one of them is done."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _known(error: Exception, server: str) -> MnixError:
    """Return an error that can be shown for one that nobody expected."""
    if isinstance(error, MnixError):
        return error
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    said = f"{type(error).__name__}: {plain(str(error), 300)}"
    return MnixError(f"{server}: mnix made a mistake", said, "try again, and tell its authors")


@asynccontextmanager
async def open_link(server: Server, options: LinkOptions) -> AsyncIterator[Link]:
    """Connect once, for one command; raise why not. The agent starts when it is first asked."""
    async with _OneShot(server, options) as link:
        yield link
