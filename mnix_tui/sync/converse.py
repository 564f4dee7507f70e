"""The conversation with the agent's ``sync``, over one channel: frames out, frames in.

Nothing that comes is believed: lists are bounded, paths are cleaned, and a frame that was not asked
for ends the conversation.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from mnix_tui.errors import LinkLost, MnixError, SyncError
from mnix_tui.link import wire
from mnix_tui.sync.packing import Packing
from server_agent.protocol import sync as talk
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Frame, FrameReader, Type
from server_agent.trees.model import State, checked_digest, clean_path, from_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from mnix_tui.link import CommandChannel

    class Linked(Protocol):
        """The part of a link that a transfer needs."""

        async def command(
            self, *args: str, bulk: bool = False, early: bytes = b""
        ) -> CommandChannel:
            """Run the agent; ``early`` is what it reads first."""


Result = TypeVar("Result")
MOST_NOTES = 1000
MOST_PARTS = 10_000
READ = 1 << 20
_AHEAD = 1 << 20
"""Bytes of frames that are made while as many travel."""
_PIECE = 128 << 10
"""Bytes that are written before a look whether the channel is still there."""


@dataclass
class There:
    """What the server said that its workspace is."""

    index: str = ""
    seq: int = 0
    full: bool = False
    """Whether ``changed`` is everything that there is."""
    changed: dict[str, State] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Of a full listing: what is there and is not taken (and so is all below): not deleted."""
    files: int = 0
    size: int = 0
    free: int | None = None
    parts: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Applied:
    """What the server did with what it was sent."""

    applied: int = 0
    skipped: list[tuple[str, str, State | None]] = field(default_factory=list)
    trashed: int = 0
    trash: str = ""
    cleared: int = 0
    """Files that went from the trash for good: all was too much."""
    index: str = ""
    seq: int = 0


class Packs(Protocol):
    """What can be told to pack what it makes from now on."""

    pack: bool
    done: int
    """Bytes of files that it has made frames of."""


