"""``mnix watch``: changes are on the server as they come."""

from __future__ import annotations

import sys
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import click

from mnix_tui.cli import output, own_terminal, sync_report, target
from mnix_tui.cli.lifecycle import one_project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mnix_tui.cli.context import Context
    from mnix_tui.cli.target import Target
    from mnix_tui.domain.projects import Project
    from mnix_tui.errors import MnixError
    from mnix_tui.sync.model import SyncReport
    from mnix_tui.sync.watch import WatchEvent

NAMED = 10
"""Paths of one transfer that are named in a pipe: --json has all."""


@click.command(short_help="Send changes as they come, until ctrl-c.")
@click.option("--json", "as_json", is_flag=True, help="Print events, one JSON object a line.")
@one_project
def watch(context: Context, name: str, as_json: bool) -> int:
    """Send a project's changes as they come: one line for each transfer. Ctrl-C ends it.

    Without NAME it is the project whose folder you are in, else the selected one. With
    sync.both_ways in mnix.toml what changes on the server is fetched as well. A lost
    connection is made again, and what changed meanwhile is sent then. Conflicts are said once, and
    wait for mnix resolve.

    \b
    --json prints one object a line; "event" says what it is, "at" when (Unix seconds):
      watching  both sides are alike, and watched
      warning   notes: secrets and very large files that are sent for the first time now
      sending   how far a transfer is that takes a while: bytes, of total
      synced    what was moved, as mnix push --json prints it
      waiting   reason: the server can't be reached now
      trouble   title, detail, hint: something stands in the way; it is tried again
    """
    from mnix_tui.cli import connect

    chosen = target.of_files(context, name)
    naming = target.naming(context.database, chosen.project)
    shown: Events | Lines = (
        Events(chosen.project)
        if as_json
        else Lines(chosen.project, naming, _width(), context.database)
    )
    return connect.run(_watch(context, chosen, shown))


def _width() -> int | None:
    return own_terminal.size()[0] if sys.stdout.isatty() else None


async def _watch(context: Context, chosen: Target, shown: Events | Lines) -> int:
    from mnix_tui.actions import sync
    from mnix_tui.cli import connect
    from mnix_tui.cli.tasks import beside, until
    from mnix_tui.sync.watch import Beware, Sending, Trouble

    async def follow() -> None:
        with connect.ProgressLine() as line:
            async with connect.linked(context, chosen.server, stays=True) as (store, link):
                line(f"comparing with {chosen.server.name}", 0, None)
                async with aclosing(sync.watch(store, link, chosen.project)) as events:
                    begun = False
                    async for event in events:
                        if isinstance(event, Sending):
                            line(event.what, event.done, event.total)
                        else:
                            line.clear()
                        if isinstance(event, Trouble) and not begun:
                            raise event.error  # nothing was ever watched: no reason to stay
                        begun = begun or not isinstance(event, Sending | Beware)
                        shown.take(event, time.time())
                        sys.stdout.flush()

    async with beside(follow()) as following:
        await until(following)  # any signal is a fair way to end it: nothing is left half done
    return 0


