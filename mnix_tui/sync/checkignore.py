"""Asking one running ``git check-ignore`` about paths, as many as come up."""

from __future__ import annotations

import os
import select
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.sync import git

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 30.0
"""Seconds without an answer after which git is given up."""


class Rule(NamedTuple):
    """The rule that decides about a path."""

    source: str
    """The file it is written in, as git names it; "" when no rule matches."""
    line: str
    pattern: str

    @property
    def ignores(self) -> bool:
        """Whether it leaves the path out."""
        return bool(self.pattern) and not self.pattern.startswith("!")


class CheckIgnore:
    """One ``git check-ignore``, started with the first question. Close it."""

    def __init__(self, folder: str, *, tracked: bool) -> None:
        """Ask about paths relative to ``folder``; ``tracked`` files are never ignored then."""
        self._folder = folder
        self._tracked = tracked
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def ask(self, paths: Sequence[str]) -> list[Rule]:
        """Return the rule for each path. Raises ``OSError`` when git can't be asked."""
        if not paths:
            return []
        process = self._process or self._start()
        # A path that begins with a colon would be one of git's magic words.
        sent = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        fields = self._exchange(process, sent, 4 * len(paths))
        return [
            Rule(*(os.fsdecode(field) for field in fields[at : at + 3]))
            for at in range(0, len(fields), 4)
        ]

    def close(self) -> None:
        """End git."""
        process, self._process = self._process, None
        self._rest = b""
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        words = ["check-ignore", "-z", "--stdin", "-v", "-n"]
        self._process = subprocess.Popen(
            [*git.COMMAND, *words, *([] if self._tracked else ["--no-index"])],
            cwd=self._folder,
            env=git.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], sent: bytes, wanted: int) -> list[bytes]:
        """Write all of ``sent`` and read ``wanted`` fields, neither waiting for the other."""
        assert process.stdin is not None
        assert process.stdout is not None
        source, sink = process.stdout.fileno(), process.stdin.fileno()
        got, count, view = [self._rest], self._rest.count(b"\0"), memoryview(sent)
        while count < wanted:
            readable, writable, _ = select.select([source], [sink] if view else [], [], _PATIENCE)
            if not readable and not writable:
                raise OSError("git check-ignore does not answer")
            if writable:
                view = view[os.write(sink, view[: 16 << 10]) :]
            if readable:
                piece = os.read(source, 64 << 10)
                if not piece:
                    raise OSError("git check-ignore ended")
                count += piece.count(b"\0")
                got.append(piece)
        fields = b"".join(got).split(b"\0")
        self._rest = b"\0".join(fields[wanted:])
        return fields[:wanted]
