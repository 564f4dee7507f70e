"""A job's socket, served by the model of a holder: a stream's far end for tests of the link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState
from tests.helpers.settle import asettle
from tests.unit.sessions.model import JOB, Client, HolderModel


class Holder(HolderModel):
    """Echoes what is typed, and prints what the test says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.opened = 0
        self._writers: dict[asyncio.StreamWriter, Client] = {}

    @property
    def job(self) -> Job:
        return Job(
            id=self.path.name,
            kind=JOB["kind"],
            project_id=JOB["project_id"],
            state=JobState.RUNNING,
            pty=True,
            socket=str(self.path),
        )

    def print(self, data: bytes) -> None:
        """Add to the log, and send it to whoever is attached."""
        self.log += data
        self.flush()

    def end(self, code: int) -> None:
        """End the job."""
        self.exit = (code, "")
        self.flush()

    def flush(self) -> None:
        for writer, client in self._writers.items():
            if not writer.is_closing():
                writer.write(client.news())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self)
        self._writers[writer] = client
        self.opened += 1
        try:
            while data := await reader.read(65536):
                before = len(self.typed)
                writer.write(client.feed(data))
                if len(self.typed) > before:
                    self.print(bytes(self.typed[before:]))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            del self._writers[writer]
            writer.close()


@asynccontextmanager
async def holding(folder: Path) -> AsyncIterator[Holder]:
    """Run a holder at a socket below ``folder``."""
    holder = Holder(folder / "jjjjjjjj")
    server = await asyncio.start_unix_server(holder.serve, holder.path)
    try:
        yield holder
    finally:
        server.close()
        for writer in list(holder._writers):
            writer.close()
        await asettle(lambda: not holder._writers, what="the streams to end")
        await server.wait_closed()
