"""How what a push or a pull would do is written, and what one did. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.ui import conflict_words, paths, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.sync.model import Action, FolderSize, Preview, SyncReport, Warned
    from mnix_tui.ui.widgets.lines import Parts

FOLDERS = 40
"""Folders that are listed of one direction."""
FILES = 2_000
"""Files that are listed of one kind."""
FEW = 12
"""Files of a quieter kind that are listed beside folders."""
_METER = 12
_MOMENT = 0.1
"""Seconds that are not worth a word."""
_TOP = "files at the top"


@dataclass(frozen=True)
class Shape:
    """How it is laid out."""

    server: str
    width: int
    files: bool = False
    """Every file, instead of sizes by folder."""


def headline(preview: Preview, server: str) -> Parts:
    """Say in one line what would be done."""
    totals = preview.plan.totals()
    parts: list[tuple[str, str]] = []
    if totals.send:
        size = f", {words.size(totals.send_bytes)}" if totals.send_bytes else ""
        parts.append((f"↑ {words.count(totals.send, 'file')} to {server}{size}", "good"))
    if totals.fetch:
        size = f", {words.size(totals.fetch_bytes)}" if totals.fetch_bytes else ""
        parts.append((f"↓ {words.count(totals.fetch, 'file')} to here{size}", "good"))
    if totals.delete_there:
        parts.append((f"✕ {totals.delete_there} to delete on {server}", "busy"))
    if totals.delete_here:
        parts.append((f"✕ {totals.delete_here} to delete here", "busy"))
    if totals.conflicts:
        parts.append((f"! {words.count(totals.conflicts, 'conflict')}", "bad"))
    kept = totals.keep_there + totals.keep_here
    if kept:
        parts.append((f"○ {kept} kept", "idle"))
    if not parts:
        return [("● ", "good"), (f"Nothing to do: here and on {server} everything is the same", "")]
    joined: Parts = []
    for part in parts:
        joined += [("   ", ""), part] if joined else [part]
    return joined


def lines(preview: Preview, shape: Shape) -> list[Parts]:
    """Return all of it: warnings first, then what moves, what goes, what stays, what is ignored."""
    plan, server = preview.plan, shape.server
    told = _refused(preview, shape.width)
    told += _warnings(preview)
    told += _moving(f"↑ To {server}", plan.send, preview.send_folders, shape)
    told += _moving("↓ To here", plan.fetch, preview.fetch_folders, shape)
    trash = "each goes to the trash first"
    told += _listed(f"✕ Deleted on {server}", trash, _paths(plan.delete_there), shape, "busy")
    told += _listed("✕ Deleted here", trash, _paths(plan.delete_here), shape, "busy")
    told += _conflicts(preview, shape)
    fetches = "" if preview.direction == "both" else "a pull fetches it"
    told += _listed(f"○ Kept: changed only on {server}", fetches, plan.keep_there, shape, "idle")
    told += _listed("○ Kept: changed only here", "a push sends it", plan.keep_here, shape, "idle")
    told += _withheld(plan.withheld, shape)
    told += _ignored(preview, shape)
    if preview.notes:
        told += [[("To know", "head")], *([(f"  {words.plain(n)}", "idle")] for n in preview.notes)]
        told.append([])
    return told[:-1] if told and not told[-1] else told


def _refused(preview: Preview, width: int) -> list[Parts]:
    if not preview.refused:
        return []
    why = textwrap.wrap(words.plain(preview.refused), max(width - 3, 12))
    return [
        [("▌ ", "bad"), ("Nothing of this is done unless it is meant (Y)", "head")],
        *([("▌ ", "bad"), (line, "bad")] for line in why),
        [],
    ]


def _warnings(preview: Preview) -> list[Parts]:
    told: list[Parts] = []
    tones = {"secret": "bad", "large": "busy", "heavy": "busy"}
    for one in preview.warnings:
        tone = tones.get(one.kind, "busy")
        path, text = paths.fit(one.path, 60), _warning_text(one)
        told.append([("▌ ", tone), (path, "head"), (f"  {text}", "idle")])
    if preview.warnings_more:
        told.append([("▌ ", "busy"), (f"and {preview.warnings_more} more like these", "idle")])
    if told:
        told.append([("▌ ", "busy"), (".mnixignore keeps a file here: one pattern a line", "idle")])
        told.append([])
    return told


def _warning_text(one: Warned) -> str:
    return words.plain(one.text)


def _moving(
    title: str, actions: Sequence[Action], folders: Sequence[FolderSize], shape: Shape
) -> list[Parts]:
    if not actions:
        return []
    new = sum(action.before is None for action in actions)
    changed = len(actions) - new
    what = [f"{new} new"] if new else []
    what += [f"{changed} changed"] if changed else []
    told: list[Parts] = [[(title, "head"), (f"  {', '.join(what)}", "idle")]]
    if shape.files or not folders:
        told += _files(actions, shape)
    else:
        told += _folders(folders, shape)
    return [*told, []]


def _folders(folders: Sequence[FolderSize], shape: Shape) -> list[Parts]:
    most = max((one.bytes for one in folders), default=0)
    meter = _METER if shape.width >= 70 else 0
    width = max(shape.width - 2 - 11 - 11 - meter - (2 if meter else 0), 12)
    told: list[Parts] = []
    for one in folders[:FOLDERS]:
        name = paths.column(f"{one.path}/", width) if one.path else f"{_TOP:<{width}}"
        line: Parts = [
            ("  ", ""),
            (name, "" if one.path else "idle"),
            (f"{words.count(one.files, 'file'):>11}", "idle"),
            (f"{words.size(one.bytes):>11}", ""),
        ]
        if meter:
            line += [("  ", ""), (_bar(one.bytes, most, meter), "accent")]
        told.append(line)
    if len(folders) > FOLDERS:
        rest = folders[FOLDERS:]
        size = words.size(sum(one.bytes for one in rest))
        told.append([(f"  and {words.count(len(rest), 'smaller folder')}, {size}", "idle")])
    return told


def _bar(part: int, most: int, width: int) -> str:
    """Return a bar without a ground: what is small should look small."""
    return "━" * max(round(part / most * width), 1) if part else ""


def _files(actions: Sequence[Action], shape: Shape) -> list[Parts]:
    width = max(shape.width - 4 - 11, 12)
    told: list[Parts] = []
    for action in actions[:FILES]:
        sign, tone = ("+", "good") if action.before is None else ("~", "busy")
        size = words.size(action.size) if action.size else _kind(action)
        path = paths.column(action.path, width)
        told.append([(f"  {sign} ", tone), (path, ""), (f"{size:>11}", "idle")])
    if len(actions) > FILES:
        told.append([(f"  and {len(actions) - FILES} more", "idle")])
    return told


def _kind(action: Action) -> str:
    if action.mode_only:
        return "permissions"
    kind = action.state.kind if action.state is not None else ""
    return {"l": "link", "d": "folder"}.get(kind, "empty")


def _paths(actions: Sequence[Action]) -> list[str]:
    return [action.path for action in actions]


def _listed(title: str, note: str, listed: Sequence[str], shape: Shape, tone: str) -> list[Parts]:
    if not listed:
        return []
    most = FILES if shape.files else FEW
    told: list[Parts] = [[(f"{title} ({len(listed)})", "head"), (f"  {note}", "idle")]]
    told += [[("  ", ""), (paths.fit(path, shape.width - 3), tone)] for path in listed[:most]]
    if len(listed) > most:
        told.append([(f"  and {len(listed) - most} more", "idle")])
    return [*told, []]


def _conflicts(preview: Preview, shape: Shape) -> list[Parts]:
    conflicts = preview.plan.conflicts
    if not conflicts:
        return []
    title = f"! Conflicts ({len(conflicts)})"
    told: list[Parts] = [[(title, "head"), ("  nothing of them is touched: c chooses", "idle")]]
    most = FILES if shape.files else FEW
    for one in conflicts[:most]:
        why = conflict_words.reason(one.kind, shape.server)
        room = max(shape.width - len(why) - 5, 12)
        told.append([("  ", ""), (paths.column(one.path, room), "bad"), (f" {why}", "idle")])
    if len(conflicts) > most:
        told.append([(f"  and {len(conflicts) - most} more", "idle")])
    return [*told, []]


def _withheld(actions: Sequence[Action], shape: Shape) -> list[Parts]:
    title = f"○ Never fetched ({len(actions)})"
    listed = _listed(title, "", _paths(actions), shape, "idle")
    if listed:
        listed[0] = [(title, "head"), ("  git here would obey it", "idle")]
    return listed


def _ignored(preview: Preview, shape: Shape) -> list[Parts]:
    ignored, more = preview.ignored, preview.ignored_more
    if not ignored and not more:
        return []
    most = FILES if shape.files else FEW
    count = len(ignored) + more
    told: list[Parts] = [[(f"– Ignored ({count})", "head"), ("  these stay here", "idle")]]
    rules = [_rule(one.rule, one.source) for one in ignored[:most]]
    wide = min(max((len(rule) for rule in rules), default=0), shape.width // 2)
    for one, rule in zip(ignored[:most], rules, strict=True):
        room = max(shape.width - wide - 5, 12)
        path = paths.column(one.path, room)
        told.append([("  ", ""), (path, ""), (f" {words.fit(rule, wide)}", "idle")])
    if count > most:
        told.append([(f"  and {count - min(most, len(ignored))} more", "idle")])
    return [*told, []]


def _rule(rule: str, source: str) -> str:
    return "  ".join(words.plain(part) for part in (rule, source) if part)


def done(report: SyncReport, server: str) -> str:
    """Say in a few words what a synchronisation did (``pushed 12 files (3.4 MiB) in 0.4 s``)."""
    parts = []
    if report.sent:
        size = words.size(report.bytes_sent)
        parts.append(f"sent {words.count(len(report.sent), 'file')} ({size})")
    if report.fetched:
        size = words.size(report.bytes_received)
        parts.append(f"fetched {words.count(len(report.fetched), 'file')} ({size})")
    if report.deleted_there:
        parts.append(f"deleted {len(report.deleted_there)} on {server}")
    if report.deleted_here:
        parts.append(f"deleted {len(report.deleted_here)} here")
    if not parts:
        return (
            f"nothing to do: here and on {server} it is the same"
            if not left(report)
            else ("nothing was moved")
        )
    text = ", ".join(parts)
    return f"{text} in {words.took(report.seconds)}" if report.seconds >= _MOMENT else text


def left(report: SyncReport) -> str:
    """Say what was left as it is: conflicts, what is only on the other side, what was skipped."""
    parts = []
    if report.conflicts:
        parts.append(f"{words.count(len(report.conflicts), 'conflict')} (c chooses)")
    if report.kept_there:
        parts.append(f"{len(report.kept_there)} changed only there (P fetches)")
    if report.kept_here:
        parts.append(f"{len(report.kept_here)} changed only here (p sends)")
    if report.skipped:
        reasons = Counter(words.plain(one.reason) for one in report.skipped)
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
        parts.append(f"{len(report.skipped)} skipped: {why}")
    return " · ".join(parts)
