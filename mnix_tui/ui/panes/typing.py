"""What is typed, on its way to the session: in order, bounded, and refused only visibly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import InputFull, MnixError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mnix_tui.ui.workbench.port import SessionStream

EARLY = 1 << 20
"""Bytes that may be typed before the shell's size is known."""
LONGEST = 64 << 20
"""Bytes of one or several pastes that may wait here."""
_A_PASTE = 4096
"""Bytes from which on what does not fit is a paste, and is sent piece by piece."""


class Typing:
    """Writes to a stream; what is too long for it at once follows at the pace it is taken at."""

    def __init__(
        self,
        refused: Callable[[MnixError], None],
        run: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._refused = refused
        self._run = run
        self._stream: SessionStream | None = None
        self._behind = bytearray()
        self._sending = 0

    @property
    def waiting(self) -> int:
        """The bytes that were typed and that the server does not have yet."""
        there = self._stream.waiting if self._stream is not None else 0
        return there + len(self._behind) + self._sending

    def attach(self, stream: SessionStream) -> None:
        """Send to ``stream`` from now on, first what was typed early."""
        self._stream = stream
        early = bytes(self._behind)
        self._behind.clear()
        if early:
            self.write(early)

    def write(self, data: bytes) -> None:
        """Type ``data``, behind all that was typed before."""
        if self._stream is None:
            self._wait(data, EARLY)
        elif self._behind or self._sending:
            self._wait(data, LONGEST)
        else:
            try:
                self._stream.write(data)
            except InputFull as error:
                if len(data) < _A_PASTE:
                    self._refused(error)
                elif self._wait(data, LONGEST):
                    self._run(self._send(self._stream))
            except MnixError as error:
                self._refused(error)

    def _wait(self, data: bytes, most: int) -> bool:
        fits = len(self._behind) + len(data) <= most
        if fits:
            self._behind += data
        else:
            self._refused(InputFull("Too much waits already", f"{len(data)} bytes were not taken"))
        return fits

    async def _send(self, stream: SessionStream) -> None:
        try:
            while self._behind:
                piece = bytes(self._behind)
                self._behind.clear()
                self._sending = len(piece)
                await stream.write_all(piece)
                self._sending = 0
        except MnixError as error:
            self._refused(error)
        finally:
            self._sending = 0
