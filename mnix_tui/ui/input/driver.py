"""Textual's driver, but for its input: keys keep what was sent for them, and lose no time.

A thread reads the outer terminal. What it reads goes to the event loop in one piece, in order: keys
as key events, everything else as the messages that Textual makes of it. A key for a terminal view
is handed to it right there; only if something that came before is still on its way through
Textual's queues, the key goes the same way behind it.

This package relies on Textual's private parts (textual is pinned): ``LinuxDriver`` and its
``run_input_thread``, ``XTermParser``, ``App._handle_exception``.
"""

from __future__ import annotations

import contextvars
import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any

from textual import constants
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from mnix_tui.ui.input.outer_keyboard import OuterKeyboard
from mnix_tui.ui.input.passing import Passing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.keyboard.keys import KeyEvent, KeyModes
    from mnix_tui.ui.input.reader import Reader

USERS_SHAPE = "\x1b[0 q"
"""Gives the cursor the shape that the user chose for the terminal."""
READ_BYTES = 64 * 1024
LOOK_SECONDS = 0.1
"""How often the thread looks whether it is to end."""


class TerminalDriver(LinuxDriver):
    """Reads the keyboard for an app with terminal views."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._batch: list[KeyEvent | Message] = []
        self.keyboard = OuterKeyboard(self._write_now, enabled=not constants.DISABLE_KITTY_KEY)
        """How the outer terminal is told to send its keys."""
        self._passing = Passing(self._app, self.keyboard)
        self._context = contextvars.copy_context()

    # -- the outer terminal's modes -------------------------------------------------------

    def start_application_mode(self) -> None:
        """Start, and ask whether the terminal has the kitty protocol."""
        self._context = contextvars.copy_context()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None and self.input_tty:
            self.keyboard.started()

    def stop_application_mode(self) -> None:
        """Put the keyboard and the cursor's shape back, then stop."""
        self.keyboard.stopped()
        self._write_now(USERS_SHAPE)
        super().stop_application_mode()

    def follow_keyboard(self, modes: KeyModes | None) -> None:
        """Let keys come as a program wants them, or as the dashboard does (None)."""
        self.keyboard.follow(modes)

    def _write_now(self, data: str) -> None:
        if self._writer_thread is not None:
            self.write(data)
            self.flush()

    # -- the thread -----------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Read until told to end."""
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        reader: Reader | None = None
        flush_at = 0.0
        while not self.exit_event.is_set():
            wait = None if reader is None else reader.wait
            left = LOOK_SECONDS if wait is None else max(0.0, flush_at - time.monotonic())
            if poll.poll(min(LOOK_SECONDS, left) * 1000):
                data = self._read()
                if not data:  # the terminal is gone; whoever watches for that ends the app
                    self.exit_event.wait(LOOK_SECONDS)
                    continue
                if reader is None:
                    reader = self._reader()
                self._hand_over(reader.feed(data))
                if reader.wait is not None:
                    flush_at = time.monotonic() + reader.wait
            elif reader is not None and wait is not None and time.monotonic() >= flush_at:
                self._hand_over(reader.flush())
        if reader is not None:
            self._hand_over(reader.close())

    def _reader(self) -> Reader:
        # Not before there is something to read: the first paint comes first.
        from mnix_tui.ui.input.reader import Reader

        return Reader(self.keyboard, debug=self._debug)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _hand_over(self, items: Iterable[KeyEvent | Message]) -> None:
        for item in items:
            if isinstance(item, Message):
                self.process_message(item)
            else:
                self._batch.append(item)
        batch, self._batch = self._batch, []
        if batch:
            self._loop.call_soon_threadsafe(self._passing.arrived, batch, context=self._context)

    def send_message(self, message: Message) -> None:
        """Send a message to the app; from the input thread, in order with the keys."""
        if threading.current_thread() is self._key_thread:
            self._batch.append(message)
        else:
            super().send_message(message)
