"""Connecting from a command: options from the settings, questions on the terminal, progress."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from mnix_tui.cli import output
from mnix_tui.cli.begin import begin, dialling, keep_ready
from mnix_tui.cli.loop import asyncio
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import LinkError, MnixError, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from contextlib import AbstractContextManager

    from mnix_tui.cli.context import Context
    from mnix_tui.domain.servers import Server
    from mnix_tui.link import HostKeyQuestion, Link, LinkOptions, SecretQuestion
    from mnix_tui.store.store import Store
    from mnix_tui.sync.ahead import Warn
    from mnix_tui.sync.model import SyncReport

Result = TypeVar("Result")

SWITCH = 0.0005
"""Seconds for which a thread that looks at files keeps the loop waiting, ten times less than
usual: what is said to a server in between needs many short turns."""
SHOWN = 0.3
"""Seconds after which it is said that one is connecting: mostly it is done sooner."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's asynchronous part. Ctrl-C cancels it and comes out."""
    if not os.environ.get("MNIX_DEBUG"):  # what asyncio says of a lost line is for nobody
        logging.getLogger("asyncio").addHandler(logging.NullHandler())
    sys.setswitchinterval(SWITCH)
    return asyncio.run(work)


def link_options(context: Context) -> LinkOptions:
    """Return how to connect, by the settings and the command line."""
    from mnix_tui.cli import prompts, records
    from mnix_tui.link import LinkOptions

    asks = prompts.can_ask()
    return LinkOptions(
        ask_host_key=_ask_host_key if asks else None,
        ask_secret=prompts.ask_secret if asks else None,
        audit=records.recorder(context),
        dialler=keep_ready(context),
        **dialling(context),
    )


@asynccontextmanager
async def linked(
    context: Context, server: Server, *, stays: bool = False
) -> AsyncIterator[tuple[Store, Link]]:
    """Open the store and a link to a server for one command. Raises why it can't be reached.

    ``stays``: a link that is lost is made again.
    """
    begin(context, server, "serve")
    from mnix_tui.store.store import Store

    async with Store.open(context.database) as store, AsyncExitStack() as stack:
        with _saying_so(server) as line:
            options = asking_in_turn(link_options(context), line.away)
            joining = joined(context, server, store, options, stays=stays)
            link = await stack.enter_async_context(joining)
        yield store, link


@asynccontextmanager
async def joined(
    context: Context,
    server: Server,
    store: Store,
    options: LinkOptions | None = None,
    *,
    stays: bool = False,
) -> AsyncIterator[Link]:
    """Open a link to a server beside a store that is open already."""
    from mnix_tui.link import Link, open_link

    options = options or link_options(context)
    async with AsyncExitStack() as stack:
        stack.callback(_leave_a_dialler, options)
        async with _noted(store, server):
            opening = Link(server, options) if stays else open_link(server, options)
            link = await stack.enter_async_context(opening)
            if stays:  # the first answer counts: a person, or a script, waits for it
                await link.ready(patient=False)
        yield link


def _leave_a_dialler(options: LinkOptions) -> None:
    if "asyncssh" in sys.modules:  # it took its time: the next command shall be spared that
        from mnix_tui.link.dialler import client

        client.leave_one(options)


@contextmanager
def _saying_so(server: Server) -> Iterator[ProgressLine]:
    """Say on a terminal that one is connecting, if that takes a while; nothing of it stays."""
    with ProgressLine() as line:
        what = f"connecting to {server.name}"
        saying = asyncio.get_running_loop().call_later(SHOWN, lambda: line(what, 0, None))
        try:
            yield line
        finally:
            saying.cancel()


@asynccontextmanager
async def _noted(store: Store, server: Server) -> AsyncIterator[None]:
    """Note in the store whether a server could be reached."""
    try:
        yield
    except (LinkError, Refused) as error:
        await store.put_server_status(server.name, trouble(server, error))
        raise
    await store.put_server_status(server.name, ServerStatus(ServerState.ONLINE, seen=time.time()))


def trouble(server: Server, error: MnixError) -> ServerStatus:
    """Return the status of a server that could not be reached."""
    state = ServerState.REFUSED if isinstance(error, Refused) else ServerState.OFFLINE
    return ServerStatus(state, error.title.removeprefix(f"{server.name}: "), error.hint)


