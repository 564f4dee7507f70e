"""What a push or a pull would do, as lines: what matters most first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.cli import output, sync_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.projects import Project
    from mnix_tui.sync.model import Action, FolderSize, Preview

PATHS = 12
"""So many paths are named one by one; more are counted by folder, on a terminal."""
_WOULD = {
    "push": "would push {} to {}",
    "pull": "would pull {} from {}",
    "both": "would sync {} with {}",
}
_RED, _YELLOW, _BOLD, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[m"
_FIRST = {"secret": 0, "large": 1, "heavy": 2}


@dataclass(frozen=True)
class Paper:
    """How it is written."""

    width: int | None = None
    """Columns of the terminal; ``None``: nothing is cut."""
    most: int | None = None
    """Lines of one kind, at most; ``None``: all."""
    colour: bool = False

    def fit(self, path: str, taken: int) -> str:
        """Return a path that fits beside ``taken`` columns, with its middle left out if need be."""
        shown = output.visible(path)
        if self.width is None:
            return shown
        room = max(12, self.width - taken)
        if output.width(shown) <= room:
            return shown
        tail = ""
        for char in reversed(shown):
            if output.width(char + tail) > (room - 1) * 2 // 3:
                break
            tail = char + tail
        return f"{output.cut(shown, room - 1 - output.width(tail))}…{tail}"

    def styled(self, sgr: str, text: str) -> str:
        """Return text in a style, where there are colours."""
        return f"{sgr}{text}{_PLAIN}" if self.colour else text

    def some(self, lines: Sequence[str], what: str, more: int = 0) -> list[str]:
        """Return the first lines, and how many more there are."""
        shown = list(lines if self.most is None else lines[: self.most])
        hidden = len(lines) - len(shown) + more
        return [*shown, *([f"  … and {output.count(hidden, f'more {what}')}"] * (hidden > 0))]

    def pairs(self, found: Sequence[tuple[str, str, str]], sgr: str = "") -> list[str]:
        """Return lines of a sign, a path and a text about it, the texts below each other."""
        if not found:
            return []
        widest = 40 if self.width is None else max(24, self.width - 36)
        paths = [self.fit(path, 6 + min(output.width(text), 30)) for _, path, text in found]
        column = min(max(output.width(each) for each in paths), widest)
        shown = []
        for (sign, _, text), path in zip(found, paths, strict=True):
            gap = " " * max(0, column - output.width(path))
            begin = f"  {sign}{path}"
            rest = self.fit(text, output.width(begin) + len(gap) + 3)
            shown.append((self.styled(sgr, begin) if sgr else begin) + f"{gap}  {rest}".rstrip())
        return shown


def lines(preview: Preview, project: Project, naming: str, paper: Paper) -> list[str]:
    """Return a preview as lines."""
    server = output.visible(project.server)
    found = [_head(preview, project, server)]
    found += _refused(preview, naming, paper)
    found += _warnings(preview, paper)
    found += _conflicts(preview, naming, paper)
    plan = preview.plan
    found += _moved("to send", plan.send, preview.send_folders, paper)
    found += _moved("to fetch", plan.fetch, preview.fetch_folders, paper)
    for title, deleted in (
        (f"to delete on {server}; the trash there keeps it", plan.delete_there),
        ("to delete here; the trash here keeps it", plan.delete_here),
    ):
        found += _listed(title, [each.path for each in deleted], paper, _RED)
    found += _listed(
        f"only {server} changed or deleted, and stays: mnix pull{naming} fetches",
        plan.keep_there,
        paper,
    )
    found += _listed(
        f"changed or deleted only here, and stays: mnix push{naming} sends", plan.keep_here, paper
    )
    withheld = [each.path for each in plan.withheld]
    found += _listed("never fetched, because git here would obey it", withheld, paper)
    found += _ignored(preview, paper)
    if preview.notes:
        shown = [f"  {output.visible(each)}" for each in preview.notes]
        found += [paper.styled(_BOLD, "notes"), *paper.some(shown, "note")]
    return found


def _head(preview: Preview, project: Project, server: str) -> str:
    totals = preview.plan.totals()
    would = _WOULD[preview.direction].format(output.visible(project.name), server)
    deleted = "delete {:,}" if preview.direction != "both" else "delete {:,} {}"
    said = [
        f"send {totals.send:,} ({output.size(totals.send_bytes)})" if totals.send else "",
        f"fetch {totals.fetch:,} ({output.size(totals.fetch_bytes)})" if totals.fetch else "",
        deleted.format(totals.delete_there, "there") if totals.delete_there else "",
        deleted.format(totals.delete_here, "here") if totals.delete_here else "",
        f"keep {totals.keep_there + totals.keep_here:,}"
        if totals.keep_there or totals.keep_here
        else "",
        output.count(totals.conflicts, "conflict") if totals.conflicts else "",
    ]
    said = [each for each in said if each]
    return f"{would}: {', '.join(said) or 'nothing to do'}"


def _refused(preview: Preview, naming: str, paper: Paper) -> list[str]:
    if not preview.refused:
        return []
    command = "pull" if preview.direction == "pull" else "push"
    said = f"nothing of this is done: {output.visible(preview.refused)}"
    return [
        paper.styled(_BOLD + _RED, said),
        f"  → if that is meant: mnix {command}{naming} --allow-empty",
    ]


def _warnings(preview: Preview, paper: Paper) -> list[str]:
    if not preview.warnings:
        return []
    found = sorted(preview.warnings, key=lambda each: (_FIRST.get(each.kind, 9), each.path))
    shown = paper.pairs([("! ", each.path, output.visible(each.text)) for each in found], _YELLOW)
    title = paper.styled(_BOLD + _YELLOW, "look at this before it is sent for the first time")
    shown = paper.some(shown, "warning", preview.warnings_more)
    return [title, *shown, "  → leave something out: a line in .gitignore or .mnixignore"]


def _conflicts(preview: Preview, naming: str, paper: Paper) -> list[str]:
    found = preview.plan.conflicts
    if not found:
        return []
    shown = paper.pairs([("✕ ", each.path, sync_report.conflict(each)) for each in found], _RED)
    hints = [f"  → {hint}" for hint in sync_report.conflict_hints(found, naming)]
    title = paper.styled(_BOLD + _RED, "in conflict, and left alone on both sides")
    return [title, *paper.some(shown, "conflict"), *hints]


def _moved(
    title: str, actions: Sequence[Action], folders: Sequence[FolderSize], paper: Paper
) -> list[str]:
    """Return what moves: by folder where it is much, and each path where somebody can read it."""
    if not actions:
        return []
    found = [paper.styled(_BOLD, title)]
    if len(actions) > PATHS:
        shown = []
        for each in folders:
            files = output.count(each.files, "file")
            path = f"{each.path}/" if each.path else "./"
            shown.append(f"  {output.size(each.bytes):>10}  {files:>13}  {paper.fit(path, 29)}")
        found += paper.some(shown, "folder")
    if paper.most is None or len(actions) <= PATHS:
        found += [_action(each, paper) for each in actions]
    return found


def _action(each: Action, paper: Paper) -> str:
    sign = "+" if each.before is None else "~"
    folder = each.state is not None and each.state.kind == "d"
    size = "mode" if each.mode_only else "" if folder else output.size(each.size)
    return f"  {size:>10}  {sign} {paper.fit(each.path + '/' * folder, 16)}"


def _listed(title: str, paths: Sequence[str], paper: Paper, sgr: str = "") -> list[str]:
    if not paths:
        return []
    shown = [
        f"  {paper.styled(sgr, paper.fit(each, 2)) if sgr else paper.fit(each, 2)}"
        for each in paths
    ]
    return [paper.styled(_BOLD, title), *paper.some(shown, "path")]


def _ignored(preview: Preview, paper: Paper) -> list[str]:
    if not preview.ignored:
        return []
    found = []
    for each in preview.ignored:
        why = ": ".join(output.visible(part) for part in (each.source, each.rule) if part)
        found.append(("", each.path, why))
    shown = paper.some(paper.pairs(found), "path", preview.ignored_more)
    return [paper.styled(_BOLD, "ignored"), *shown]
