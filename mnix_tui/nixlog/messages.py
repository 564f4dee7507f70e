"""nix's messages: errors, warnings, and the plan of what will be built and fetched."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from mnix_tui.nixlog.hints import HOOK_HINT, Told, read_error
from mnix_tui.nixlog.model import Line, Node, NodeKind, NodeState, Problem
from mnix_tui.nixlog.nodes import TAIL_TEXT
from mnix_tui.nixlog.text import clean, clean_name, name_of, plain

if TYPE_CHECKING:
    from mnix_tui.nixlog.ledger import Ledger
    from mnix_tui.nixlog.state import State

_INFO = 3
_MAX_LINES = 400
_KEPT = 40
_WARNED = 12
"""Lines of a warning that are kept."""
_SAID = 10
_DRV = re.compile(r"(?<![^\s'\"])(/[^\s'\"!^*]+\.drv)\b")
_DEPENDENCIES = re.compile(
    r"(?<!\d)(\d{1,9}) dependenc(?:y|ies) of derivation|Reason: (\d{1,9}) dependenc"
    r"|cannot build derivation '[^']+': (\d{1,9}) dependenc"
)
_ALL_FAILED = re.compile(
    r"(?i)^(?:build|some builds?|outputs?|goals?) of .* failed$|^build failed due to"
)
_INNER = re.compile(r"^\s*error: ?(.*)$")
_AT = re.compile(r"\bat (/[^\s:]+|«[^»\n]{1,300}»):(\d+):(\d+)")
_PLACE = re.compile(r"^(.*?)(?::(\d+):(\d+))?$")
_PLAN = re.compile(r"^th(?:is|ese) (?:(\d+) )?(derivation|path)s? will be (?:built|fetched)")
_SIZE = re.compile(r"(?<![\d.])([\d.]{1,20}) ([KMGT]?i?B) unpacked")
_UNITS = {"B": 0, "KiB": 1, "MiB": 2, "GiB": 3, "TiB": 4}
_PLANNED = re.compile(r"^  (/\S+)$")
_SOURCE = re.compile(r"^/\S*?/[0-9a-z]{32}-source/")
_STORED = re.compile(r"/nix/store/[0-9a-z]{32}-source/")
_KNOWN = re.compile(
    r"\s*(?:> |Reason: |Output paths:|/nix/store/\S+$|[Ll]ast \d+ log lines:|For full logs,? run"
    r"|nix log /|nix-store -l /)"
)
"""Lines of an error that say what is told already: in its title, or by the builder's own lines."""
_REQUIRED = re.compile(r"path '(/[^']+)' is required, but")
_REFERENCES = re.compile(r"^some references of path '[^']+' could not be realised")
_DOWNLOAD = re.compile(r"(?:unable to|cannot|failed to) download '([^']+)'")
_AGAIN = re.compile(r"; retrying (?:from [^\n;]{1,60} )?in \d")
"""nix tries it once more, in the same activity."""
_INPUT = re.compile(r"while fetching the input '([^']+)'")
_FETCH_TEXT = 20_000
_FETCHED = 8
"""Fetches that one message is of, at most."""
_MAX_FILE = 2000
_INNARDS = re.compile(r"<nix/|«nix-internal»")
_PROGRAM = re.compile(r"program '([^']+)' failed with (.*)$")
_EXIT = re.compile(r"^failed to build \((.*)\)$")
_QUOTED = re.compile(r"^\s*> (.*)$")


