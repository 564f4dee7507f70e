"""Which folders of a tree something happened in: from the system's own notices, by ``watchfiles``.

Where the system gives none (too many folders for its limits), everything counts as touched now and
then: the look that follows finds out.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

DEBOUNCE_MS = 50
STEP_MS = 20
LOOK_MS = 1000
"""Milliseconds from one look whether the folder is still the same one to the next."""
QUIET = 0.15
"""Seconds without a notice after which what happens counts as over."""
LONGEST = 1.0
"""Seconds for which the end of what happens is waited for."""
MOST = 5000
"""Folders from which on the whole tree counts as touched."""
POLL = 5.0
"""Seconds, at most, from one look to the next where the system gives no notices."""
_OFTEN = 0.5
_SHARE = 10
"""How many times as long as a look its pause is."""
_OURS = ".mnix"


class LocalEvents:
    """An async context manager: watches a folder while it is entered."""

    def __init__(self, root: str) -> None:
        self._path = root
        self._same = _identity(root)
        self._root = os.path.realpath(root)
        self._last = 0.0
        self._taken = 0.0
        self._stop = threading.Event()
        self._woken = asyncio.Event()
        self._folders: set[str] | None = set()
        self._thread: threading.Thread | None = None
        self.polls = False
        """Whether the system gives no notices."""
        self.replaced = False
        """Whether another folder is at the root's place by now: of that one nothing is heard."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._run, args=(loop,), name="watchfiles", daemon=True
        )
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        thread = self._thread
        if thread is not None:
            await asyncio.to_thread(thread.join, 5)

    @property
    def pending(self) -> bool:
        """Whether something happened that was not taken yet."""
        return self._woken.is_set()

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until something happened; where there are no notices, until it may have."""
        if self.polls:
            look = asyncio.get_running_loop().time() - self._taken
            timeout = min(POLL, max(_OFTEN, _SHARE * look) if timeout is None else timeout)
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            if self.polls:
                self._folders = None
                self._woken.set()

    async def quiet(self) -> None:
        """Wait until what happens is over, for it to be taken as one; not for ever."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST
        while (now := loop.time()) < (until := min(self._last + QUIET, end)):  # noqa: ASYNC110
            await asyncio.sleep(until - now)

    def take(self) -> set[str] | None:
        """Return, and forget, the folders in which something happened; ``None``: anywhere."""
        folders, self._folders = self._folders, set()
        self._woken.clear()
        self._taken = asyncio.get_running_loop().time()
        return folders

    # -- in the thread

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._follow(loop)
        except (OSError, RuntimeError):  # no more watches, a name that is no UTF-8, or no root
            self.polls = True
        if not self._stop.is_set():
            self.polls = True
            self._call(loop, None)

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        import watchfiles

        for changes in watchfiles.watch(
            self._root,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=self._stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
        ):
            if _identity(self._path) != self._same:
                self.replaced = True
                return
            self._call(loop, self._touched(path for _, path in changes))

    def _touched(self, paths: Iterable[str]) -> set[str]:
        folders = set()
        start = self._root.rstrip("/") + "/"
        for path in paths:
            if not path.startswith(start):
                folders.add("")  # the root itself
                continue
            folder, _, name = path[len(start) :].rpartition("/")
            if folder == _OURS or folder.startswith(_OURS + "/") or (not folder and name == _OURS):
                continue
            if "/.git/" in f"/{folder}/" and name.endswith(".lock"):
                continue
            folders.add(folder)
        return folders

    def _call(self, loop: asyncio.AbstractEventLoop, folders: set[str] | None) -> None:
        try:
            loop.call_soon_threadsafe(self._take_in, folders)
        except RuntimeError:
            self._stop.set()  # the loop has ended

    def _take_in(self, folders: set[str] | None) -> None:
        if folders is not None and not folders:
            return
        if folders is None or self._folders is None:
            self._folders = None
        else:
            self._folders |= folders
            if len(self._folders) > MOST:
                self._folders = None
        self._last = asyncio.get_running_loop().time()
        self._woken.set()


def _identity(path: str) -> tuple[int, int] | None:
    """Return which folder is at a path; ``None``: none."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino
