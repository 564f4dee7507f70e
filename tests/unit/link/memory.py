"""A command channel without a transport: what the far side says is fed by the test."""

from mnix_tui.errors import LinkLost
from mnix_tui.link.channels import BaseCommand


class MemoryCommand(BaseCommand):
    def __init__(self, limit: int = 1 << 16) -> None:
        super().__init__(limit)
        self.sent = bytearray()
        self.held: list[bool] = []
        self.closed = False

    def says(self, data: bytes) -> None:
        self._on_data(self._inbox, data)

    def complains(self, data: bytes) -> None:
        self._on_data(self._errors, data)

    def ends(self, code: int | None = 0, error: LinkLost | None = None) -> None:
        self._exit = code
        self._on_end(error)

    def slow(self, slow: bool) -> None:
        self._on_writable(not slow)

    def _transport_write(self, data: bytes) -> None:
        self.sent += data

    def _transport_eof(self) -> None:
        pass

    def _transport_reading(self, on: bool) -> None:
        self.held.append(not on)

    async def _transport_close(self) -> None:
        self.closed = True
