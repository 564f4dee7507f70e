"""Records of what is done on a server, made where it is done. Pure; secrets are left out.

``LinkOptions.audit`` takes them. What only looks is no record: a dashboard asks all the time.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mnix_tui.domain.audit import LONGEST, Ran
from mnix_tui.domain.text import plain
from mnix_tui.errors import MnixError
from mnix_tui.link import conceal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import CommandChannel

__all__ = ["LOOKS", "Ran", "Recorder", "command_text", "request_text", "result_of"]

LOOKS = frozenset(
    {
        "server.check",
        "server.info",
        "state.get",
        "subscribe",
        "project.get",
        "project.flake",
        "project.file",
        "generation.list",
        "generation.diff",
        "trash.list",
        "job.get",
        "job.list",
    }
)
"""Requests that change nothing and run nothing."""
UNTOLD = frozenset({"serve", "attach", "version", "install"})
"""Ways to start the agent that are part of something else, which is told."""


def request_text(method: str, params: Mapping[str, Any]) -> str:
    """Return a request as a line: its method, and what it was given."""
    given = (
        f"{name}={_named(name, value)}"
        for name, value in params.items()
        if value not in (None, "", False, [], {})
    )
    return plain(" ".join([method, *given]), LONGEST)


def command_text(argv: Sequence[str]) -> str:
    """Return a command as a shell would be given it, without what looks like a secret."""
    words: list[str] = []
    for word in argv:
        if sum(map(len, words)) > LONGEST:
            break
        words.append(word[: 2 * LONGEST])
    shown = conceal.words(words)
    quoted = (word if word == conceal.HIDDEN else shlex.quote(word) for word in shown)
    return plain(" ".join(quoted).replace("\n", "⏎"), LONGEST)


def result_of(error: BaseException | None) -> str:
    """Return how something went that raised ``error``, or nothing."""
    if error is None:
        return "ok"
    if isinstance(error, MnixError):
        return plain(error.title)
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return "cancelled"
    return type(error).__name__


class Recorder:
    """Tells of what is done on one server; where nobody listens, it costs nothing."""

    def __init__(self, server: str, tell: Callable[[Ran], None] | None) -> None:
        self.server = server
        self._tell = tell

    @contextmanager
    def during(self, what: str, detail: str | Callable[[], str]) -> Iterator[None]:
        """Record what the block does: when it is over, with what it raised."""
        at, began = time.time(), time.monotonic()
        try:
            yield
        except BaseException as error:
            self._add(what, detail, result_of(error), at, began)
            raise
        self._add(what, detail, "ok", at, began)

    @contextmanager
    def connecting(self, server: Server) -> Iterator[None]:
        """Record that a connection is made; there is none to this machine itself."""
        if server.is_local:
            yield
            return
        with self.during("connect", server.endpoint):
            yield

    @contextmanager
    def request(self, method: str, params: Mapping[str, Any]) -> Iterator[None]:
        """Record a request to the agent, unless it only looks."""
        if self._tell is None or method in LOOKS:
            yield
            return
        with self.during("request", lambda: request_text(method, params)):
            yield

    async def running(
        self, argv: Sequence[str], starting: Awaitable[CommandChannel]
    ) -> CommandChannel:
        """Start a program, and record it when it is over, with its exit code if that is known."""
        if self._tell is None or (argv[:1] and argv[0] in UNTOLD):
            return await starting
        detail, at, began = partial(command_text, argv), time.time(), time.monotonic()
        try:
            channel: Any = await starting
        except BaseException as error:
            self._add("command", detail, result_of(error), at, began)
            raise
        # Every command of ours has it (``channels.BaseCommand``); nobody else needs to know of it.
        channel.on_result = lambda result: self._add("command", detail, result, at, began)
        return cast("CommandChannel", channel)

    def _add(
        self, what: str, detail: str | Callable[[], str], result: str, at: float, began: float
    ) -> None:
        if self._tell is not None:
            seconds = time.monotonic() - began
            detail = detail if isinstance(detail, str) else detail()
            result = conceal.text(result.removeprefix(f"{self.server}: "))
            self._tell(Ran(self.server, at, what, detail, result, seconds))


def ended_by_us() -> str:
    """Return the result of a program that its user closes now: of what it is being left for."""
    return result_of(sys.exception())


def _named(name: str, value: Any) -> str:
    return conceal.HIDDEN if conceal.is_secret(name) else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        if any(isinstance(each, list | tuple | dict) for each in value):
            return "[" + ", ".join(map(_shown, value)) + "]"
        return "[" + command_text([str(each) for each in value]) + "]"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{name}: {_named(name, each)}" for name, each in value.items()) + "}"
        )
    return plain(conceal.text(str(value)[: 2 * LONGEST]), 200)
