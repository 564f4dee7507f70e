"""The thread that looks at the folder here: nobody else takes a turn before it is done."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import cast

from mnix_tui.sync.ahead import Ahead
from mnix_tui.sync.local import Local


class Folder:
    stopped = False

    def load(self) -> None: ...

    def recover(self) -> None: ...

    def scan(self) -> None: ...


async def test_what_was_begun_ends_before_it_is_closed_even_when_it_was_cancelled() -> None:
    begun = Ahead(cast(Local, Folder()))
    started, go_on, ended = Event(), Event(), Event()

    def save() -> None:
        started.set()
        go_on.wait(30)
        ended.set()

    saving = asyncio.ensure_future(begun.run(save))
    await asyncio.to_thread(started.wait, 30)
    saving.cancel()
    closing = asyncio.ensure_future(begun.close())
    await asyncio.wait([closing], timeout=0.1)
    assert not closing.done()
    go_on.set()
    await closing
    assert ended.is_set()
