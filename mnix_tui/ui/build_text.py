"""How a rebuild is put in words: lengths of time, counts, the head line, a node's right side. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.nixlog import NodeKind, NodeState
from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.nixlog import Node, Summary

Part = tuple[str, str]
"""A piece of text, and its tone: ``good``, ``busy``, ``bad``, ``accent``, ``quiet``, ``rest`` or ""."""

SPINNER = "◐◓◑◒"
SPINS = 4
"""Shapes of the spinner in a second."""
GLYPHS = {
    NodeState.WAITING: "○",
    NodeState.RUNNING: SPINNER[0],
    NodeState.DONE: "●",
    NodeState.FAILED: "✕",
    NodeState.INTERRUPTED: "⊘",
}
TONES = {
    NodeState.WAITING: "quiet",
    NodeState.RUNNING: "busy",
    NodeState.DONE: "good",
    NodeState.FAILED: "bad",
    NodeState.INTERRUPTED: "quiet",
}
_PHASES = {
    "prepare": "preparing",
    "evaluate": "evaluating the flake",
    "build": "building",
    "download": "downloading",
    "warm-up": "running the warm-up command",
    "switch": "switching to it",
    "done": "done",
    "failed": "failed",
}


def length(seconds: float) -> str:
    """Return a length of time in at most seven characters (``0.4s``, ``42s``, ``3m 05s``, ``1h 02m``)."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours < 100 else f"{hours // 24}d {hours % 24:02}h"


def about(seconds: float) -> str:
    """Return a length of time that nobody knows exactly (``~40s``, ``~3m``)."""
    if seconds < 60:
        return f"~{max(round(seconds / 5) * 5, 5) if seconds >= 10 else max(round(seconds), 1)}s"
    if seconds < 570:
        minutes, rest = divmod(round(seconds / 10) * 10, 60)
        return f"~{minutes}m {rest:02}s" if rest else f"~{minutes}m"
    minutes = round(seconds / 60)
    return f"~{minutes}m" if minutes < 60 else f"~{minutes // 60}h {minutes % 60:02}m"


def spin(now: float) -> str:
    """Return the spinner's shape at a time."""
    return SPINNER[int(now * SPINS) % len(SPINNER)]


def phase(name: str) -> str:
    """Return a builder's phase as people say it (``buildPhase`` is ``build``)."""
    return words.plain(name.removesuffix("Phase"))


def doing(summary: Summary) -> str:
    """Return what is being done right now."""
    return words.plain(summary.what) or _PHASES.get(summary.phase, summary.phase)


def counts(summary: Summary, *, live: bool, short: bool) -> list[Part]:
    """Return how many things are built, waiting, failed and downloaded; zeros are left out."""
    parts: list[Part] = []

    def say(glyph: str, number: int, what: str, tone: str) -> None:
        if number:
            parts.append((f"{glyph} {number}" if short else f"{glyph} {number} {what}", tone))

    say("✕", summary.builds_failed, "failed", "bad")
    say("●", summary.builds_done, "built", "good")
    say("◐", summary.builds_running if live else 0, "running", "busy")
    say("○", summary.builds_waiting, "waiting", "quiet")
    if summary.downloads_total:
        some = summary.downloads_done < summary.downloads_total
        number = (
            f"{summary.downloads_done}/{summary.downloads_total}"
            if some
            else (f"{summary.downloads_total}")
        )
        size = _bytes(summary.bytes_done, summary.bytes_total if some else 0)
        text = f"↓ {number}" if short else f"↓ {number} downloaded"
        parts.append((f"{text} {size}".rstrip(), "accent" if some and live else "quiet"))
    if summary.warnings and not short:
        parts.append((words.count(summary.warnings, "warning"), "busy"))
    return parts


def _bytes(done: int, total: int) -> str:
    if not total or total <= done:
        return words.size(done) if done else ""
    of = words.size(total)
    had = words.size(done)
    if had.split()[1] == of.split()[1]:
        had = had.split()[0]  # one unit is enough
    return f"{had}/{of}"


def name(node: Node) -> str:
    """Return what a node is called in the tree: what comes over the network has an arrow."""
    comes = node.kind in (NodeKind.DOWNLOAD, NodeKind.FETCH)
    return f"↓ {words.plain(node.name)}" if comes else words.plain(node.name)


def notes(node: Node) -> list[Part]:
    """Return what is said behind a node's name."""
    parts: list[Part] = []
    if node.state is NodeState.RUNNING and node.phase:
        parts.append((phase(node.phase), "accent"))
    elif node.state is NodeState.FAILED:
        where = f"{phase(node.phase)}: " if node.phase else ""
        why = words.plain(node.error).removeprefix("failed with ")
        parts.append((f"{where}{why}".rstrip(": ") or "failed", "bad"))
    elif node.state is NodeState.INTERRUPTED and node.started is not None:
        parts.append(("stopped", "quiet"))
    if node.machine:
        parts.append((f"on {words.plain(node.machine)}", "quiet"))
    return parts


def share(node: Node, now: float) -> float | None:
    """Return how much of a running node is done, from 0 to 1; ``None`` where nobody can know."""
    if node.state is not NodeState.RUNNING:
        return None
    if node.total:
        return min(node.done / node.total, 1.0)
    if node.expected:
        return min(node.seconds(now) / node.expected, 0.99)
    return None


def times(node: Node, now: float) -> tuple[Part, Part]:
    """Return what stands at a row's end: bytes or what is expected, and how long it took so far."""
    tone = TONES[node.state]
    took = node.seconds(now)
    spent: Part = ("", "")
    if node.started is not None and (took >= 0.05 or node.state is NodeState.RUNNING):
        running = node.state is NodeState.RUNNING
        spent = (length(took), tone if running or node.state is NodeState.FAILED else "quiet")
    if node.total or node.done:
        running = node.state is NodeState.RUNNING
        return (_bytes(node.done, node.total if running else 0), "quiet"), spent
    if node.expected and node.state in (NodeState.RUNNING, NodeState.WAITING):
        late = node.state is NodeState.RUNNING and took > 1.5 * node.expected + 5
        return (f"of {about(node.expected)}", "busy" if late else "quiet"), spent
    return ("", ""), spent
