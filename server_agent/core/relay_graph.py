"""Which derivations a rebuild builds, and which of them need which: read from nix's log and files.

Pure, and bounded whatever it is given: a derivation's file may have been written by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MOST = 3000
"""Derivations of one rebuild that are looked at."""
SIZE = 256 << 10
"""Bytes of a derivation's file that are read: what it needs stands near its beginning."""
_MOST_INPUTS = 4000
_LINE = 200 << 10  # bytes of one line of the log
_PART = 32 << 10  # and of one that tells of several derivations: whoever reads draws in between
_LONGEST = 64 << 10  # a longer line says nothing that we look for
_PATH = r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}\.drv"
_DRV = re.compile(_PATH.encode())
_START = b'@nix {"action":"start","fields":["/nix/store/'
_PLAN = b',"msg":"  /nix/store/'
_BUILT = re.compile(
    rb'(?m)^@nix \{"action":"(?:start","fields":\["(PATH)",[^\n]*"type":105\}'
    rb'|msg","level":\d,"msg":"  (PATH)"[^\n]*\})\r?$'.replace(b"PATH", _PATH.encode())
)
# A string that has no end ends with the file: else each of its quotes would be tried as a beginning.
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|[][()]', re.S)


class Notices:
    """Finds the derivations that nix's log says are built, or will be."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._seen: set[str] = set()

    def feed(self, data: bytes) -> list[str]:
        """Take a piece of the log; return the derivations that are named for the first time."""
        cut = data.rfind(b"\n") + 1
        if not cut:
            self._keep(data)
            return []
        begin = data.find(b"\n") + 1 if self._skipping else 0
        whole = self._rest + data[begin:cut]
        self._rest, self._skipping = b"", False
        self._keep(data[cut:])
        if _START not in whole and _PLAN not in whole:
            return []
        found = []
        for match in _BUILT.finditer(whole):
            path = (match[1] or match[2]).decode("ascii")
            if path not in self._seen and len(self._seen) < MOST:
                self._seen.add(path)
                found.append(path)
        return found

    def _keep(self, rest: bytes) -> None:
        if not self._skipping:
            self._rest += rest
        if len(self._rest) > _LONGEST:
            self._rest, self._skipping = b"", True


def inputs(text: bytes) -> list[str]:
    """Return the derivations that a derivation's file says it needs; none for any other file."""
    if not text.startswith((b"Derive(", b"DrvWithVersion(")):
        return []
    found: list[str] = []
    depth = lists = 0
    first = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"[", b"("):
            depth += 1
            first = sign == b"(" and depth == 3
        elif sign in (b"]", b")"):
            depth -= 1
            if sign == b"]" and depth == 1:
                lists += 1
                if lists == 2:  # after the outputs
                    break
        elif first and lists == 1:
            first = False
            if _DRV.fullmatch(token[1]) and len(found) < _MOST_INPUTS:
                found.append(token[1].decode("ascii"))
    return found


def files(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the files, by path, that ``head -v`` printed; a derivation's has no line's end."""
    for piece in (b"\n" + text).split(b"\n==> ")[1:]:
        name, mark, content = piece.partition(b" <==\n")
        if mark and _DRV.fullmatch(name):
            yield name.decode("ascii"), content


def edges(needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return what each of the derivations needs among them all."""
    return {drv: sorted({name for name in found if name in needs}) for drv, found in needs.items()}


def lines(graph: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Return the graph as objects for the log, none of them too long."""
    part: dict[str, list[str]] = {}
    size = 0
    for drv, found in graph.items():
        cost = len(drv) + 8
        kept = []
        for name in found:
            if cost + len(name) + 4 > _LINE:
                break
            cost += len(name) + 4
            kept.append(name)
        if part and size + cost > _PART:
            yield {"action": "graph", "inputs": part}
            part, size = {}, 0
        part[drv] = kept
        size += cost
    if part:
        yield {"action": "graph", "inputs": part}