class Conversation:
    """One run of the agent's ``sync``."""

    def __init__(self, channel: CommandChannel, server: str) -> None:
        self._channel = channel
        self._server = server
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self.sent = 0
        """Bytes that were written."""
        self.received = 0
        self.dirty = False
        """Whether the server said that something changed since it was last looked at."""

    @classmethod
    async def open(
        cls, link: Linked, server: str, project: str, hello: dict[str, Any], *, bulk: bool = True
    ) -> Conversation:
        """Start the agent's ``sync``; it has its HELLO before it has answered."""
        early = talk.message(Type.HELLO, hello)
        channel = await link.command("sync", "--project", project, bulk=bulk, early=early)
        found = cls(channel, server)
        found.sent += len(early)
        return found

    async def close(self) -> None:
        """End it, at any point."""
        await self._channel.close()

    # -- what is there

    async def listing(self) -> There:
        """Return what changed there since the HELLO's, or the REFRESH's, number."""
        there = There()
        while True:
            found = await self._next()
            if found.type is Type.STATE:
                await asyncio.to_thread(_take_state, talk.read(found), there)
            elif found.type is Type.READY:
                _take_ready(talk.read(found), there)
                return there
            else:
                _unexpected(found)

    async def refresh(self, seq: int) -> There:
        """Have the agent look again."""
        self.dirty = False
        await self._write(talk.message(Type.REFRESH, {"seq": seq}))
        return await self.listing()

    async def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Ask what files hold; ``None`` for one that is none any more."""
        wanted = list(paths)
        if not wanted:
            return {}
        for each in talk.rows(Type.DIGEST, "paths", wanted, end=False):
            await self._write(each)
        await self._write(talk.message(Type.DIGEST, {"paths": [], "end": True}))
        asked, found = set(wanted), dict[str, "str | None"]()
        while True:
            answer = await self._next()
            if answer.type is not Type.DIGESTS:
                _unexpected(answer)
            said = talk.read(answer)
            for path, digest in _mapping(said.get("digests")).items():
                if path in asked:
                    found[path] = None if digest is None else checked_digest(digest)
            if said.get("end"):
                return found

    async def dirt(self) -> None:
        """Wait until the server says that something changed there."""
        while not self.dirty:
            found = await self._next(dirty=True)
            if found.type is not Type.DIRTY:
                _unexpected(found)

    # -- files

    async def send(
        self,
        frames: Iterator[bytes],
        packs: Packs,
        thread: Executor,
        tell: Callable[[int], None],
    ) -> None:
        """Write frames that are made in a thread, a few ahead of those that travel.

        They are packed as long as more of them arrives that way.
        """
        loop = asyncio.get_running_loop()
        ahead = loop.run_in_executor(thread, _some, frames)
        packing = Packing(packs.done, time.monotonic())
        try:
            while data := await ahead:
                ahead = loop.run_in_executor(thread, _some, frames)
                before = time.monotonic()
                await self._write(data)
                now = time.monotonic()
                packs.pack = packing.wrote(packs.done, now - before, now)
                tell(len(data))
        finally:
            # The generator must not be left while a thread is in it.
            await asyncio.wait([asyncio.ensure_future(ahead)])
            if not ahead.cancelled():
                ahead.exception()

    async def commit(self, items: int, by: str, empty: bool) -> Applied:
        """Have what was sent applied."""
        await self._write(talk.message(Type.COMMIT, {"items": items, "by": by, "empty": empty}))
        found = await self._next()
        if found.type is not Type.APPLIED:
            _unexpected(found)
        return _applied(talk.read(found))

    async def fetch(
        self,
        items: Iterable[tuple[str, str, str | None, int]],
        take: Callable[[list[Frame]], None],
        thread: Executor,
        tell: Callable[[int], None],
    ) -> list[tuple[str, str]]:
        """Ask for files, and have a thread ``take`` their frames; return what there is not."""
        rows = [list(each) for each in items]
        for each in talk.rows(Type.FETCH, "items", rows, end=False):
            await self._write(each)
        await self._write(talk.message(Type.FETCH, {"items": [], "end": True}))
        loop = asyncio.get_running_loop()
        while True:
            await self._fill()
            some = []
            while self._frames and self._frames[0].type is not Type.SENT:
                some.append(self._frames.popleft())
            if some:
                if failed := next((each for each in some if each.type is Type.FAILED), None):
                    self._raise_failed(failed)
                tell(sum(len(each.payload) for each in some))
                await loop.run_in_executor(thread, take, some)
            if self._frames:
                missing = talk.read(self._frames.popleft()).get("missing")
                return [(str(each[0]), str(each[1])) for each in _pairs(missing)]

    # -- how frames come and go

    async def _write(self, data: bytes) -> None:
        try:
            for at in range(0, len(data), _PIECE):
                await self._channel.write(data[at : at + _PIECE])
                if len(data) > _PIECE:
                    await asyncio.sleep(0)
        except LinkLost as lost:
            # The agent may have ended early, with a reason that says more than a broken pipe.
            raise (await self._reason()) or self._cut_off(lost.title) from lost
        self.sent += len(data)

    async def _next(self, *, dirty: bool = False) -> Frame:
        while True:
            await self._fill()
            found = self._frames.popleft()
            if found.type is Type.FAILED:
                self._raise_failed(found)
            if found.type is not Type.DIRTY:
                return found
            self.dirty = True
            if dirty:
                return found

    async def _fill(self) -> None:
        while not self._frames:
            try:
                data = await self._channel.read(READ)
            except LinkLost as lost:
                raise self._cut_off(lost.title) from lost
            if not data:
                raise self._cut_off(await self._last_words())
            self.received += len(data)
            try:
                self._frames.extend(self._reader.feed(data))
            except ProtocolError as error:
                raise _strange(error.message) from error

    async def _reason(self) -> MnixError | None:
        try:
            async with asyncio.timeout(2):
                while True:
                    await self._next()
        except LinkLost:
            return None
        except MnixError as error:
            return error
        except TimeoutError:
            return None

    async def _last_words(self) -> str:
        tail = getattr(self._channel, "stderr_tail", None)
        said = (await tail()) if tail is not None else ""
        last = said.splitlines()[-1] if said else ""
        return "".join(c for c in last if c.isprintable())[:200] or "the server's side ended"

    def _cut_off(self, why: str) -> LinkLost:
        promise = "each side is as it was, or has all of it: large files go on where they stopped"
        return LinkLost(
            f"{self._server}: the transfer was cut off", f"{why}\n{promise}", "try it again"
        )

    def _raise_failed(self, found: Frame) -> NoReturn:
        raise wire.error(
            talk.read(found).get("error"), "The transfer was refused", server=self._server
        )


def _some(frames: Iterator[bytes]) -> bytes:
    """Make frames, about ``_AHEAD`` bytes of them; none at the end."""
    made, size = [], 0
    for each in frames:
        made.append(each)
        size += len(each)
        if size >= _AHEAD:
            break
    return b"".join(made)


def _take_state(said: dict[str, Any], there: There) -> None:
    changed, gone, left = (said.get(key) or [] for key in ("changed", "gone", "left"))
    if not all(isinstance(each, list) for each in (changed, gone, left)):
        raise _strange("a listing is no list")
    known = len(there.changed) + len(there.gone) + len(there.left)
    if known + len(changed) + len(gone) + len(left) > talk.MAX_ITEMS:
        raise _strange("it lists more files than any workspace has")
    try:
        for path, *state in changed:
            there.changed[clean_path(path)] = from_wire(state)
        there.gone.update(clean_path(path) for path in gone)
        there.left.update(path for path in left if isinstance(path, str))
    except (ProtocolError, TypeError, ValueError) as error:
        raise _strange(str(error)) from error


def _take_ready(said: dict[str, Any], there: There) -> None:
    there.index, there.seq = str(said.get("index") or ""), _number(said.get("seq"))
    there.full = bool(said.get("full"))
    there.files, there.size = _number(said.get("files")), _number(said.get("bytes"))
    there.free = _number(said["free"]) if "free" in said else None
    parts = list(_mapping(said.get("parts")).items())[:MOST_PARTS]
    there.parts = {digest: _number(size) for digest, size in parts}
    for each in (said.get("notes") or [])[:MOST_NOTES]:
        if isinstance(each, list) and len(each) == 3:
            there.notes.append((str(each[0]), str(each[1]), str(each[2])))
            if each[1] in ("unreadable", "special", "link-out"):
                there.left.add(str(each[0]))


def _applied(said: dict[str, Any]) -> Applied:
    skipped = []
    try:
        for path, reason, state in said.get("skipped") or []:
            now = None if state is None else from_wire(state)
            skipped.append((clean_path(path), str(reason), now))
    except (ProtocolError, TypeError, ValueError) as error:
        raise _strange(str(error)) from error
    return Applied(
        applied=_number(said.get("applied")),
        skipped=skipped,
        trashed=_number(said.get("trashed")),
        trash=str(said.get("trash") or ""),
        cleared=_number(said.get("cleared")),
        index=str(said.get("index") or ""),
        seq=_number(said.get("seq")),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 63 else 0


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _pairs(value: object) -> list[Any]:
    found = value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, list) and len(each) == 2]


def _unexpected(found: Frame) -> NoReturn:
    raise _strange(f"a {found.type.name} frame came that nobody asked for")


def _strange(why: str) -> SyncError:
    return SyncError("The server's answer can't be understood", why, "update mnix on both sides")
