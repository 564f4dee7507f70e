"""What the overview says of a project or a server, in words. Pure: no widgets, no colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import JobState
from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.building import Building

CANCELLED = (130, 143)
"""What a rebuild exits with that a signal asked to end."""


@dataclass(frozen=True)
class Fact:
    """A label and its value; ``note`` is said after it, more quietly."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    line: str = ""
    """Drawn before the value: what it was lately, the newest last; as much as there is room for."""


@dataclass(frozen=True)
class Line:
    """A row of the list below the facts: a session, a rebuild, a project."""

    key: str
    glyph: str
    tone: str
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something to do next; ``binding`` is the id of the key that does it."""

    binding: str
    text: str


@dataclass(frozen=True)
class Notice:
    """Something that must be seen: what, and what to do about it."""

    tone: str
    title: str
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class About:
    """All that the overview shows of one project or server."""

    title: str
    summary: str
    glyph: str
    tone: str
    state: str
    facts: tuple[Fact, ...]
    list_title: str
    lines: tuple[Line, ...]
    nothing: str
    steps: tuple[Step, ...]
    notices: tuple[Notice, ...] = ()
    state_note: str = ""
    """Said after the state, more quietly."""
    jobs: bool = False
    """Whether the lines are sessions and builds."""


def job_line(job: Job, now: float, called: str = "", build: Building | None = None) -> Line:
    """Describe a job on one line; a shell may be ``called`` something, a rebuild be so far."""
    kinds = {"session": "shell", "rebuild": words.plain(job.cause) or "rebuild", "exec": "command"}
    kind = called or words.plain(job.name) or kinds.get(job.kind, job.kind)
    rebuild = job.kind == "rebuild"
    title = "" if rebuild else words.plain(job.title)
    name = f"{kind} {job.generation}" if rebuild and job.generation else kind
    if title and title != kind:
        name = f"{name} · {title}"
    if job.live:
        tone_ = "busy" if rebuild else "good"
        sign = "◐" if rebuild else "●"
        # Who looks at it: two or more are worth a word.
        here = f"runs · open in {words.count(job.clients, 'client')}" if job.clients else "runs"
        if build is not None and rebuild:
            here = build.brief
        return Line(job.id, sign, tone_, name, (f"since {words.span(now - job.started)}", here))
    length = words.took(job.ended - job.started) if job.ended else ""
    ok = job.exit_code == 0
    how = result(job)
    sign, tone_ = ("○", "idle") if ok else ("⊘", "idle") if how == "cancelled" else ("✕", "bad")
    return Line(
        job.id,
        sign,
        tone_,
        name,
        (
            words.ago(job.ended or job.started, now),
            how + (f" in {length}" if length else ""),
        ),
    )


def result(job: Job) -> str:
    """Say how a job ended, in a few words."""
    if job.live:
        return "runs"
    if job.state is JobState.LOST:
        return words.plain(job.reason) or "lost"
    if job.exit_code == 0:
        return "done"
    if job.kind == "rebuild" and job.exit_code in CANCELLED:
        return "cancelled"
    if job.exit_code is None:
        return words.plain(job.reason) or "ended, nobody knows how"
    reason = words.plain(job.reason)
    return f"exit {job.exit_code}" + (f" ({reason})" if reason else "")
