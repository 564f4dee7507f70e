"""Asking a person on the terminal for what only a person knows: passwords, passphrases, codes."""

from __future__ import annotations

import os
import signal
import termios
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, TypeAlias

from mnix_tui.cli import output
from mnix_tui.cli.loop import asyncio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from mnix_tui.link import SecretQuestion

LONGEST = 4096
"""Bytes of an answer: a terminal's line can't be longer."""
_LFLAG = 3


Lend: TypeAlias = "Callable[[], AbstractContextManager[object] | None]"
"""Makes room on the terminal for a question; ``None``: not now."""
_lenders: list[Lend] = []


@contextmanager
def held(lend: Lend) -> Iterator[None]:
    """Have the terminal for the block: who wants to ask something meanwhile has to ``lend`` it."""
    _lenders.append(lend)
    try:
        yield
    finally:
        _lenders.remove(lend)


def room() -> AbstractContextManager[object] | None:
    """Return what has to be entered to ask on the terminal; ``None``: not now."""
    return _lenders[-1]() if _lenders else nullcontext()


def can_ask() -> bool:
    """Say whether there is a terminal to ask on, and it is ours: stdin and stderr may be files."""
    try:
        with _terminal() as fd:
            return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


async def ask_secret(question: SecretQuestion) -> tuple[str, ...] | None:
    """Ask what a login needs; ``None`` when the answer is ctrl-d. Ctrl-C ends the command.

    Nor is there an answer while a session has the terminal: its keys are not for us.
    """
    if (place := room()) is None:
        return None
    with place:
        return await _ask(question)


async def is_sure(said: Sequence[str], question: str, *yes: str) -> bool:
    """Say something, and ask whether it is right until that is clear. ``yes``: what says so."""
    with _terminal() as fd:
        _say(fd, said)
        while True:
            answer = await _answer(fd, f"{question} ", echo=True)
            if answer is None or answer.strip().lower() in ("n", "no", ""):
                return False
            if answer.strip() in yes or answer.strip().lower() in yes:
                return True


async def _ask(question: SecretQuestion) -> tuple[str, ...] | None:
    if question.kind == "confirm":
        return () if await is_sure(_lines(question), "  Go on? [yes/no]", "yes", "y") else None
    with _terminal() as fd:
        _say(fd, _lines(question))
        answers: list[str] = []
        for text, echo in question.prompts:
            answer = await _answer(fd, _prompt(question, text), echo=echo)
            if answer is None:
                return None
            answers.append(answer)
    return tuple(answers)


def _lines(question: SecretQuestion) -> list[str]:
    """Return who asks, for what, and what is said about it."""
    via = f" (on the way there: {question.jump})" if question.jump else ""
    what = f"{_WHAT.get(question.kind, 'log in as')} {question.about}".strip()
    if question.kind in _OURS and any(question.about in text for text, _ in question.prompts):
        what = "log in"  # for what, the prompt says
    lines = [output.visible(f"{question.server}{via}: {what}")]
    if question.attempt > 1:
        lines[0] += f" – that was wrong, attempt {question.attempt}"
    says = "" if question.kind in _OURS else f"{question.jump or question.server} says: "
    lines += [f"  {output.visible(says + line)}" for line in question.instructions.splitlines()]
    return lines


_WHAT = {
    "passphrase": "the passphrase of",
    "password": "the password of",
    "codes": "log in as",
    "new-password": "a new password for",
    "confirm": "please confirm",
}
_OURS = ("passphrase", "confirm")
"""What this machine asks; the words of all else may be a server's, and are marked as such."""


def _prompt(question: SecretQuestion, text: str) -> str:
    text = text.strip() or "Answer:"
    if question.kind not in _OURS:
        text = f"({question.about}) {text}"
    text = output.visible(text)
    return f"  {text} " if text.endswith((":", "?", "]", ">")) else f"  {text}: "


async def _answer(fd: int, prompt: str, *, echo: bool) -> str | None:
    """Read a line, with the loop running; ``None`` at the end of the input."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    with _echoing(fd, echo, lambda: _write(fd, f"\r\x1b[K{prompt}")):
        _write(fd, prompt)
        loop.add_reader(fd, ready.set)
        try:
            await ready.wait()  # a terminal is ready when a whole line is
            data = os.read(fd, LONGEST)
        finally:
            loop.remove_reader(fd)
            if not echo:
                _write(fd, "\n")  # the one that was typed is not shown
    if not data:
        return None
    return data.decode("utf-8", "replace").rstrip("\r\n")


@contextmanager
def _echoing(fd: int, echo: bool, again: Callable[[], None]) -> Iterator[None]:
    """Show what is typed, or don't; whatever ends or stops the block, the terminal is put back.

    ``again`` is called when the block goes on after a stop.
    """
    before = termios.tcgetattr(fd)
    wanted = [*before]
    wanted[_LFLAG] |= termios.ICANON | termios.ISIG
    wanted[_LFLAG] = wanted[_LFLAG] | termios.ECHO if echo else wanted[_LFLAG] & ~termios.ECHO

    def put_back() -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)

    def take() -> None:
        with suppress(termios.error, OSError):  # in the background: the next SIGCONT has us again
            termios.tcsetattr(fd, termios.TCSAFLUSH, wanted)
            again()

    # What was typed before was typed for something else: a password is not taken from it.
    termios.tcsetattr(fd, termios.TCSAFLUSH, wanted)
    try:
        with _before_dying(put_back), _around_stops(put_back, take):
            yield
    finally:
        put_back()


@contextmanager
def _around_stops(before: Callable[[], None], after: Callable[[], None]) -> Iterator[None]:
    """Have something done before ctrl-z stops this process, and when it goes on.

    A shell gives the terminal to a job that goes on with modes of its own: what is typed then
    would be seen.
    """

    def stop(number: int, frame: object) -> None:
        before()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, stop)
        after()  # also where nobody can stop us: then this comes at once

    handlers = {signal.SIGTSTP: stop, signal.SIGCONT: lambda number, frame: after()}
    taken = [number for number in handlers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, handlers[number])
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _before_dying(do: Callable[[], None]) -> Iterator[None]:
    """Have something done before a signal ends this process, as it would have."""

    def take(number: int, frame: object) -> None:
        do()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    deadly = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in deadly:
        signal.signal(number, take)
    try:
        yield
    finally:
        for number in deadly:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _terminal() -> Iterator[int]:
    fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _say(fd: int, lines: Sequence[str]) -> None:
    _write(fd, "\r\x1b[K" + "\n".join(lines) + "\n")  # over what was said of the progress


def _write(fd: int, text: str) -> None:
    with suppress(OSError):
        os.write(fd, text.encode("utf-8", "backslashreplace"))
