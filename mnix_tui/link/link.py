"""One server, kept connected: its states, its events, and whatever is done over it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Self

from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import LinkLost, MnixError, Refused, Unreachable
from mnix_tui.link import policy, wire
from mnix_tui.link.agent import QUICK, AgentClient
from mnix_tui.link.control import Event
from mnix_tui.link.live import LiveLink
from mnix_tui.link.model import (
    Channel,
    CommandChannel,
    LinkEvent,
    LinkOptions,
    StatusChanged,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import TracebackType

    from mnix_tui.domain.jobs import Job

STEADY = 30.0
"""Seconds after which an agent counts as one that runs well."""
MAX_DEATHS = 4
"""Deaths of the agent in a row after which the connection itself is made anew."""
MAX_RECONNECTING = 3
"""Failed attempts after which a server that was online counts as offline."""
_DOWN = (ServerState.OFFLINE, ServerState.REFUSED)


class Link:
    """Keeps one server connected while it is entered.

    A lost connection is made again, after the waits of ``policy``; what can't go away by itself
    (a refused login, no Python) waits for ``retry_now``. Streams and commands that were open end
    with their connection; who wants to go on opens them again (``sessions`` does).
    """

    keeps = True
    """Whether a lost connection is made again."""

    def __init__(self, server: Server, options: LinkOptions | None = None) -> None:
        self.server = server
        self.status = ServerStatus()
        self.hello: dict[str, Any] | None = None
        """What the agent said of itself when it last started."""
        self._options = options or LinkOptions()
        self._live: LiveLink | None = None
        self._error: MnixError = Unreachable("Not connected yet")
        self._subscribers: list[Callable[[LinkEvent], None]] = []
        self._changed = asyncio.Event()
        self._retry = asyncio.Event()
        self._watchers = 0
        self._stack = AsyncExitStack()
        self._agent = AgentClient(self._request)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            keeper = tasks.create_task(self._keep(), name=f"link {self.server.name}")
            stack.callback(keeper.cancel)
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

    async def ready(self, timeout: float | None = None, *, patient: bool = True) -> None:
        """Wait until the link is up, or raise why it won't be.

        What may go away by itself is waited for: for ``timeout`` seconds, or for ever; not where
        nobody is ``patient``.
        """
        try:
            async with asyncio.timeout(timeout):
                while self._live is None:
                    last = not patient or not policy.is_transient(self._error)
                    if self.status.state in _DOWN and last:
                        raise self._error.with_traceback(None)
                    await self.changing().wait()
        except TimeoutError:
            raise self._error.with_traceback(None) from None

    def changing(self) -> asyncio.Event:
        """Return an event that is set by the next change of ``status``."""
        return self._changed

    async def open_stream(self, job: Job) -> Channel:
        """Open a job's stream; see ``sessions.Attachment`` for what travels on it."""
        return await self._need().open_stream(job)

    async def command(self, *args: str, bulk: bool = False) -> CommandChannel:
        """Run the agent with ``args``; ``bulk``: on the connection for transfers."""
        return await self._need().command(*args, bulk=bulk)

    def retry_now(self) -> None:
        """Don't wait for the next attempt: start it."""
        self._retry.set()
        if self._live is None and self.status.state in _DOWN:
            self._set_status(ServerState.CONNECTING)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Say that somebody looks at a session of this server: reconnect faster."""
        self._watchers += 1
        if self._watchers == 1 and self._live is None and policy.is_transient(self._error):
            self.retry_now()
        try:
            yield
        finally:
            self._watchers -= 1

    def subscribe(self, callback: Callable[[LinkEvent], None]) -> Callable[[], None]:
        """Call back for each event from now on; the returned function ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    # -- how it is kept

    async def _keep(self) -> None:
        failures = 0
        while True:
            self._retry.clear()
            if self.status.state is ServerState.UNKNOWN:
                self._set_status(ServerState.CONNECTING)
            try:
                async with LiveLink(self.server, self._options, self._on_event) as live:
                    await self._while_live(live)
            except MnixError as error:
                failures = 1 if self._live is not None else failures + 1
                self._live = None
                self._down(error, failures)
            await self._pause(failures)

    async def _while_live(self, live: LiveLink) -> NoReturn:
        """Keep the agent running over ``live``; raise why that ended.

        An agent that dies is started again over the same connection: the streams don't need it.
        """
        deaths = 0
        while True:
            began = time.monotonic()
            error = await self._talk(live)
            if live.lost.done():
                raise live.lost.result()
            deaths = 1 if time.monotonic() - began > STEADY else deaths + 1
            if deaths > MAX_DEATHS:
                raise error
            self._set_status(ServerState.RECONNECTING, error)
            if deaths > 1:
                await self._wait_retry(policy.delay(deaths - 1, watched=self._watchers > 0))

    async def _talk(self, live: LiveLink) -> MnixError:
        """Start the agent and pass on what it tells; return why it ended."""
        try:
            control = await live.control()
            await control.request("subscribe", {}, QUICK)
            state = await control.request("state.get", {}, QUICK)
        except LinkLost as error:
            return error
        self.hello = control.hello
        self._live = live
        self._set_status(ServerState.ONLINE)
        self._on_event(Event("state", state))
        over: set[asyncio.Future[Any]] = {control.over, live.lost}
        await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        return control.lost or LinkLost("The agent went away")

    async def _pause(self, failures: int) -> None:
        if policy.is_transient(self._error):
            await self._wait_retry(policy.delay(failures, watched=self._watchers > 0))
        else:
            await self._retry.wait()

    async def _wait_retry(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._retry.wait()
        except TimeoutError:
            pass

    def _down(self, error: MnixError, failures: int) -> None:
        self._error = error
        if isinstance(error, Refused):
            state = ServerState.REFUSED
        elif self.hello and policy.is_transient(error) and failures <= MAX_RECONNECTING:
            state = ServerState.RECONNECTING
        else:
            state = ServerState.OFFLINE
        self._set_status(state, error)

    def _set_status(self, state: ServerState, error: MnixError | None = None) -> None:
        seen = time.time() if state is ServerState.ONLINE else self.status.seen
        reason = error.title.removeprefix(f"{self.server.name}: ") if error else ""
        hint = error.hint if error else ""
        status = ServerStatus(state=state, reason=reason, hint=hint, seen=seen)
        changed = replace(status, seen=None) != replace(self.status, seen=None)
        self.status = status
        if changed:
            self._tell(StatusChanged(status))
            self._changed.set()
            self._changed = asyncio.Event()

    def _on_event(self, event: Event) -> None:
        now = time.time()
        self.status = replace(self.status, seen=now)
        if event.name == "state":
            self._tell(wire.snapshot(event.data, now))
        elif event.name == "stats":
            self._tell(wire.stats(event.data, now))

    def _tell(self, event: LinkEvent) -> None:
        for callback in tuple(self._subscribers):
            callback(event)

    async def _request(self, method: str, params: dict[str, Any], timeout: float | None) -> Any:
        live = self._need()
        control = await live.control()
        self.hello = control.hello
        return await control.request(method, params, timeout)

    def _need(self) -> LiveLink:
        if self._live is None:
            raise self._error.with_traceback(None)  # raised often: it must not grow
        if self._live.lost.done():
            raise self._live.lost.result().with_traceback(None)
        return self._live


class _OneShot(Link):
    """A link that is up from the start and is never made again."""

    keeps = False

    def __init__(self, server: Server, options: LinkOptions) -> None:
        super().__init__(server, options)
        self._live = LiveLink(server, options, self._on_event)

    async def __aenter__(self) -> Self:
        assert self._live is not None
        await self._stack.enter_async_context(self._live)
        self._set_status(ServerState.ONLINE)
        return self

    async def ready(self, timeout: float | None = None, *, patient: bool = True) -> None:
        self._need()


@asynccontextmanager
async def open_link(server: Server, options: LinkOptions) -> AsyncIterator[Link]:
    """Connect once, for one command; raise why not. The agent starts when it is first asked."""
    async with _OneShot(server, options) as link:
        yield link