class Lines:
    """Prints what happens: a line for each transfer, and each trouble once."""

    def __init__(
        self,
        project: Project,
        naming: str = "",
        width: int | None = None,
        database: Path | None = None,
    ) -> None:
        self._project, self._naming, self._width = project, naming, width
        self._database = database
        self._begun = False
        self._trouble = ""
        """What was said last of what stands in the way; "": nothing does."""
        self._conflicts: frozenset[str] = frozenset()
        self._notes: frozenset[str] = frozenset()
        """What every look at the folder says again."""

    def take(self, event: WatchEvent, now: float) -> None:
        """Print an event."""
        from mnix_tui.sync.watch import Beware, Synced, Trouble, Waiting, Watching

        at = time.strftime("%H:%M:%S", time.localtime(now))
        match event:
            case Watching():
                self._watching(at)
            case Beware(notes):
                sync_report.say(f"{at}  sending {output.visible(each)}" for each in notes)
            case Synced(report):
                self._well(at)
                self._synced(at, report)
            case Waiting(reason):
                server = output.visible(self._project.server)
                text = output.visible(reason).removeprefix(f"{server}: ")
                again = "what changes meanwhile is sent once it is back"
                self._say(f"{at}  {server}: {text}; {again}")
            case Trouble(error):
                self._wrong(at, error)

    def _watching(self, at: str) -> None:
        if not self._begun:
            self._begun = True
            name, server = (output.visible(x) for x in (self._project.name, self._project.server))
            folder = output.visible(self._project.folder)
            output.note(f"{at}  watching {folder} for {name} on {server} (ctrl-c ends it)")
        self._well(at)

    def _well(self, at: str) -> None:
        if self._trouble:
            self._trouble = ""
            output.note(f"{at}  {output.visible(self._project.server)}: all is well again")

    def _say(self, text: str, *more: str) -> None:
        if text[8:] != self._trouble:  # the time of day is nothing new
            self._trouble = text[8:]
            sync_report.say((text, *more))

    def _wrong(self, at: str, error: MnixError) -> None:
        detail = [f"          {output.visible(each)}" for each in error.detail.splitlines() if each]
        hints = [f"  → {output.visible(each)}" for each in error.hint.splitlines() if each]
        self._say(f"{at}  {output.visible(error.title)}", *detail, *hints)

    def _synced(self, at: str, report: SyncReport) -> None:
        if not report.nothing:
            click.echo(transfer_line(at, report, self._width))
        notes = sync_report.unsaid(report)
        fresh = [each for each in notes if each not in self._notes]
        self._notes = frozenset(notes)
        if fresh and self._database is not None:
            from mnix_tui.cli import said

            unsaid, _ = said.fresh(self._database, self._project, report.direction, notes)
            fresh = [each for each in fresh if each in unsaid]
        lines = [f"{at}  {output.visible(each)}" for each in fresh]
        server = self._project.server
        lines += [f"{at}  {sync_report.skipped(each, server)}" for each in report.skipped]
        found = frozenset(each.path for each in report.conflicts)
        new = [each for each in report.conflicts if each.path not in self._conflicts]
        self._conflicts = found
        for each in new:
            lines.append(
                f"{at}  conflict: {output.visible(each.path)}: {sync_report.conflict(each)}"
            )
        sync_report.say(sync_report.some(lines))
        if new:
            hints = sync_report.conflict_hints(new, self._naming)
            sync_report.say(f"  → {hint}" for hint in hints)


def transfer_line(at: str, report: SyncReport, width: int | None = None) -> str:
    """Return a transfer as one line: when, what, how much, and as many names as fit."""
    travelled = output.size(report.bytes_sent + report.bytes_received)
    text = f"{at}  {', '.join(sync_report.done(report))} ({travelled}): "
    names = [
        *_own_first((*report.sent, *report.fetched)),
        *(f"-{path}" for path in _own_first((*report.deleted_there, *report.deleted_here))),
    ]
    shown: list[str] = []
    for name in names[:NAMED]:
        each = output.visible(name)
        rest = f" and {len(names) - len(shown) - 1:,} more" if len(names) - len(shown) > 1 else ""
        if width and shown and output.width(text + ", ".join([*shown, each]) + rest) >= width:
            break
        shown.append(each)
    more = len(names) - len(shown)
    line = text + ", ".join(shown) + (f" and {more:,} more" if more else "")
    return output.cut(line, width - 1) if width else line


def _own_first(paths: Iterable[str]) -> list[str]:
    """Return paths, git's own last: nobody wrote those, and many of them are one name."""
    own, git = [], dict[str, list[str]]()
    for path in sorted(paths):
        parts = path.split("/")
        if ".git" in parts:
            git.setdefault("/".join(parts[: parts.index(".git") + 1]), []).append(path)
        else:
            own.append(path)
    few = (
        each if len(each) == 1 else [f"{top} ({len(each):,} files)"] for top, each in git.items()
    )
    return own + [name for each in few for name in each]


class Events:
    """Prints what happens as JSON, one object a line."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def take(self, event: WatchEvent, now: float) -> None:
        """Print an event."""
        name, values = _event(event, self._project)
        click.echo(output.json_line(name, at=round(now, 3), **values))


def _event(event: WatchEvent, project: Project) -> tuple[str, dict[str, Any]]:
    from mnix_tui.sync.watch import Beware, Sending, Synced, Trouble, Waiting, Watching

    match event:
        case Watching():
            return "watching", {"project": project.name, "server": project.server}
        case Beware(notes):
            return "warning", {"notes": list(notes)}
        case Synced(report):
            return "synced", sync_report.to_json(report, project)
        case Waiting(reason):
            return "waiting", {"reason": reason}
        case Sending(what, done, total):
            return "sending", {"what": what, "bytes": done, "total": total}
        case Trouble(error):
            return "trouble", {"title": error.title, "detail": error.detail, "hint": error.hint}
