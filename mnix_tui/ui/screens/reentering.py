"""Shells that enter the generation that is ready, or put it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.windows import Windows

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.ui.panes.shell import ShellPane


class Reentering(Windows):
    """The verbs of a shell that another generation is ready for."""

    def close_shell(self, job_id: str, *, detach: bool = False) -> None:
        """Take a shell's tab, or its half of one, away; ``detach``: it runs on."""
        raise NotImplementedError

    def action_reenter(self) -> None:
        """Make the shell in front one of the newest generation, without leaving its terminal."""
        here = self._here("re-enter")
        if here is None:
            return
        view, pane = here
        ready = self.model.ready().get(pane.job.id)
        if ready is None:
            number = view.status.generation
            there = f"{pane.called} runs in generation {number}, the one in use"
            self.notify(there if number else "Nothing was built yet", timeout=3, markup=False)
        elif ready.replaced:
            self._replace(view, pane)
        elif why := pane.reentry.obstacle():
            self.notify(
                f"{words.plain(pane.called)} can't enter it now: {why}",
                title=f"Generation {ready.generation} is ready",
                severity="warning",
                markup=False,
            )
        else:
            pane.reentry.enter()

    def _replace(self, view: ProjectView, pane: ShellPane) -> None:
        """Open a new shell in the pane's place: the old one's container stays as it is."""
        key, old, called = project_key(view), pane.job.id, pane.called

        def opened(job: Job) -> None:
            self.put_beside(key, job, old, beside=True)
            self.close_shell(old, detach=True)
            self.show_job(key, job)
            self.notify(
                f"{called} goes on in the container that was replaced; the overview shows it",
                markup=False,
            )

        self.open_shell(view, then=opened)

    def action_later(self) -> None:
        """Say no more of the generation that is ready for the shell in front."""
        here = self._here("leave as it is")
        if here is not None and not here[1].reentry.later():
            self.notify("No other generation is ready for it", timeout=2, markup=False)
