"""Which tabs a project or server has. Pure, but for the numbers that shells keep while they live."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnix_tui.domain.states import JobState
from mnix_tui.ui import splits, words
from mnix_tui.ui.about import result
from mnix_tui.ui.marks import NOTHING, Mark, strongest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.arrangement import Arrangement
    from mnix_tui.ui.splits import Leaf, Split

OVERVIEW = "overview"
LOG = "log"
_PLAIN_SHELLS = ("", "bash", "sh", "zsh", "fish", "shell")


@dataclass(frozen=True)
class Tab:
    """One tab; a job's tab has the job's id, a split one that of its first shell."""

    id: str
    label: str
    kind: str
    """``overview``, ``shell``, ``job`` or ``log``."""
    tone: str = ""
    note: str = ""
    """What runs there, said beside the label where there is room."""
    mark: Mark = NOTHING
    tree: Leaf | Split | None = None
    """How its shells share the room; ``None`` where there are none."""

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that it shows."""
        if self.tree is not None:
            return splits.jobs(self.tree)
        return (self.id,) if self.kind == "job" else ()


@dataclass(frozen=True)
class Seen:
    """What this dashboard knows of shells beyond what their server says."""

    names: Mapping[str, str]
    titles: Mapping[str, str]
    marks: Mapping[str, Mark]
    progress: Mapping[str, str] = field(default_factory=dict)
    """How far the rebuilds are that run, by job (``62%``)."""


class ShellNumbers:
    """Gives each shell the lowest number that is free, and leaves it that number."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}

    def of(self, subject: str, jobs: list[str]) -> dict[str, int]:
        """Return the numbers of a project's shells; what is not listed gives its number back."""
        kept = {
            job: number for job, number in self._numbers.get(subject, {}).items() if job in jobs
        }
        for job in jobs:
            if job not in kept:
                kept[job] = next(n for n in range(1, 10_000) if n not in kept.values())
        self._numbers[subject] = kept
        return kept


def sessions(jobs: tuple[Job, ...], open_here: frozenset[str]) -> list[Job]:
    """Return the sessions that get a tab: those that live, and ended ones still on screen."""
    chosen = [job for job in jobs if job.kind == "session" and (job.live or job.id in open_here)]
    return sorted(chosen, key=lambda job: (job.started, job.id))


def names(shells: list[Job], numbers: dict[str, int]) -> dict[str, str]:
    """Return what each shell is called: its given name, else by its number."""
    return {job.id: words.plain(job.name) or f"Shell {numbers.get(job.id, 0)}" for job in shells}


def running(job: Job) -> str:
    """Return what a session was opened for, "" for a plain shell."""
    title = words.plain(job.title)
    return "" if title in _PLAIN_SHELLS else title


def last_rebuild(jobs: tuple[Job, ...]) -> Job | None:
    """Return the newest rebuild."""
    rebuilds = [job for job in jobs if job.kind == "rebuild"]
    return max(rebuilds, key=lambda job: job.started, default=None)


def of_project(
    jobs: tuple[Job, ...], arranged: Arrangement, seen: Seen, opened: Job | None = None
) -> tuple[Tab, ...]:
    """Return a project's tabs: overview, its shells, its last rebuild, another job, the log."""
    tabs = [Tab(OVERVIEW, "Overview", "overview")]
    known = {job.id: job for job in jobs}
    tabs += [_shell_tab(tree, known, seen) for tree in arranged.windows]
    rebuild = last_rebuild(jobs)
    if rebuild is not None:
        tabs.append(_job_tab(rebuild, seen))
    if opened is not None and (rebuild is None or opened.id != rebuild.id):
        tabs.append(_job_tab(opened, seen))
    tabs.append(Tab(LOG, "Log", "log"))
    return tuple(tabs)


def of_server() -> tuple[Tab, ...]:
    """Return a server's tabs."""
    return (Tab(OVERVIEW, "Overview", "overview"), Tab(LOG, "Log", "log"))


def of_nothing() -> tuple[Tab, ...]:
    """Return the tab where no row is there to be shown."""
    return of_server()[:1]


def _shell_tab(tree: Leaf | Split, known: Mapping[str, Job], seen: Seen) -> Tab:
    inside = splits.jobs(tree)
    called = [seen.names.get(job, "Shell") for job in inside]
    label = " │ ".join(called) if len(called) <= 2 else f"{called[0]} +{len(called) - 1}"
    note = ""
    if len(inside) == 1:
        job = known.get(inside[0])
        note = seen.titles.get(inside[0], "") or (running(job) if job else "")
    over = any(job in known and not known[job].live for job in inside)
    mark = strongest(seen.marks.get(job, NOTHING) for job in inside)
    return Tab(inside[0], label, "shell", "bad" if over else "", note, mark, tree)


def _job_tab(job: Job, seen: Seen) -> Tab:
    label = "Rebuild" if job.kind == "rebuild" else "Command"
    if job.cause == "warm-up":
        label = "Warm-up"
    if job.generation is not None:
        label = f"{label} {job.generation}"
    if job.live:
        share = seen.progress.get(job.id, "")
        return Tab(job.id, f"{label} ◐ {share}".rstrip(), "job", "busy")
    if job.kind == "rebuild" and result(job) == "cancelled":
        return Tab(job.id, f"⊘ {label}", "job")
    bad = job.state is JobState.LOST or job.exit_code != 0
    return Tab(job.id, f"✕ {label}" if bad else label, "job", "bad" if bad else "")
