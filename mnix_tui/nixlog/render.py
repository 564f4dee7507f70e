"""The tree and the summary as text, for terminals and pipes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mnix_tui.nixlog.cells import cells, cut
from mnix_tui.nixlog.model import Node, NodeKind, NodeState, Problem, Row, Summary
from mnix_tui.nixlog.shape import pick, redraw
from mnix_tui.nixlog.text import plain

if TYPE_CHECKING:
    from mnix_tui.nixlog.build import Build

GLYPHS = {
    NodeState.WAITING: "○",
    NodeState.RUNNING: "◐",
    NodeState.DONE: "●",
    NodeState.FAILED: "✕",
    NodeState.INTERRUPTED: "⊘",
}
_COLOURS = {
    NodeState.WAITING: "2",
    NodeState.RUNNING: "1;33",
    NodeState.DONE: "32",
    NodeState.FAILED: "1;31",
    NodeState.INTERRUPTED: "35",
}
_DIM, _BOLD, _RED, _BLUE = "2", "1", "1;31", "1;34"
_BUSY = {"build": "building", "download": "downloading"}
_WORD = re.compile(r"(?<=\d) [a-z ]+[a-z]")
_BAR = 24
_QUOTED = 6
_LEAST = 20
_WIDEST = 120
"""Columns that a row takes at most: a time far away is read with the wrong name."""
_LEAST_NAME = 8


def seconds_text(seconds: float) -> str:
    """Return a duration for people: ``8s``, ``3m12s``, ``1h04m``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def bytes_text(number: int) -> str:
    """Return a size for people: ``12.3 MiB``."""
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def render(
    build: Build,
    *,
    width: int,
    height: int | None = None,
    colour: bool = False,
    problems: bool = True,
) -> list[str]:
    """Return lines of at most `width` cells, at most `height` of them: what matters most.

    Problems come first (unless somebody else tells them), then the tree, then one line that says
    where the rebuild stands.
    """
    pen = _Pen(max(_LEAST, width), colour)
    total = pen.summary(build.summary(), build)
    room = None if height is None else max(1, height) - 1
    if room is not None and room <= 0:
        return [total]
    first = pen.problems(build, room) if problems else []
    if room is not None:
        room -= len(first)
    return [*first, *_tree(build, pen, room), total]


def _tree(build: Build, pen: _Pen, room: int | None) -> list[str]:
    rows = build.tree()
    if room is None or len(rows) <= room:
        return [pen.row(row, build.now) for row in rows]
    shown, left = pick(rows, max(0, room - 1))
    lines = [pen.row(row, build.now) for row in redraw(rows, shown)]
    if room > 0:
        lines.append(pen.paint(cut(f"… {left}", pen.width), _DIM))
    return lines


