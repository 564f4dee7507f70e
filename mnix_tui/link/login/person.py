"""Asking a person while logging in: one question at a time, and the clock stands still.

A connection may end while somebody looks for a password (sshd's LoginGraceTime is two minutes). The
question stays, and the answer is used by the next connection.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mnix_tui.link.gate import Gate
from mnix_tui.link.model import SecretQuestion

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from mnix_tui.link.gate import Passage
    from mnix_tui.link.model import AskSecret

T = TypeVar("T")

MAX_PROMPTS = 8
MAX_TEXT = 200
MAX_INSTRUCTIONS = 1000


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return what a server says, fit to be shown: lines are kept, nothing else that controls."""
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())
    whole = "\n".join(" ".join(line.split()) for line in lines).strip()
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


class Person:
    """Who can be asked for one login, and what is being asked."""

    def __init__(self, server: str, jump: str, ask: AskSecret | None, seconds: float) -> None:
        """``seconds``: what a step of the login may take, when nobody is asked."""
        self._server = server
        self._jump = jump
        self._ask = ask
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self.limit: asyncio.Timeout | None = None
        """The time limit of the connection that is being opened."""
        self.passage: Passage | None = None
        """Its place among others."""

    @property
    def there(self) -> bool:
        """Whether anybody can be asked."""
        return self._ask is not None

    @property
    def thinking(self) -> bool:
        """Whether a question is not answered yet."""
        return self._task is not None and not self._task.done()

    async def put(
        self,
        kind: str,
        about: str,
        prompts: list[tuple[str, bool]],
        *,
        instructions: str = "",
        attempt: int = 1,
    ) -> tuple[str, ...] | None:
        """Ask; ``None`` when the person would rather not answer."""
        question = SecretQuestion(
            server=self._server,
            kind=kind,
            about=clean(about),
            prompts=tuple((clean(text), echo) for text, echo in prompts),
            instructions=clean(instructions, MAX_INSTRUCTIONS),
            attempt=attempt,
            jump=self._jump,
        )
        async with Gate.of_loop().asking:
            answer = None if self._ask is None else await self._ask(question)
        if answer is None or (prompts and len(answer) != len(prompts)):
            return None
        return answer

    async def wait(self, asking: Coroutine[object, object, T]) -> T:
        """Wait for what a person does; it goes on when the connection is lost meanwhile."""
        task = asyncio.ensure_future(asking)
        self._task = task
        if self.passage is not None:
            self.passage.rest()
        with self.patient():
            return await asyncio.shield(task)

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Stop the clock; afterwards the step has its whole time again."""
        self._until(None)
        try:
            yield
        finally:
            self._until(asyncio.get_running_loop().time() + self._seconds)

    def _until(self, when: float | None) -> None:
        try:
            if self.limit is not None:
                self.limit.reschedule(when)
        except RuntimeError:
            pass  # that connection is given up already

    async def answered(self) -> None:
        """Wait for a question that outlived its connection."""
        if self._task is not None:  # what it raised was raised where it was waited for
            await asyncio.gather(self._task, return_exceptions=True)

    async def leave(self) -> None:
        """Take back a question that nobody waits for any more."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
        await self.answered()
