"""Trying a server step by step: configuration, network, host key, login, agent, and what it has.

Each step is a ``Check`` whose state, time and finding are told as they change. Nothing that a
server does is raised; a step that fails leaves those behind it undone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mnix_tui.domain import checks
from mnix_tui.domain.checks import Check, CheckState
from mnix_tui.domain.text import plain
from mnix_tui.errors import (
    AgentUnusable,
    ConfigError,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    MnixError,
    NoWay,
    PythonMissing,
    Refused,
    RemoteError,
)
from mnix_tui.link.audit import Recorder
from mnix_tui.link.channels import BaseCommand
from mnix_tui.link.clock import OFF
from mnix_tui.link.control import Control, Event
from mnix_tui.link.wire import elsewhere

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.connection import Connection
    from mnix_tui.link.model import LinkOptions, Stage

Answer = TypeVar("Answer")
Tell = Callable[[tuple[Check, ...]], None]
"""Called with all checks whenever one of them changed."""

ANSWER = 60.0
"""Seconds that the agent has for one of them: a sleeping disk, a Podman that migrates."""
_STEPS = (
    (ConfigError, "config"),
    (HostKeyUnknown, "hostkey"),
    (HostKeyChanged, "hostkey"),
    (LoginRefused, "login"),
    (NoWay, "connect"),
)
"""Errors that belong to one step, whichever is noticed to be under way."""
_UNTRIED = "not tried"
_STATES = {
    str(state): state
    for state in (CheckState.OK, CheckState.WARN, CheckState.FAILED, CheckState.SKIPPED)
}
"""What an agent may answer."""


async def check(server: Server, options: LinkOptions, tell: Tell) -> tuple[Check, ...]:
    """Try everything on ``server``, over a connection of its own; ``tell`` hears each change."""
    return await _Checkup(server, options, tell).run()


class _Checkup:
    def __init__(self, server: Server, options: LinkOptions, tell: Tell) -> None:
        self._server = server
        self._watch = _Watch()
        self._options = replace(
            options,
            stage=self._begins,
            ask_host_key=self._watch.beside(options.ask_host_key),
            ask_secret=self._watch.beside(options.ask_secret),
        )
        self._record = Recorder(server.name, options.audit)
        self._tell = tell
        self._checks = checks.fresh()
        self._began: dict[str, float] = {}
        self._now = ""
        """The step of connecting that is being tried."""

    async def run(self) -> tuple[Check, ...]:
        self._tell(self._checks)
        try:
            connection = await self._connect()
            async with connection:
                await self._over(connection)
        except MnixError as error:
            self._failed(self._now or "agent", error)
        self._skip_rest()
        return self._checks

    # -- connecting

    async def _connect(self) -> Connection:
        if self._server.is_local:
            from mnix_tui.link.local import LocalConnection

            for key in checks.WAY:
                self._set(key, CheckState.SKIPPED, "this machine itself")
            return LocalConnection(self._server, self._options)
        opener = await asyncio.to_thread(_load_ssh)
        self._begin("config")
        with self._record.connecting(self._server):
            connection: Connection = await opener(self._server, self._options)
        self._end()
        found = connection.about()
        for key in checks.WAY:
            self._set(key, CheckState.OK, found.get(key) or self._of(key).said)
        return connection

    def _begins(self, stage: Stage) -> None:
        if stage.key in checks.TITLES:
            self._begin(stage.key, stage.said)

    def _begin(self, key: str, said: str = "") -> None:
        """A step begins, so the one before it went well; a jump host has all of them too."""
        if self._now == key and self._of(key).said == plain(said):
            return
        self._end()
        self._now = key
        self._set(key, CheckState.RUNNING, said)

    def _end(self) -> None:
        if self._now:
            self._set(self._now, CheckState.OK, self._of(self._now).said)
            self._now = ""

    # -- the agent

    async def _over(self, connection: Connection) -> None:
        self._begin("python")
        channel = await connection.agent("serve")
        assert isinstance(channel, BaseCommand)
        self._end()
        version = plain(channel.hello.get("python") or "", 40)
        self._set("python", CheckState.OK, version)
        if not self._of("agent").over:
            self._begin("agent")
            self._end()
        control = Control(channel, _unheard, self._record)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(control.run(), name=f"checking {self._server.name}")
            try:
                await self._about_agent(control, version)
                await asyncio.gather(*(self._ask(control, key) for key in checks.AT_ONCE))
            except MnixError as error:  # a group of tasks would hide it in a group of errors
                self._failed("agent", error)
            finally:
                await control.close()
                await reading

    async def _about_agent(self, control: Control, version: str) -> None:
        asked = time.time()
        answer = await self._answer(control, "agent")
        if answer is None:
            return
        where = plain(answer.get("executable") or "", 200)
        self._set("python", CheckState.OK, f"{version}, {where}" if where else version)
        delivered = self._of("agent").said or "was there already"
        ahead = _number(answer.get("now")) - (asked + time.time()) / 2
        if abs(ahead) > OFF:
            said = f"{delivered}; its clock is {_span(ahead)}"
            fix = "sudo timedatectl set-ntp true"
            hint = "set the server's clock, or this machine's: nix may find certificates invalid"
            there = elsewhere(self._server.name)
            self._set("agent", CheckState.WARN, said, fix, hint, there)
        else:
            self._set("agent", CheckState.OK, delivered)

    async def _ask(self, control: Control, key: str) -> None:
        self._set(key, CheckState.RUNNING)
        try:
            answer = await self._answer(control, key)
        except MnixError as error:
            self._failed(key, error)
            return
        if answer is None:
            self._set(key, CheckState.SKIPPED, "the agent there is too old to say")
            return
        state = _STATES.get(str(answer.get("state")), CheckState.SKIPPED)
        said, fix, hint = (plain(answer.get(name) or "") for name in ("said", "fix", "hint"))
        self._set(key, state, said, fix, hint, elsewhere(self._server.name))

    async def _answer(self, control: Control, what: str) -> dict[str, Any] | None:
        """Ask the agent; ``None`` when it has no such check."""
        try:
            found = await control.request("server.check", {"what": what}, ANSWER)
        except RemoteError as error:
            if error.code != "usage":
                raise
            return None
        return found if isinstance(found, dict) else {}

    # -- keeping the list

    def _of(self, key: str) -> Check:
        return next(each for each in self._checks if each.key == key)

    def _set(
        self,
        key: str,
        state: CheckState,
        said: str = "",
        fix: str = "",
        hint: str = "",
        fix_on: str = "",
        *,
        refused: bool = False,
    ) -> None:
        seconds, now = self._of(key).seconds, self._watch.now()
        if state is CheckState.RUNNING:
            self._began[key] = now
        elif (began := self._began.pop(key, None)) is not None:
            seconds = (seconds or 0.0) + now - began
        if said == _UNTRIED:
            seconds = None
        self._checks = checks.changed(
            self._checks,
            key,
            state=state,
            seconds=seconds,
            said=plain(said),
            fix=plain(fix),
            hint=plain(hint),
            fix_on=fix_on,
            refused=refused,
        )
        self._tell(self._checks)

    def _failed(self, key: str, error: MnixError) -> None:
        if isinstance(error, PythonMissing):
            key = "python"
        elif key in ("python", "agent") and isinstance(error, AgentUnusable):
            key = "agent"  # Python is there, or nobody knows: something else went wrong
            if not self._of("python").said:
                self._set("python", CheckState.SKIPPED, _UNTRIED)
        elif key in checks.WAY:
            key = next((own for kind, own in _STEPS if isinstance(error, kind)), key)
        self._now = ""
        for each in checks.KEYS[: checks.KEYS.index(key)]:
            if not self._of(each).over:  # else it would not have come so far
                self._set(each, CheckState.OK, self._of(each).said)
        title = error.title.removeprefix(f"{self._server.name}: ")
        said = f"{title}: {error.detail}" if error.detail else title
        hint = checks.without_command(error.hint, error.fix)
        refused = isinstance(error, Refused)
        self._set(key, CheckState.FAILED, said, error.fix, hint, error.fix_on, refused=refused)

    def _skip_rest(self) -> None:
        for each in self._checks:
            if not each.over:
                self._set(each.key, CheckState.SKIPPED, _UNTRIED)


class _Watch:
    """A clock that stands still while a person is asked: what that takes is not the server's."""

    def __init__(self) -> None:
        self._stood = 0.0
        self._since = 0.0
        self._questions = 0

    def now(self) -> float:
        return (self._since if self._questions else time.monotonic()) - self._stood

    def beside(self, ask: Callable[[Any], Awaitable[Answer]] | None) -> Any:
        """Return ``ask`` so that the clock stands still meanwhile."""
        if ask is None:
            return None

        async def asking(question: Any) -> Answer:
            if not self._questions:
                self._since = time.monotonic()
            self._questions += 1
            try:
                return await ask(question)
            finally:
                self._questions -= 1
                if not self._questions:
                    self._stood += time.monotonic() - self._since

        return asking


def _load_ssh() -> Any:
    from mnix_tui.link.libraries import found_quickly

    with found_quickly():
        from mnix_tui.link.ssh import open_connection

    return open_connection


def _unheard(event: Event) -> None:
    """Nobody subscribed: nothing that an agent tells by itself is of use here."""


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RemoteError("The agent's answer makes no sense", plain(repr(value), 80)) from error


def _span(seconds: float) -> str:
    size = abs(seconds)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if size >= 2 * length:
            return f"{size / length:.0f} {unit} {'ahead' if seconds > 0 else 'behind'}"
    return f"{size:.0f} s {'ahead' if seconds > 0 else 'behind'}"
