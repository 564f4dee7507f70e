"""Finds any shell of any project as you type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import tabs, words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.marks import NOTHING
from mnix_tui.ui.screens.picker import Pick, Picker

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.view_model import ViewModel


def picks(model: ViewModel, jobs: list[Job], now: float) -> list[Pick]:
    """Return the shells: those with news first, then by project and age."""
    found = []
    marks = model.all_marks()
    for job in jobs:
        view = model.project_of(job)
        if view is None:
            continue
        shells = model.shells(view, frozenset(model.titles))
        called = model.names(project_key(view), shells).get(job.id, "Shell")
        where = f"{words.plain(view.project.name)} @ {words.plain(view.project.server)}"
        doing = model.titles.get(job.id, "") or tabs.running(job)
        name = f"{where} · {called}" + (f" · {words.fit(doing, 40)}" if doing else "")
        mark = marks.get(job.id, NOTHING)
        here = f" · {words.count(job.clients, 'client')}" if job.clients > 1 else ""
        note = f"since {words.span(now - job.started)}{here}"
        sort = (-mark.kind, where, job.started)
        found.append((sort, Pick(job.id, name, note, mark.sign or "●", mark.tone or "good")))
    return [pick for _, pick in sorted(found, key=lambda one: one[0])]


class ShellsScreen(Picker):
    """Dismisses with the job of the shell to go to."""

    HEADING = "Shells"
    PLACEHOLDER = "a shell, a project or what runs; letters may be left out"
    NOTHING = "No shell is called like that, or none is open."


class JoinScreen(Picker):
    """Dismisses with the job of the shell to bring here."""

    HEADING = "Bring a shell beside this one"
    PLACEHOLDER = "a shell or what runs; letters may be left out"
    NOTHING = "No other shell is called like that."
