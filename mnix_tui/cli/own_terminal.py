"""The terminal while we draw on it: nothing that is typed is echoed, and ctrl-z works."""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LFLAG = 3


def draws() -> bool:
    """Say whether stdout is a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def colours() -> bool:
    """Say whether stdout shall be coloured."""
    return draws() and not os.environ.get("NO_COLOR")


def size() -> tuple[int, int]:
    """Return columns and rows of the terminal."""
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        import shutil  # which imports much, and is seldom needed

        found = shutil.get_terminal_size()
    return found.columns or 80, found.lines or 24


def in_front() -> bool:
    """Say whether the terminal is ours now: a job in the background must leave it alone."""
    try:
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    except OSError:
        return False


class OwnTerminal:
    """Keeps the terminal as it has to be while something is drawn, and puts it back."""

    def __init__(self, *, resized: Callable[[], None], leave: Callable[[], None]) -> None:
        """``resized`` is called when the size may have changed, ``leave`` before a stop."""
        self._resized = resized
        self._leave = leave
        self._before: list[Any] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the terminal for a block."""
        self._take()
        try:
            yield
        finally:
            self._let_go()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Give the terminal back for a block: somebody is asked something."""
        self._let_go()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        from mnix_tui.cli.loop import asyncio

        loop = asyncio.get_running_loop()
        self._quiet()
        loop.add_signal_handler(signal.SIGWINCH, self._resized)
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        loop.add_signal_handler(signal.SIGCONT, self._resumed)

    def _let_go(self) -> None:
        from mnix_tui.cli.loop import asyncio

        loop = asyncio.get_running_loop()
        for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT):
            loop.remove_signal_handler(number)  # who asks meanwhile has its own
        self._leave()
        self._restore()

    def _quiet(self) -> None:
        """Echo nothing: it would stand in what is drawn. What is typed stays for who comes next."""
        if self._before is not None or not in_front():
            return
        with suppress(termios.error, OSError):
            before = termios.tcgetattr(sys.stdout.fileno())
            wanted = [*before]
            wanted[_LFLAG] &= ~termios.ECHO
            termios.tcsetattr(sys.stdout.fileno(), termios.TCSADRAIN, wanted)
            self._before = before

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is None:
            return
        with suppress(termios.error, OSError):
            termios.tcsetattr(sys.stdout.fileno(), termios.TCSADRAIN, before)

    def _stop(self) -> None:
        """Stop as ctrl-z asks, with the terminal as it was; go on when we are continued."""
        self._leave()
        self._restore()
        from mnix_tui.cli.loop import asyncio

        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGTSTP)  # what it does by itself: we stand still here
        os.kill(os.getpid(), signal.SIGTSTP)
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        self._resumed()  # also where nobody can stop us: then this comes at once

    def _resumed(self) -> None:
        self._quiet()
        self._resized()
