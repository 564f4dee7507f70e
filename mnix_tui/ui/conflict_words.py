"""How conflicts and the difference between two copies are written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.domain.sync import ConflictDiff, Side
    from mnix_tui.ui.widgets.lines import Parts

CHOICES = {"here": "◂ here", "there": "▸ there", "both": "◆ both", "": "· open"}
"""How a choice stands beside its path."""
TONES = {"here": "good", "there": "accent", "both": "busy", "": "idle"}
_KINDS = {"f": "file", "l": "link", "d": "folder"}


def reason(kind: str, server: str) -> str:
    """Say why a path is a conflict."""
    if kind == "git":
        return f"the repository moved here and on {server}"
    if kind == "folder-file":
        return "a folder on one side, a file on the other"
    return f"changed here and on {server}"


def choice(value: str, server: str) -> str:
    """Say what a choice will do."""
    return {
        "here": f"here stays; {server}'s goes to the trash there",
        "there": f"{server}'s stays; the one here goes to the trash here",
        "both": f"both stay; {server}'s copy gets a name of its own",
    }.get(value, "nothing is touched until you choose")


def side(one: Side, now: float) -> str:
    """Return what is on one side, in a few words."""
    if not one.kind:
        return "nothing"
    parts = [_KINDS.get(one.kind, one.kind)]
    if one.kind == "f":
        parts.append(words.size(one.size))
    if one.mtime is not None:
        parts.append(words.ago(one.mtime, now))
    if one.kind == "f" and one.mode & 0o111:
        parts.append("executable")
    return " · ".join(parts)


def diff_lines(diff: ConflictDiff, server: str, now: float) -> list[Parts]:
    """Return the difference as lines: both sides first, then what differs."""
    lines: list[Parts] = [
        [("− ", "bad"), (f"on {server}  ", ""), (side(diff.there, now), "idle")],
        [("+ ", "good"), ("here  ", ""), (side(diff.here, now), "idle")],
        [],
    ]
    shown = [line for line in diff.lines if not line.startswith(("---", "+++"))]
    if diff.binary:
        lines.append([("No text, or too long: it can't be compared line by line.", "idle")])
    elif not shown:
        lines.append([(_alike(diff), "idle")])
    for at, line in enumerate(shown):
        if at and line.startswith("@@"):
            lines.append([])
        lines.append(_diff_line(line))
    if diff.more:
        lines.append([(f"and {words.count(diff.more, 'more line')}", "idle")])
    return lines


def _alike(diff: ConflictDiff) -> str:
    here, there = diff.here, diff.there
    if here.kind != there.kind:
        return "They are of different kinds."
    if here.kind == "f" and here.mode != there.mode:
        return f"The same text; permissions {here.mode:o} here, {there.mode:o} there."
    return "The same text."


def _diff_line(text: str) -> Parts:
    tones = {"+": "good", "-": "bad", "@": "accent"}
    return [(words.visible(text), tones.get(text[:1], "idle"))]
