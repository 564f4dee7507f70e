"""Work in the background: a worker that does I/O and posts messages, and how it is cancelled."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.dom import DOMNode
    from textual.worker import Worker

    from mnix_tui.ui.workbench.port import Progress

VISIBLE_AFTER = 1.0
"""Seconds after which work is shown, with the key that cancels it."""

PACE = 0.1
"""Seconds between two times that the same thing says how far it is."""

_NUMBERS = itertools.count(1)


@dataclass
class Work:
    """One thing that mnix is busy with."""

    title: str
    subject: str
    group: str
    done_text: str = ""
    doing: str = ""
    done: int = 0
    total: int | None = None
    visible: bool = False
    lane: str = ""
    """What of a subject may go on beside this: other work of the same lane may not."""
    failed: Callable[[BaseException], bool] | None = None
    """Deals with an error, or says that it didn't."""
    number: int = field(default_factory=lambda: next(_NUMBERS))
    worker: Worker[None] | None = None


@dataclass
class Progressed(Message):
    """Work got on."""

    work: Work
    doing: str
    done: int
    total: int | None


@dataclass
class Finished(Message):
    """Work is done; ``then`` is called with its result in the handler."""

    work: Work
    result: Any
    then: Callable[[Any], None] | None


@dataclass
class Failed(Message):
    """Work failed, or was cancelled (``error`` is ``None`` then)."""

    work: Work
    error: BaseException | None


def begin(
    node: DOMNode,
    work: Work,
    job: Callable[[Progress], Awaitable[Any]],
    then: Callable[[Any], None] | None,
) -> None:
    """Run ``job`` as a worker of ``node``, which gets the messages of this module."""

    told = ("", 0.0)

    def progress(doing: str, done: int, total: int | None) -> None:
        nonlocal told
        now = time.monotonic()
        if doing != told[0] or now - told[1] >= PACE or done == total:
            told = (doing, now)
            node.post_message(Progressed(work, doing, done, total))

    async def run() -> None:
        try:
            result = await job(progress)
        except Exception as error:
            node.post_message(Failed(work, error))
        except BaseException:
            node.post_message(Failed(work, None))
            raise
        else:
            node.post_message(Finished(work, result, then))

    work.worker = node.run_worker(run, group=work.group, exclusive=True, exit_on_error=False)
