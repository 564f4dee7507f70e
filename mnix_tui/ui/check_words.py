"""The checks of a server as lines: how far each is, how long it took, what mends it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from mnix_tui.domain.checks import GLYPHS, CheckState, not_shown, took, without_command
from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.checks import Check

QUIET = "$foreground-muted"
TITLE = 18
"""Columns of a check's title."""
TIME = 7
"""Columns of how long it took."""
LONGEST = 320
"""Characters of what was found: what mends it stands below, and has to be in sight."""
PATIENCE = 1.0
"""Seconds after which a check that runs says for how long."""
_STYLES = {
    CheckState.WAITING: QUIET,
    CheckState.RUNNING: "$accent",
    CheckState.OK: "$success",
    CheckState.WARN: "$warning",
    CheckState.FAILED: "$error",
    CheckState.SKIPPED: QUIET,
}


def line(check: Check, room: int, running: float = 0.0) -> Content:
    """Return one check in ``room`` columns; ``running``: for how long it has run, in seconds."""
    style = _STYLES[check.state]
    seconds = check.seconds
    if check.state is CheckState.RUNNING:
        seconds = running if running >= PATIENCE else None
    took = f"{quick(seconds):>{TIME}}"
    said = words.fit(words.plain(check.said), room - 2 - TITLE - len(took) - 2)
    return Content.assemble(
        (f"{GLYPHS[check.state]} ", style),
        (f"{words.fit(words.plain(check.title), TITLE - 1):<{TITLE}}", _title_style(check)),
        (f"{took}  ", QUIET),
        (said, style if check.state in (CheckState.WARN, CheckState.FAILED) else QUIET),
    )


def _title_style(check: Check) -> str:
    if check.state in (CheckState.WAITING, CheckState.SKIPPED):
        return QUIET
    return "bold" if check.state in (CheckState.RUNNING, CheckState.FAILED) else ""


def quick(seconds: float | None) -> str:
    """Return how long something short took (``12 ms``, ``1.4 s``); "" for ``None``."""
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else words.took(seconds)


def about(check: Check | None, *, copy: str = "", room: int = 0) -> Content:
    """Return all that is known of one check: what was found, what to do, and by which command.

    ``copy``: the key that copies the command. Nothing, where nothing is to be mended, and the
    check's line in ``room`` columns shows what was found.
    """
    if check is None or not (check.said or check.hint or check.fix):
        return Content("")
    well = check.state not in (CheckState.WARN, CheckState.FAILED)
    if well and not check.fix and len(check.said) <= room - 2 - TITLE - TIME - 2:
        return Content("")
    style = _STYLES[check.state] if check.state in (CheckState.WARN, CheckState.FAILED) else QUIET
    said, hint, fix = words.plain(check.said), words.plain(check.hint), words.plain(check.fix)
    parts = [Content.styled(words.fit(said, LONGEST), style)] if said else []
    if hint := without_command(hint, fix):
        parts.append(Content(f"→ {hint}"))
    if fix:
        keys = f"   {copy} copies it" if copy else ""
        sign = command_sign(check.fix_on)
        parts.append(Content.assemble((sign, QUIET), (fix, "$accent"), (keys, QUIET)))
    return Content("\n").join(parts)


def command_sign(server: str) -> str:
    """Return what stands before a command that is for this machine, or for a server."""
    return f"on {words.plain(server)}: $ " if server else "$ "


def copied(server: str) -> str:
    """Return what is said of a command that was copied."""
    return f"The command{f' for {words.plain(server)}' if server else ''} is in the clipboard"


def untried(checks: Sequence[Check]) -> Content | None:
    """Return a line about the checks that are not worth a line each."""
    left = not_shown(checks)
    return (
        Content.styled(f"{GLYPHS[CheckState.SKIPPED]} {words.plain(left)}", QUIET) if left else None
    )


def leading(checks: Sequence[Check]) -> int:
    """Return which check to look at: what failed, else what runs, else what could be better."""
    for state in (CheckState.FAILED, CheckState.RUNNING, CheckState.WARN):
        for at, check in enumerate(checks):
            if check.state is state:
                return at
    over = [at for at, check in enumerate(checks) if check.over]
    return over[-1] if over else 0


def result(checks: Sequence[Check]) -> tuple[str, str]:
    """Return what came of it all, and the tone of that: ``good``, ``busy`` or ``bad``."""
    states = [check.state for check in checks]
    failed, warned = states.count(CheckState.FAILED), states.count(CheckState.WARN)
    if failed:
        first = next(check for check in checks if check.state is CheckState.FAILED)
        more = f", and {failed - 1} more" if failed > 1 else ""
        return f"✕ It can't be used as it is: {words.plain(first.title)}{more}", "bad"
    if warned:
        return (
            f"! It works ({quick(took(checks))}); {words.count(warned, 'thing')} could be better",
            "busy",
        )
    return f"✓ Everything is fine ({quick(took(checks))})", "good"
