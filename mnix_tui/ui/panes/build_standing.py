"""What a rebuild's tab says about it: its head, the title of its log. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.content import Content

from mnix_tui.domain.states import JobState
from mnix_tui.nixlog import NodeState
from mnix_tui.ui import build_text, words
from mnix_tui.ui.about import CANCELLED, result
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.build_head import Head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.jobs import Job
    from mnix_tui.fleet import BuildWatch
    from mnix_tui.nixlog import Problem, Summary
    from mnix_tui.ui.panes.build_reading import Reading
    from mnix_tui.ui.widgets.log_view import LogView


_INTERRUPTED = "nix was interrupted"
_ROOM = 60
"""Columns from which on there is room for what the footer says too."""


@dataclass(frozen=True)
class Around:
    """What is known of the project whose rebuild it is."""

    current: int | None = None
    """The generation that runs; ``None`` while none does."""
    coming: int | None = None
    """The number that its next generation gets; ``None`` while nobody can know."""
    newest: bool = True
    """Whether it is the project's newest rebuild."""


@dataclass(frozen=True)
class Facts:
    """All that is known of a rebuild at a moment."""

    job: Job
    watch: BuildWatch | None
    now: float
    lost: float
    """Seconds since the connection was lost."""
    around: Around
    error: BaseException | None
    ending: bool

    @property
    def live(self) -> bool:
        """Whether it runs, as far as anybody knows."""
        return self.watch.live if self.watch is not None else self.job.live

    @property
    def down(self) -> str:
        """Why nothing comes at the moment; "" while all is well."""
        return words.plain(self.watch.down) if self.watch is not None and self.watch.live else ""

    @property
    def cancelled(self) -> bool:
        """Whether it has ended because somebody wanted it to."""
        job = self.job
        return not job.live and job.state is not JobState.LOST and job.exit_code in CANCELLED

    @property
    def problems(self) -> Sequence[Problem]:
        """What went wrong; that a cancelled one was interrupted is nothing that did."""
        found = self.watch.build.problems if self.watch is not None else ()
        return [one for one in found if one.title != _INTERRUPTED] if self.cancelled else found

    @property
    def coming(self) -> str:
        """What to say while the log of an ended rebuild is not all here yet; "" when it is."""
        watch = self.watch
        if watch is None or watch.done or self.live:
            return ""
        return f"not here yet: {words.plain(watch.down)}" if watch.down else "reading it…"

    @property
    def trouble(self) -> BaseException | None:
        """Why the log can't be read."""
        return self.error or (self.watch.error if self.watch is not None else None)


def head(facts: Facts) -> Head:
    """Return what the head tells."""
    if facts.watch is None:
        return Head("○", _kind(facts.job), "quiet")
    summary = facts.watch.build.summary()
    counts = build_text.counts(summary, live=facts.live, short=False)
    short = build_text.counts(summary, live=facts.live, short=True)
    going = facts.live or (facts.job.live and facts.trouble is not None)
    told = _running(facts, summary) if going else _ended(facts, summary)
    return replace(told, counts=tuple(counts), short=tuple(short))


def _kind(job: Job) -> str:
    return "Warm-up" if job.cause == "warm-up" else "Rebuild"


def _running(facts: Facts, summary: Summary) -> Head:
    title = brief = _kind(facts.job)
    number = facts.around.coming
    if number is not None:
        title += f" for generation {number}"
        brief += f" → gen {number}"
    glyph, tone, doing, left = build_text.spin(facts.now), "busy", build_text.doing(summary), ""
    since = facts.now - summary.now
    if facts.ending:
        doing = "ending…"
    elif facts.down:
        glyph, tone = "✕", "bad"
        ago = "just now" if facts.lost < 5 else f"{words.span(facts.lost)} ago"
        doing = f"link lost {ago} ({facts.down}); this is how it was"
    elif facts.trouble is not None:
        glyph, doing = "○", "runs; nobody knows how far it is"
    elif facts.watch is not None and not facts.watch.lines:
        doing = "waiting for the first line"
    if summary.eta is not None and not facts.down:
        left = build_text.about(max(summary.eta - since, 1.0))
    return Head(
        glyph,
        title,
        tone,
        doing,
        build_text.length(facts.now - (facts.job.started or summary.started or facts.now)),
        left,
        summary.fraction or 0.0,
        summary.fraction is not None,
        brief=brief,
    )


def _ended(facts: Facts, summary: Summary) -> Head:
    job, watch, current = facts.job, facts.watch, facts.around.current
    code = job.exit_code if not job.live or watch is None else watch.code
    good = summary.ok if summary.ok is not None and code is None else code == 0
    made = job.generation if job.generation is not None else summary.generation
    seconds = (
        job.ended - job.started
        if job.ended is not None
        else summary.now - (summary.started or summary.now)
    )
    told = current is not None and facts.around.newest
    stays = f"generation {current} stays in use" if told else ""
    if good:
        title = f"{_kind(job)} done" if made is None else f"Generation {made}"
        doing = "in use" if made is not None and made == current else ""
        if made is None:
            doing = f"nothing changed: {stays}" if stays else ""
    else:
        how, why = _how(facts)
        title, doing = f"{_kind(job)} {how}", " · ".join(part for part in (why, stays) if part)
    glyph, tone = ("⊘", "busy") if facts.cancelled else ("●", "good") if good else ("✕", "bad")
    return Head(glyph, title, tone, doing, f"took {build_text.length(seconds)}")


def _how(facts: Facts) -> tuple[str, str]:
    """Return how a rebuild ended that made nothing, in a word, and why."""
    job = facts.job
    if job.live:
        failed = facts.watch is not None and facts.watch.build.summary().ok is False
        failed = failed and not any(one.title == _INTERRUPTED for one in facts.problems)
        return "failed" if failed else "ended", ""
    if job.state is JobState.LOST:
        return "lost", words.plain(job.reason)
    how = result(job)
    return "failed" if how.startswith("exit ") else how, ""


def trouble(facts: Facts) -> str:
    """Return why the log can't be read, and what to do."""
    if facts.trouble is None:
        return ""
    shown = problem(facts.trouble)
    hint = f" → {words.plain(shown.hint)}" if shown.hint else ""
    return f"The log can't be read: {shown.line}{hint}"


def log_title(reading: Reading | None, view: LogView, facts: Facts, *, full: bool) -> Content:
    """Return what stands above the log."""
    if facts.trouble is not None or reading is None:
        return Content.styled(trouble(facts), "$error")
    parts: list[tuple[str, str]] = [(reading.title(), "bold $foreground")]
    if facts.coming:
        parts.append((facts.coming, "$warning"))
    node = reading.node
    goes_on = facts.live and (node is None or node.state is NodeState.RUNNING)
    if goes_on and not facts.down:
        parts.append(
            ("following", "$accent") if view.following else ("paused, f follows", "$warning")
        )
    if not view.wrapped:
        parts.append(("not wrapped", ""))
    if view.size.width >= _ROOM:
        parts.append(("esc: back to the tree" if full else "enter: all of it", ""))
    return Content(" · ").join(Content.styled(text, style) for text, style in parts)
