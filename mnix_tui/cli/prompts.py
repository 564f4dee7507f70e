"""Asking a person on the terminal for what only a person knows: passwords, passphrases, codes."""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, TypeAlias

from mnix_tui.cli import output
from mnix_tui.cli.loop import asyncio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    """Say whether there is a terminal to ask on, and it is ours: stdin may be a pipe."""
    if sys.stderr is None or not sys.stderr.isatty():
        return False
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


async def _ask(question: SecretQuestion) -> tuple[str, ...] | None:
    output.note("\r\x1b[K" + "\n".join(_lines(question)))  # over what was said of the progress
    with _terminal() as fd:
        if question.kind == "confirm":
            return await _confirmed(fd)
        answers: list[str] = []
        for text, echo in question.prompts:
            answer = await _answer(fd, _prompt(text), echo=echo)
            if answer is None:
                return None
            answers.append(answer)
    return tuple(answers)


def _lines(question: SecretQuestion) -> list[str]:
    """Return who asks, for what, and what is said about it."""
    via = f" (on the way there: {question.jump})" if question.jump else ""
    what = f"{_WHAT.get(question.kind, 'log in as')} {question.about}".strip()
    if any(question.about in text for text, _ in question.prompts):
        what = "log in"  # for what, the prompt says
    lines = [output.visible(f"{question.server}{via}: {what}")]
    if question.attempt > 1:
        lines[0] += f" – that was wrong, attempt {question.attempt}"
    lines += [f"  {output.visible(line)}" for line in question.instructions.splitlines()]
    return lines


_WHAT = {
    "passphrase": "the passphrase of",
    "password": "the password of",
    "codes": "log in as",
    "new-password": "a new password for",
    "confirm": "please confirm",
}


def _prompt(text: str) -> str:
    text = output.visible(text.strip()) or "Answer:"
    return f"  {text} " if text.endswith((":", "?", "]", ">")) else f"  {text}: "


async def _confirmed(fd: int) -> tuple[str, ...] | None:
    while True:
        answer = await _answer(fd, "  Go on? [yes/no] ", echo=True)
        if answer is None or answer.strip().lower() in ("n", "no", ""):
            return None
        if answer.strip().lower() in ("y", "yes"):
            return ()


async def _answer(fd: int, prompt: str, *, echo: bool) -> str | None:
    """Read a line, with the loop running; ``None`` at the end of the input."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    with _echoing(fd, echo):
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
def _echoing(fd: int, echo: bool) -> Iterator[None]:
    """Show what is typed, or don't; whatever ends the block, the terminal is put back."""
    before = termios.tcgetattr(fd)
    wanted = [*before]
    wanted[_LFLAG] |= termios.ICANON | termios.ISIG
    wanted[_LFLAG] = wanted[_LFLAG] | termios.ECHO if echo else wanted[_LFLAG] & ~termios.ECHO

    def put_back() -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)

    # What was typed before was typed for something else: a password is not taken from it.
    termios.tcsetattr(fd, termios.TCSAFLUSH, wanted)
    try:
        with _before_dying(put_back):
            yield
    finally:
        put_back()


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


def _write(fd: int, text: str) -> None:
    with suppress(OSError):
        os.write(fd, text.encode("utf-8", "backslashreplace"))