class _Pen:
    """Writes lines of one width, in colours or without."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = width
        self._colour = colour

    def paint(self, text: str, colour: str) -> str:
        """Return a text in a colour, if there are any."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour and colour and text else text

    def row(self, row: Row, now: float) -> str:
        """Return a row of the tree."""
        node = row.node
        lead = ""
        if row.depth:
            lead = "".join("│  " if each else "   " for each in row.guides[1:])
            lead += "└─ " if row.last else "├─ "
        width = min(self.width, _WIDEST)
        lead = cut(lead, width // 2)
        right = "" if row.again else _right(node, now)
        glyph = "↓" if node.kind is NodeKind.DOWNLOAD and node.state in _MOVING else ""
        glyph = glyph or GLYPHS[node.state]
        room = width - cells(lead) - 2 - (cells(right) + 2 if right else 0)
        if room < _LEAST_NAME and right:
            room, right = room + cells(right) + 2, ""
        name = cut(node.name, room)
        note = _note(node)
        if row.again:
            note = f"⋯ above (+{row.hidden})" if row.hidden else "⋯ above"
        room -= cells(name)
        note = cut(note, room - 1) if note and room > 4 else ""
        gap = " " * max(0, room - (cells(note) + 1 if note else 0) + 2) if right else ""
        colour = _COLOURS[node.state]
        bold = colour if node.state in (NodeState.FAILED, NodeState.INTERRUPTED) else ""
        name_colour = bold or (_DIM if row.again or node.state is NodeState.WAITING else "")
        if node.state is NodeState.RUNNING and not row.again:
            name_colour = _BOLD
        return (
            self.paint(lead, _DIM)
            + self.paint(glyph, _BLUE if glyph == "↓" else colour)
            + " "
            + self.paint(name, name_colour)
            + (" " + self.paint(note, _DIM) if note else "")
            + gap
            + self.paint(right, "" if node.state is NodeState.RUNNING else _DIM)
        ).rstrip()

    def problems(self, build: Build, room: int | None) -> list[str]:
        """Return the problems, each with its last lines and what to do."""
        problems = build.problems
        if not problems or (room is not None and room < 4):
            return []
        budget = 1 << 30
        if room is not None:
            # The tree keeps half of the room, or what it takes to show all that is not done.
            active = sum(
                not (row.again or row.node.state is NodeState.DONE) for row in build.tree()
            )
            budget = max(3, room // 2, room - active - 3)
        quoted = max(1, min(_QUOTED, budget // len(problems) - 3)) if room is not None else 20
        lines: list[str] = []
        for i, problem in enumerate(problems):
            block = self._problem(problem, quoted)
            if lines and len(lines) + len(block) > budget:
                more = (
                    f"… {len(problems) - i} more problems"
                    if len(problems) - i > 1
                    else "… 1 more problem"
                )
                lines.append(self.paint(more, _RED))
                break
            lines += block
        return [*lines[: budget + 1], ""] if len(lines) < budget else lines[: budget + 1]

    def _problem(self, problem: Problem, quoted: int) -> list[str]:
        place = f"  {problem.file}:{problem.line}:{problem.column}" if problem.file else ""
        title = cut(f"✕ {problem.title}{place}", self.width)
        # Of an evaluation error the code comes first; a builder says at the end why it failed.
        said = [plain(each).rstrip().replace("\t", "    ") for each in problem.lines]
        kept = _code(said)[:quoted] if problem.file else said[-quoted:]
        lines = [self.paint(title, _RED)]
        lines += [self.paint("  │ ", _DIM) + cut(each, self.width - 4) for each in kept]
        if problem.hint:
            lines += [self.paint(each, _BOLD) for each in _wrapped(f"→ {problem.hint}", self.width)]
        return lines

    def summary(self, summary: Summary, build: Build) -> str:
        """Return the line that says where it stands."""
        parts = [*_counts(summary, build)]
        if summary.bytes_total > summary.bytes_done:
            parts.append(f"{bytes_text(summary.bytes_done)} of {bytes_text(summary.bytes_total)}")
        elif summary.bytes_total:
            parts.append(bytes_text(summary.bytes_total))
        if summary.started is not None and summary.now - summary.started >= 1:
            parts.append(seconds_text(summary.now - summary.started))
        if summary.eta is not None:
            parts.append(f"~{seconds_text(max(1, summary.eta))} left")
        head, colour = _head(summary)
        bar = ""
        if summary.fraction is not None and summary.phase not in ("done", "failed"):
            size = min(_BAR, self.width // 5)
            full = int(summary.fraction * size)
            percent = f" {int(summary.fraction * 100):3}%"
            bar = self.paint("━" * full, "32") + self.paint("─" * (size - full), _DIM) + percent
        room = self.width - (cells(plain(bar)) + 2 if bar else 0)
        shown = cut(_joined(head, parts, room), room)
        painted = self.paint(shown[: len(head)], colour) + shown[len(head) :]
        return f"{bar}  {painted}" if bar else painted


def _joined(head: str, parts: list[str], room: int) -> str:
    """Return what there is room for: rather the counts without words than no time that is left."""
    text = " · ".join(filter(None, [head, *parts]))
    if cells(text) <= room:
        return text
    text = head
    for part in (_WORD.sub("", parts[0]), *parts[1:]):
        if part and cells(text) + 3 + cells(part) <= room:
            text += f" · {part}"
    return text


def _code(lines: list[str]) -> list[str]:
    """Return the first piece of an evaluation error: the code, without where it stands."""
    shown = [each for each in lines if not each.strip().startswith("at ")]
    while shown and not shown[0].strip():
        shown.pop(0)
    end = next((i for i, each in enumerate(shown) if not each.strip()), len(shown))
    return shown[:end]


_MOVING = (NodeState.WAITING, NodeState.RUNNING)


def _head(summary: Summary) -> tuple[str, str]:
    if summary.phase == "done":
        number = f"generation {summary.generation} is ready" if summary.generation else "done"
        return f"● {number}", "1;32"
    if summary.phase == "failed":
        return "✕ failed", _RED
    # The tree names what is built: here it would only take room.
    if summary.phase in ("build", "download"):
        return _BUSY[summary.phase], _BOLD
    return summary.what or summary.phase, _BOLD


def _counts(summary: Summary, build: Build) -> list[str]:
    over = summary.phase in ("done", "failed")
    stopped = build.count(NodeKind.BUILD, NodeState.INTERRUPTED)
    downloads = f"↓ {summary.downloads_done}"
    if not over or summary.downloads_done != summary.downloads_total:
        downloads += f"/{summary.downloads_total}"
    builds = (
        (summary.builds_failed, f"✕ {summary.builds_failed} failed"),
        (summary.builds_done, f"● {summary.builds_done} built"),
        (summary.builds_running, f"◐ {summary.builds_running}"),
        (summary.builds_waiting, f"○ {summary.builds_waiting} waiting"),
        (stopped, f"⊘ {stopped} not built"),
    )
    rest = (
        (summary.downloads_total, f"{downloads} downloaded"),
        (summary.warnings, f"{summary.warnings} warning{'s' * (summary.warnings > 1)}"),
    )
    return [
        "  ".join(text for number, text in builds if number),
        *(text for number, text in rest if number),
    ]


def _note(node: Node) -> str:
    """Return what is said after a name."""
    if node.error:
        return node.error
    parts = []
    if node.state is NodeState.RUNNING and node.phase:
        parts.append(node.phase)
    if node.machine:
        parts.append(f"on {node.machine}")
    return " ".join(parts)


def _right(node: Node, now: float) -> str:
    """Return what stands at the right: bytes, and how long it takes, took or may take."""
    parts = []
    if node.total and node.state is NodeState.RUNNING:
        parts.append(f"{bytes_text(node.done)} / {bytes_text(node.total)}")
    elif node.total:
        parts.append(bytes_text(node.total))
    spent = node.seconds(now)
    expected = f"~{seconds_text(node.expected)}" if node.expected and node.expected >= 1 else ""
    if node.state is NodeState.RUNNING and (spent >= 1 or expected):
        parts.append(seconds_text(spent) + (f" of {expected}" if expected else ""))
    elif node.state is NodeState.WAITING and expected:
        parts.append(expected)
    elif spent >= 1:
        parts.append(seconds_text(spent))
    return "  ".join(parts)


def _wrapped(text: str, width: int) -> list[str]:
    lines, line = [], " "
    for word in text.split():
        if cells(line) + 1 + cells(word) > width and line.strip():
            lines.append(line)
            line = "   "
        line += f" {word}"
    return [cut(each, width) for each in (*lines, line)]
