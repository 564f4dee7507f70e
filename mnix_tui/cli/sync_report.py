"""What a push, a pull or both ways did, as one line, and what to type next. Pure but for printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.cli import output, paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mnix_tui.domain.projects import Project
    from mnix_tui.sync.model import Conflict, Skipped, SyncReport
    from server_agent.trees.model import State

FEW = 3
"""Names that stand in a line of text."""
SOME = 10
"""Lines of one kind that are said beside the result."""
DID = {"push": "pushed {} to {}", "pull": "pulled {} from {}", "both": "synced {} with {}"}
_WHY = {
    "changed": "it changed meanwhile",
    "vanished": "it vanished meanwhile",
    "not-empty": "the folder holds something else",
    "unreadable": "it can't be read",
    "read-only": "its folder can't be written there",
    "busy": "something is mounted there",
    "link-out": "the link leads out of the project",
    "clash": "another name there differs in its case only: rename one",
    "name": "the file system there doesn't take its name",
    "damaged": "it arrived damaged: try again",
    "basis": "what it was to be made from changed there: try again",
    "part": "what came of it before is gone: try again",
}
_KINDS = {"f": "file", "l": "link", "d": "folder"}


def line(report: SyncReport, project: Project, took: float | None = None) -> str:
    """Return in one line what was done, what was left, and what is in conflict.

    ``took`` are the seconds that a person waited; else those of the transfer alone.
    """
    server = output.visible(project.server)
    did = DID[report.direction].format(output.visible(project.name), server)
    travelled = output.size(report.bytes_sent + report.bytes_received)
    about = (
        ""
        if report.nothing
        else f" ({output.seconds(report.seconds if took is None else took)}, {travelled})"
    )
    older = report.trashed_there + report.trashed_here
    trashed = [f"{older:,} older in the trash"] if older else []
    return f"{did}{about}: {', '.join(done(report) + trashed + left(report, server))}"


def done(report: SyncReport) -> list[str]:
    """Return what was moved, in a few words each; ``nothing to …`` if nothing was."""
    both = report.direction == "both"
    counts = (
        (len(report.sent), "sent"),
        (len(report.fetched), "fetched"),
        (len(report.deleted_there), "deleted there" if both else "deleted"),
        (len(report.deleted_here), "deleted here"),
    )
    said = [f"{number:,} {what}" for number, what in counts if number]
    nothing = {"push": "nothing to send", "pull": "nothing to fetch", "both": "nothing to do"}
    return said if not report.nothing else [nothing[report.direction]]


def left(report: SyncReport, server: str) -> list[str]:
    """Return what was not moved."""
    counts = (
        (len(report.kept_there), f"kept that only {server} changed"),
        (len(report.kept_here), "kept that changed only here"),
        (len(report.skipped), "skipped"),
    )
    said = [f"{number:,} {what}" for number, what in counts if number]
    if report.conflicts:
        said.append(output.count(len(report.conflicts), "conflict"))
    return said


def beside(report: SyncReport, server: str, naming: str) -> list[str]:
    """Return what a person has to know besides: notes, what was left and why, what to type."""
    said = [f"mnix: {note}" for note in some([output.visible(each) for each in report.notes])]
    said += [f"mnix: {each}" for each in some([skipped(each, server) for each in report.skipped])]
    if report.skipped:
        again = {"push": "mnix push", "pull": "mnix pull", "both": "mnix push"}[report.direction]
        said.append(f"  → try again: {again}{naming}")
    server = output.visible(server)
    if report.kept_there:
        said.append(f"mnix: only {server} changed {few(report.kept_there)}")
        said.append(f"  → fetch: mnix pull{naming}")
    if report.kept_here:
        said.append(f"mnix: changed or deleted only here: {few(report.kept_here)}")
        said.append(f"  → send: mnix push{naming}")
    if report.conflicts:
        shown = [f"{output.visible(each.path)}: {conflict(each)}" for each in report.conflicts]
        said += [f"mnix: conflict: {each}" for each in some(shown)]
        said += [f"  → {hint}" for hint in conflict_hints(report.conflicts, naming)]
    return said


def conflict_hints(conflicts: Sequence[Conflict], naming: str) -> list[str]:
    """Return what to type about conflicts."""
    path = paths.quoted(conflicts[0].path) if len(conflicts) == 1 else "PATH"
    return [
        f"see how they differ: mnix conflicts {path}{naming}",
        f"settle: mnix resolve {path}{naming} --here, --there or --both",
    ]


def conflict(found: Conflict) -> str:
    """Say why something is a conflict."""
    if found.kind == "git" and (found.here is None) != (found.there is None):
        return "the repository is gone on one side, and stays on the other until you choose"
    if found.kind == "git":
        return "the repository's own state changed on both sides"
    if found.kind == "folder-file":
        return "a folder on one side, and not on the other"
    if found.paths > 1:
        return f"changed on both sides, {found.paths} paths"
    return "changed on both sides"


def skipped(found: Skipped, server: str) -> str:
    """Say why something was not done."""
    where = "here" if found.where == "here" else f"on {output.visible(server)}"
    why = _WHY.get(found.reason) or output.visible(found.reason)
    return f"{output.visible(found.path)} was left as it is {where}: {why}"


def side(state: State | None) -> str:
    """Return what one side of a conflict is, in a few words."""
    if state is None:
        return "nothing"
    if state.kind != "f":
        to = f" to {output.visible(state.value)}" if state.kind == "l" else ""
        return _KINDS.get(state.kind, state.kind) + to
    return f"{output.size(state.size)}, changed {output.age(state.mtime / 1e9)}"


def few(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(output.visible(each) for each in names[:FEW])
    return shown + (f" and {len(names) - FEW:,} more" if len(names) > FEW else "")


def some(lines: Sequence[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    more = len(lines) - SOME
    return [*lines[:SOME], *([f"… and {more:,} more like that (--json lists them)"] * (more > 0))]


def unsaid(report: SyncReport) -> list[str]:
    """Return the notes of a report but those that were said before anything was sent."""
    return [each for each in report.notes if each not in report.warned]


def to_json(report: SyncReport, project: Project) -> dict[str, Any]:
    """Return a report for ``--json``, complete."""
    return {"project": project.name, "server": project.server, **report.to_json(None)}


def say(lines: Iterable[str]) -> None:
    """Write lines to stderr: they are no result."""
    for each in lines:
        output.note(each)
