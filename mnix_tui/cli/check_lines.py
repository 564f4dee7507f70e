"""A server's checks as lines of text: how far each is, how long it took, what mends it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.cli import output
from mnix_tui.domain.checks import GLYPHS, TITLES, CheckState, not_shown, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.checks import Check

PATIENCE = 1.0
"""Seconds after which a check that runs says for how long."""
_TITLE = max(map(len, TITLES.values()))
_TIME = 7
_COLOURS = {
    CheckState.RUNNING: "\x1b[36m",
    CheckState.OK: "\x1b[32m",
    CheckState.WARN: "\x1b[33m",
    CheckState.FAILED: "\x1b[31m",
    CheckState.WAITING: "\x1b[2m",
    CheckState.SKIPPED: "\x1b[2m",
}
_PLAIN = "\x1b[m"
_BAD = (CheckState.WARN, CheckState.FAILED)


def line(check: Check, *, colour: bool = False, cols: int = 0, running: float = 0.0) -> str:
    """Return one check as a line, cut at ``cols``; ``running``: for how long it has run."""
    seconds = check.seconds
    if check.state is CheckState.RUNNING:
        seconds = running if running >= PATIENCE else None
    glyph = GLYPHS[check.state]
    text = f"{check.title:<{_TITLE}}  {quick(seconds):>{_TIME}}  {output.visible(check.said)}"
    text = text.rstrip()
    if cols:
        text = output.cut(text, cols - 4)
    if not colour:
        return f"  {glyph} {text}"
    style = _COLOURS[check.state]
    if check.state in (CheckState.WAITING, CheckState.SKIPPED):
        return f"  {style}{glyph} {text}{_PLAIN}"
    return f"  {style}{glyph}{_PLAIN} {text}"


def advice(check: Check) -> list[str]:
    """Return what to do about a check that did not go well: words, and the command."""
    if check.state not in _BAD:
        return []
    lines = [f"      → {output.visible(check.hint)}"] if check.hint else []
    there = f"on {check.fix_on}: " if check.fix_on else ""
    return lines + ([f"      {output.visible(f'{there}$ {check.fix}')}"] if check.fix else [])


def verdict(checks: Sequence[Check]) -> str:
    """Return what came of it all, in one line."""
    states = [check.state for check in checks]
    if failed := states.count(CheckState.FAILED):
        first = next(check for check in checks if check.state is CheckState.FAILED)
        more = f", and {failed - 1} more" if failed > 1 else ""
        return f"✕ failed: {first.title}{more}"
    if warned := states.count(CheckState.WARN):
        return f"! it works; {output.count(warned, 'thing')} could be better"
    return "✓ everything is fine"


def report(checks: Sequence[Check], *, colour: bool = False) -> list[str]:
    """Return the checks that are worth a line, each with what to do about it, and what is left."""
    lines = [
        each for check in shown(checks) for each in (line(check, colour=colour), *advice(check))
    ]
    if left := not_shown(checks):
        glyph, style = GLYPHS[CheckState.SKIPPED], _COLOURS[CheckState.SKIPPED]
        text = f"{glyph} {output.visible(left)}"
        lines.append(f"  {style}{text}{_PLAIN}" if colour else f"  {text}")
    return lines


def quick(seconds: float | None) -> str:
    """Return how long something short took (``12 ms``, ``1.4 s``); "" for ``None``."""
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else output.seconds(seconds)
