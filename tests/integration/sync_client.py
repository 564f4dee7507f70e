"""A client of `mnix-server sync` that says exactly what a test wants said."""

import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from server_agent.protocol import lines, sync
from server_agent.protocol.frames import Frame, FrameReader, Type
from server_agent.trees import digest
from server_agent.trees.model import State, from_wire
from tests.integration.agent_rig import agent_argv

Row = list[Any]


@dataclass
class There:
    """What the agent said that there is."""

    changed: dict[str, State] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        return int(self.ready["seq"])


class Failed(Exception):
    """The agent ended the conversation: `code` says why."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]


class SyncClient:
    """One conversation. Ends the agent with its own end."""

    def __init__(
        self,
        project: str,
        hello: dict[str, Any] | None = None,
        argv: list[str] | None = None,
        python: str = sys.executable,
    ) -> None:
        words = ("sync", "--project", project, "--nonce", "n0")
        self.process = subprocess.Popen(
            argv or agent_argv(*words, python=python), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._frames: deque[Frame] = deque()
        self._reader = FrameReader()
        self._preface = lines.PrefaceReader("n0")
        self._begun = False
        self.items = 0
        self.copied = 0
        self.there = There()
        if hello is not None:
            self.say(Type.HELLO, {"index": "", "seq": 0, "client": "test", "extra": [], **hello})
            self.there = self.listing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> int:
        """Go; return the agent's exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(20)

    def write(self, data: bytes) -> None:
        """Write bytes, whatever they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def say(self, kind: Type, value: dict[str, Any]) -> None:
        self.write(sync.message(kind, value))

    def hear(self) -> Frame:
        """Return the next frame; raise `Failed` for the agent's error, `EOFError` at the end."""
        assert self.process.stdout is not None
        while not self._frames:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise EOFError
            if not self._begun:
                self._begun = bool(self._preface.feed(data))
                data = self._preface.rest if self._begun else b""
            self._frames.extend(self._reader.feed(data))
        found = self._frames.popleft()
        if found.type is Type.FAILED:
            raise Failed(sync.read(found)["error"])
        return found

    def silent(self, seconds: float) -> bool:
        """Say whether the agent says nothing for so long."""
        assert self.process.stdout is not None
        return not self._frames and not select.select([self.process.stdout], [], [], seconds)[0]

    def listing(self) -> There:
        """Return what STATE and READY say."""
        there = There()
        while True:
            found = self.hear()
            said = sync.read(found)
            if found.type is Type.READY:
                there.ready = said
                return there
            assert found.type is Type.STATE, found.type
            there.changed |= {path: from_wire(state) for path, *state in said.get("changed", [])}
            there.gone += said.get("gone", [])

    def refresh(self, seq: int) -> There:
        self.say(Type.REFRESH, {"seq": seq})
        return self.listing()

    def digests(self, *paths: str) -> dict[str, Any]:
        self.say(Type.DIGEST, {"paths": list(paths), "end": True})
        found: dict[str, Any] = {}
        while True:
            said = sync.read(self.hear())
            found |= said["digests"]
            if said["end"]:
                return found

    def known(self, paths: Iterable[str]) -> dict[str, State]:
        """Return what is there at paths, digests and all."""
        there = {path: self.there.changed[path] for path in paths if path in self.there.changed}
        asked = [path for path, state in there.items() if state.kind == "f" and not state.value]
        for path, value in self.digests(*asked).items() if asked else ():
            there[path] = there[path]._replace(value=value)
        return there

    def put(self, path: str, content: bytes, expect: State | None = None, mode: int = 0o644) -> Row:
        """Return the row of a file; with its content it makes a part of a batch."""
        value = digest.of_bytes(content)
        return ["f", path, mode, 10**18, len(content), value, expect and list(expect)]

    def batch(self, *rows: Row, contents: Iterable[bytes] = ()) -> None:
        self.write(sync.batch(json.dumps(list(rows)).encode(), contents))
        self.items += len(rows)

    def files(self, files: dict[str, bytes], there: dict[str, State] | None = None) -> None:
        """Send small files, as changes of what is `there`."""
        rows = [self.put(path, content, (there or {}).get(path)) for path, content in files.items()]
        self.batch(*rows, contents=files.values())

    def large(self, path: str, content: bytes, *, upto: int | None = None, offset: int = 0) -> None:
        """Send a large file, or its beginning."""
        value = digest.of_bytes(content)
        head = {"path": path, "mode": 0o644, "mtime": 10**18, "size": len(content)}
        rest = {"digest": value, "expect": None, "basis": None, "offset": offset}
        self.say(Type.FILE, {**head, **rest})
        for at in range(offset, len(content) if upto is None else upto, sync.PIECE):
            self.write(sync.piece(content[at : at + sync.PIECE]))
        if upto is None:
            self.say(Type.FILE_END, {})
            self.items += 1

    def commit(self, *, items: int | None = None, empty: bool = False) -> dict[str, Any]:
        count = self.items if items is None else items
        self.say(Type.COMMIT, {"items": count, "by": "test", "empty": empty})
        self.items = 0
        found = self.hear()
        assert found.type is Type.APPLIED, found.type
        return sync.read(found)

    def fetch(self, *rows: Row) -> tuple[dict[str, bytes], list[Row]]:
        """Fetch; return the files' contents (links: their targets) and what there is not."""
        self.say(Type.FETCH, {"items": [], "end": False})
        self.say(Type.FETCH, {"items": list(rows), "end": True})
        found: dict[str, bytes] = {}
        name = ""
        while True:
            frame = self.hear()
            if frame.type is Type.SENT:
                return found, sync.read(frame)["missing"]
            if frame.type in (Type.BATCH, Type.BATCH_Z):
                operations, contents = sync.read_batch(frame)
                at = 0
                for op in operations:
                    assert op[-1] is None
                    size = op[4] if op[0] == "f" else 0
                    found[op[1]] = bytes(contents[at : at + size])
                    if op[0] == "l":
                        found[op[1]] = op[2].encode()
                    at += size
            elif frame.type is Type.FILE:
                name = sync.read(frame)["path"]
                found[name] = b""
            elif frame.type in (Type.PIECE, Type.PIECE_Z):
                found[name] += sync.read_piece(frame)
            elif frame.type is Type.COPY:
                self.copied += sync.read_copy(frame)[1]
