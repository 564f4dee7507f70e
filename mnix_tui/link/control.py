"""The control channel: requests and their answers, in any order, and events in between.

``ControlCore`` takes bytes and gives messages; ``Control`` moves the bytes.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from mnix_tui.errors import LinkLost, MnixError, RemoteError
from mnix_tui.link import clock, wire
from mnix_tui.link.audit import Recorder
from mnix_tui.link.pace import Pace
from mnix_tui.link.preface import shorten
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.lines import LineSplitter, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.link.channels import BaseCommand


_NOT_OURS = "The agent sent what is not the protocol"


class Reply(NamedTuple):
    """The answer to the request ``id``: a result, or an error object."""

    id: int
    result: Any
    error: Any


class Event(NamedTuple):
    """Something that the agent tells unasked."""

    name: str
    data: dict[str, Any]


class ControlCore:
    """Numbers requests and tells answers from events; does no I/O."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._last = 0

    def request(self, method: str, params: dict[str, Any]) -> tuple[int, bytes]:
        """Return a new request's id, and its bytes."""
        self._last += 1
        return self._last, encode({"id": self._last, "method": method, "params": params})

    def feed(self, data: bytes) -> list[Reply | Event]:
        """Take bytes, return the messages that they complete; raise ``ProtocolError``."""
        return [self._message(decode(line)) for line in self._splitter.feed(data)]

    def _message(self, message: dict[str, Any]) -> Reply | Event:
        if isinstance(name := message.get("event"), str):
            data = message.get("data")
            return Event(name, data if isinstance(data, dict) else {})
        number = message.get("id")
        if type(number) is int and 0 < number <= self._last:
            return Reply(number, message.get("result"), message.get("error"))
        raise ProtocolError(f"the agent sent neither a reply nor an event: {str(message)[:80]}")


class Control:
    """Sends requests over a channel and hands each its answer, while ``run`` runs."""

    def __init__(
        self,
        channel: BaseCommand,
        on_event: Callable[[Event], None],
        record: Recorder | None = None,
    ) -> None:
        self._channel = channel
        self._record = record or Recorder("", None)
        self._core = ControlCore()
        self._on_event = on_event
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._pace = Pace()
        self.hello = channel.hello
        self._ahead = clock.ahead(channel.hello.get("now"), time.time())
        self.lost: MnixError | None = None
        """Why the channel ended, once it has."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done together with ``lost``."""

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._open)

    async def run(self) -> None:
        """Read until the channel ends; whoever still waits for an answer is told why."""
        reason = LinkLost("The agent went away")
        try:
            reason = await self._read_all()
        finally:
            self._fail(reason)
            await self._channel.close()

    async def close(self) -> None:
        """End the agent; ``run`` returns."""
        await self._channel.close()

    async def _read_all(self) -> LinkLost:
        try:
            while data := await self._channel.read():
                began, heard = time.thread_time(), False
                for message in self._core.feed(data):
                    heard = heard or isinstance(message, Event)
                    self._take(message)
                if heard and (rest := self._pace.rest(time.thread_time() - began)):
                    await asyncio.sleep(rest)  # it can't send more than is read
        except ProtocolError as error:
            return LinkLost(_NOT_OURS, shorten(error.message), error.hint)
        except RemoteError as error:  # it makes sense as JSON, and as nothing else
            return LinkLost(_NOT_OURS, str(error), error.hint)
        except LinkLost as error:
            return error
        said = shorten(await self._channel.stderr_tail())
        return LinkLost("The agent went away", said)

    async def request(self, method: str, params: dict[str, Any], timeout: float | None) -> Any:
        """Send a request and wait for its answer; raise what the agent raised."""
        if self.lost is not None:
            raise self.lost
        try:
            number, data = self._core.request(method, params)
        except ProtocolError as error:
            raise RemoteError("The request is too long", error.message, code="usage") from error
        with self._record.request(method, params):
            return await self._answered(method, number, data, timeout)

    async def _answered(self, method: str, number: int, data: bytes, timeout: float | None) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            self._channel.send(data)
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError as error:
            raise LinkLost(
                "The agent did not answer in time", f"{method}: {timeout:.0f} s", "try again"
            ) from error
        finally:
            del self._open[number]

    def _take(self, message: Reply | Event) -> None:
        if isinstance(message, Event):
            if self._ahead:
                message = Event(message.name, clock.in_our_time(message.data, self._ahead))
            self._on_event(message)
            return
        answer = self._open.get(message.id)
        if answer is None or answer.done():
            return  # nobody waits any more: cancelled, or timed out
        if message.error is not None:
            answer.set_exception(wire.error(message.error, server=self._record.server))
        elif self._ahead:
            answer.set_result(clock.in_our_time(message.result, self._ahead))
        else:
            answer.set_result(message.result)

    def _fail(self, reason: MnixError) -> None:
        self.lost = reason
        if not self.over.done():
            self.over.set_result(None)
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(reason)