class Messages:
    """Reads them."""

    def __init__(self, state: State, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger
        self._plan: NodeKind | None = None

    def take(self, event: dict[str, Any]) -> bool:
        """Take a message of nix's."""
        text, level = event.get("msg"), event.get("level")
        if not isinstance(text, str) or type(level) is not int:
            return False
        start = plain(text[:200])
        if (
            level > _INFO
            or not text.strip()
            or start.startswith(("error (ignored)", "(use '--show-trace'"))
        ):
            return True
        lines = [clean(each) for each in text.split("\n", _MAX_LINES)[:_MAX_LINES]]
        kind, key = "message", ""
        if level <= 1 and not _AGAIN.search(text[:_FETCH_TEXT]):
            self._not_fetched(plain(text[:_FETCH_TEXT]))
        if level == 0 and start.startswith("error"):
            kind = "error"
            key = self._error([plain(each) for each in lines], event)
        elif level == 1 or start.startswith(("warning:", "cannot build on '")):
            kind = "warning"
            said = "\n".join(lines[:_WARNED])
            self._state.warn(clean_name(said, TAIL_TEXT).removeprefix("warning:").strip())
        else:
            self._planned([plain(each) for each in lines])
        self._state.out += [Line(kind, each, key) for each in lines]
        return True

    def _not_fetched(self, text: str) -> None:
        """Mark what an error or a warning says could not be fetched; it may be tried again."""
        found = dict.fromkeys(_DOWNLOAD.findall(text) + _INPUT.findall(text))
        for what in islice(found, _FETCHED):
            for node in self._state.fetches(what):
                self._state.nodes.set(node, NodeState.FAILED, self._state.now)

    def _planned(self, lines: list[str]) -> None:
        """Read a plan, which comes as one message or as one for each line."""
        for line in lines:
            found, path = _PLAN.search(line), _PLANNED.match(line)
            if found:
                self._plan = NodeKind.BUILD if found[2] == "derivation" else NodeKind.DOWNLOAD
                size = _SIZE.search(line)
                if size and size[2] in _UNITS and size[1].count(".") < 2:
                    self._state.expect_bytes(int(float(size[1]) * 1024 ** _UNITS[size[2]]))
            elif path and self._plan:
                if self._plan is NodeKind.BUILD or not path[1].endswith(".drv"):
                    self._state.nodes.get(path[1], self._plan)
            else:
                self._plan = None

    def _error(self, lines: list[str], event: dict[str, Any]) -> str:
        """Read an error; return the key of the node that it is about.

        nix lets a builder write messages of its own. Those have no ``raw_msg``, and nor do those
        that a daemon hands on: such a one is believed only when nix counted a failure as well.
        """
        lines = _innermost(lines)
        text = "\n".join(lines)
        found = _DRV.search(text.split("\n\n")[0])
        key = found[1] if found else ""
        if _DEPENDENCIES.search(text) or _ALL_FAILED.search(lines[0]) or (_REFERENCES.search(text)):
            return self._blocked(key, text)
        known = self._state.node(key)
        failed = known is not None and known.state is NodeState.FAILED
        if not ("raw_msg" in event or failed or self._ledger.owes_failure()):
            self._state.complaint = clean_name(lines[0], TAIL_TEXT)
            return ""
        if hook := self._hook(lines[0]):
            return hook
        file, line, column = _position(event, lines)
        node = self._state.nodes.get(key, NodeKind.BUILD) if key else None
        told = self._read(text, node, position=bool(file))
        if told.build and node is None:
            # Newer nix says of some failures only that they were, right after the build's end.
            node = self._ledger.unnamed()
            told = self._read(text, node, position=bool(file))
        notes = _last_lines(node, lines)
        if node and told.build:
            node.error = clean_name(_reason(told.title, node.name))
            self._ledger.blamed(node)
        elif (wanted := _REQUIRED.search(text)) and (path := self._state.node(wanted[1])):
            node, notes = path, tuple(filter(None, [self._state.complaint]))
        self._state.blame(
            Problem(
                title=clean_name(told.title, 400),
                lines=notes,
                node_key=node.key if node else "",
                file=file,
                line=line,
                column=column,
                hint=told.hint,
            )
        )
        return node.key if node else key

    def _hook(self, text: str) -> str:
        """Blame the post-build hook for what it is to blame for; return its node's key, or ""."""
        found = _PROGRAM.match(text)
        if not found or not self._state.hook or f"'{found[1]}'" not in self._state.hook[0]:
            return ""
        node = self._state.hook[1]
        node.error = clean_name(found[2])
        self._state.nodes.set(node, NodeState.FAILED, self._state.now)
        title, said = f"the {node.name} failed ({node.error})", tuple(node.tail)[-_KEPT:]
        self._state.blame(Problem(title, said, node.key, hint=HOOK_HINT.format(name=found[1])))
        return node.key

    def _read(self, text: str, node: Node | None, *, position: bool) -> Told:
        said = "\n".join(plain(each) for each in list(node.tail)[-_SAID:]) if node else ""
        found = _DRV.search(text.split("\n\n", maxsplit=1)[0])
        name = node.name if node else name_of(found[1]) if found else ""
        return read_error(text, name, said=said, position=position)

    def _blocked(self, key: str, text: str) -> str:
        """Note that something could not be begun, because what it needs failed."""
        nodes = self._state.nodes
        if key and any(nodes.counts[kind, NodeState.FAILED] for kind in NodeKind):
            node = nodes.get(key, NodeKind.BUILD)
            if node and node.state in (NodeState.WAITING, NodeState.INTERRUPTED):
                found = _DEPENDENCIES.search(text)
                number = next((each for each in found.groups() if each), "") if found else ""
                if number:
                    node.error = f"{number} of its dependencies failed"
                nodes.set(node, NodeState.INTERRUPTED, self._state.now)
        else:
            self._state.consequence = self._state.consequence or Problem(clean_name(text, 400))
        return key


def _reason(title: str, name: str) -> str:
    """Return what a title says of a node beside its name."""
    said = title.removeprefix(f"{name} ").removeprefix(f"{name}: ")
    found = _EXIT.search(said)
    return found[1] if found else said


def _innermost(lines: list[str]) -> list[str]:
    """Return an error's lines with the error itself first, and then the trace, nearest first.

    Newer nix puts the trace before the error, and its own innards first of all.
    """
    last = max((i for i, line in enumerate(lines) if line.strip().startswith("…")), default=-1)
    inner = [i for i, line in enumerate(lines) if _INNER.match(line)]
    # What follows the error itself is its own text, even if it says “error:” once more; and of
    # older nix the trace.
    start = next((i for i in inner if i > last), inner[0] if inner else 0)
    if start + 1 < len(lines) and not lines[start].strip().removeprefix("error:").strip():
        start = next((i for i in inner if i > start), start)
    found = _INNER.match(lines[start])
    head = [found[1].strip()] if found else [lines[0]]
    blocks: list[list[str]] = []
    for line in lines[:start]:
        if line.strip().startswith("…"):
            blocks.append([""])
        if blocks and line.strip():
            blocks[-1].append(line)
    trace = [
        line
        for block in reversed(blocks)
        if not any(_INNARDS.search(line) for line in block)
        for line in block
        if "--show-trace" not in line
    ]
    return head + lines[start + 1 :] + trace


def _position(event: dict[str, Any], lines: list[str]) -> tuple[str, int, int]:
    """Return file, line and column of an error: from its fields, else from its text."""
    file, line, column = event.get("file"), event.get("line"), event.get("column")
    if isinstance(file, str) and file and type(line) is int and type(column) is int:
        place = _PLACE.match(file[:_MAX_FILE])
        file = place[1] if place else file
        return _inside(file), max(0, min(line, 1 << 31)), max(0, min(column, 1 << 31))
    places = [found for each in lines if (found := _AT.search(each))]
    if not places:
        return "", 0, 0
    return _inside(places[0][1]), int(places[0][2][:9]), int(places[0][3][:9])


def _inside(file: str) -> str:
    """Return a file's place in the flake, when it lies in a copy of it in the store."""
    return clean_name(_SOURCE.sub("", file), 400)


def _last_lines(node: Node | None, lines: list[str]) -> tuple[str, ...]:
    """Return what its builder said last, else what nix quotes of it, else nix's own words."""
    rest = [_STORED.sub("", each.removeprefix("       "))[:TAIL_TEXT] for each in lines[1:]]
    rest = [each for each in rest if not _KNOWN.match(each)]
    while rest and not rest[0].strip():
        rest.pop(0)
    while rest and not rest[-1].strip():
        rest.pop()
    quoted = [found[1][:TAIL_TEXT] for each in lines if (found := _QUOTED.match(each))]
    said = list(node.tail)[-_KEPT:] if node else []
    return tuple((said or quoted)[-_KEPT:] + rest[:_KEPT])