def asking_in_turn(
    options: LinkOptions, away: Callable[[], AbstractContextManager[None]] = nullcontext
) -> LinkOptions:
    """Return options for several links at once: their questions come one after the other.

    ``away`` makes room for each: what is drawn is out of its way.
    """
    ask_key, ask_secret, turn = options.ask_host_key, options.ask_secret, asyncio.Lock()

    async def key_in_turn(question: HostKeyQuestion) -> bool:
        async with turn:
            with away():
                return ask_key is not None and await ask_key(question)

    async def secret_in_turn(question: SecretQuestion) -> tuple[str, ...] | None:
        async with turn:
            with away():
                return await ask_secret(question) if ask_secret is not None else None

    return replace(
        options,
        ask_host_key=key_in_turn if ask_key is not None else None,
        ask_secret=secret_in_turn if ask_secret is not None else None,
    )


class ProgressLine:
    """Shows on a terminal how far an action is, on one line that is overwritten."""

    def __init__(self) -> None:
        self._shown = ""
        self._last = 0.0
        self._on = sys.stderr.isatty()
        self._told = ""
        self._away = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Take progress; draw it at most ten times a second."""
        now = time.monotonic()
        self._tell(what)
        if not self._on or self._away or (now - self._last < 0.1 and self._shown.startswith(what)):
            return
        self._last = now
        amount = f" {output.size(done)}" if done else ""
        if total and done:
            amount += f" of {output.size(total)}"
        self._draw(what + amount)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown and not self._away:
            self._draw("")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the terminal to a question until the block ends."""
        self.clear()
        self._away = True
        try:
            yield
        finally:
            self._away = False

    def _tell(self, what: str) -> None:
        """Say once what is worth a line that stays: what did not work, and a long wait in a pipe."""
        told = what.partition(",")[0]
        stays = what.startswith("not ") or (what.startswith("waiting") and not self._on)
        if stays and told != self._told:
            self.clear()
            output.note(f"mnix: {output.visible(what)}")
        self._told = told

    def _draw(self, text: str) -> None:
        text = output.cut(output.visible(text), shutil.get_terminal_size().columns - 1)
        sys.stderr.write("\r\x1b[K" + text)
        sys.stderr.flush()
        self._shown = text


def warns(line: ProgressLine) -> Warn:
    """Return what says which secrets and large files are sent, before they are."""

    async def warn(notes: list[str]) -> None:
        line.clear()
        for each in notes:
            output.note(f"mnix: sending {output.visible(each)}")

    return warn


def say_notes(line: ProgressLine, report: SyncReport, server: str = "", naming: str = "") -> None:
    """Say what a push left out, and what is in conflict; ``warns`` said the rest before."""
    line.clear()
    from mnix_tui.cli import sync_report

    report = replace(report, notes=tuple(sync_report.unsaid(report)))
    sync_report.say(sync_report.beside(report, server, naming))


async def ask(question: str) -> str:
    """Ask on the terminal and return the answer; Ctrl-C works while it waits."""
    import termios

    loop = asyncio.get_running_loop()
    with suppress(termios.error):  # what was typed before was typed for something else
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    sys.stderr.write(question)
    sys.stderr.flush()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    # A terminal is ready when a whole line is.
    return os.read(sys.stdin.fileno(), 4096).decode(errors="replace").strip()


async def _ask_host_key(question: HostKeyQuestion) -> bool:
    from mnix_tui.cli import prompts

    if (place := prompts.room()) is None:
        return False
    lines = [
        f"{output.visible(question.server)}: this server was never seen before.",
        f"  {output.visible(question.host)} shows a {question.key_type} key:",
        f"  {question.fingerprint}",
        *question.randomart.splitlines(),
    ]
    if question.others:
        lines.append("  Keys of other kinds are known for it:")
        lines += [f"    {output.visible(each)}" for each in question.others]
    if question.hint:
        lines.append(f"  → {output.visible(question.hint)}")
    asked = "Is this the right server? [yes/no/fingerprint]"
    with place:
        return await prompts.is_sure(lines, asked, "yes", question.fingerprint)
