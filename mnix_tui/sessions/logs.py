"""A job's log as plain bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sessions.attachment import Attachment
from mnix_tui.sessions.events import Gap, Output

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Link


async def log_chunks(link: Link, job: Job) -> AsyncIterator[bytes]:
    """Yield a job's whole log, then, while it runs, what follows; end with the job.

    A lost link is waited for, and nothing comes twice. What the server no longer keeps is
    replaced by a line that says so.
    """
    async with Attachment(link, job, cols=0, rows=0, fresh=False) as attachment:
        async for event in attachment:
            if isinstance(event, Output):
                yield event.data
            elif isinstance(event, Gap):
                yield f"\nmnix: {event.end - event.start} bytes are no longer kept\n".encode()
