"""What the main screen can do with a project's files: push, pull, choose, bring back, watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import UsageError
from mnix_tui.ui import preview_words, words
from mnix_tui.ui.fleet_rows import project_key
from mnix_tui.ui.screens.environment_actions import EnvironmentActions

if TYPE_CHECKING:
    from pathlib import Path

    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.domain.sync import Choice
    from mnix_tui.sync.model import SyncReport
    from mnix_tui.ui.dialogs.preview import Way, Wish
    from mnix_tui.ui.dialogs.trash import Restoring
    from mnix_tui.ui.workbench.port import Progress

LANE = "files"
"""Files of one project are moved by one work at a time."""


class SyncActions(EnvironmentActions):
    """The verbs of files."""

    def action_push(self) -> None:
        """Show what a push would do, and then push."""
        if view := self._with_folder("push"):
            self._preview(view, "push")

    def action_pull(self) -> None:
        """Show what a pull would do, and then pull."""
        if view := self._with_folder("pull"):
            self._preview(view, "pull")

    def _with_folder(self, verb: str) -> ProjectView | None:
        """Return the selected project, if its files are here and on the server."""
        view = self._project(verb)
        if view is None:
            return None
        project = view.project
        if project.in_place:
            why = UsageError(
                f"{project.name} works in its folder itself", "there is nothing to move", ""
            )
        elif not project.folder:
            why = UsageError(f"{project.name} has no folder on this machine", "", "A gives it one")
        else:
            return view
        self.tell("", why)
        return None

    def _preview(self, view: ProjectView, way: Way) -> None:
        from mnix_tui.ui.dialogs.preview import Meant, PreviewScreen

        project = view.project

        def answered(wish: Wish | None) -> None:
            if wish == "conflicts":
                self._conflicts(view)
            elif isinstance(wish, Meant):
                self._move(view, wish.way, allow_empty=True)
            elif wish is not None:
                self._move(view, wish)

        self.app.push_screen(
            PreviewScreen(
                words.plain(project.name),
                words.plain(project.server),
                lambda way: self.bench.sync_preview(project, way),
                way=way,
            ),
            answered,
        )

    def _move(self, view: ProjectView, way: Way, *, allow_empty: bool = False) -> None:
        project = view.project
        move = self.bench.push if way == "push" else self.bench.pull
        self.begin(
            f"{way} {project.name}",
            project_key(view),
            lambda progress: move(project, progress, allow_empty=allow_empty),
            then=lambda report: self._moved(view, way, report),
            lane=LANE,
        )

    def _moved(self, view: ProjectView, way: str, report: SyncReport) -> None:
        """Say what was moved, and what was left as it was."""
        name, server = words.plain(view.project.name), words.plain(view.project.server)
        done, left = preview_words.done(report, server), preview_words.left(report)
        notes = [words.plain(note) for note in report.notes]
        self.activity.add(project_key(view), "good", done, "\n".join(filter(None, (left, *notes))))
        self.notify(
            "\n".join(filter(None, (done, left))),
            title=f"{name}: {way}",
            severity="warning" if report.conflicts or report.skipped else "information",
            markup=False,
        )

    # -- conflicts

    def action_conflicts(self) -> None:
        """Show what was changed on both sides, and settle what is chosen."""
        if view := self._with_folder("see its conflicts"):
            self._conflicts(view)

    def _conflicts(self, view: ProjectView) -> None:
        from mnix_tui.ui.dialogs.conflicts import ConflictsScreen, Source

        project, key = view.project, project_key(view)

        def answered(choices: dict[str, Choice] | None) -> None:
            if choices:
                self.begin(
                    f"settle {words.count(len(choices), 'conflict')} of {project.name}",
                    key,
                    lambda progress: self.bench.resolve(project, choices, progress),
                    then=lambda report: self._moved(view, "settled", report),
                    lane=LANE,
                )

        source = Source(
            lambda: self.bench.conflicts(project),
            lambda path: self.bench.conflict_diff(project, path),
        )
        self.app.push_screen(
            ConflictsScreen(
                words.plain(project.name), words.plain(project.server), source, now=self.clock()
            ),
            answered,
        )

    # -- the trash

    def action_trash(self) -> None:
        """Show what transfers replaced or deleted, and bring back what is chosen."""
        view = self._project("see its trash")
        if view is None:
            return
        from mnix_tui.ui.dialogs.trash import TrashScreen

        project, key, chosen = view.project, project_key(view), view

        def answered(wish: Restoring | None) -> None:
            if wish is None:
                return
            number = words.count(wish.count, "file")

            async def restore(_: Progress) -> None:
                await self.bench.restore(project, wish.paths, here=wish.here)

            def restored(_: None) -> None:
                where = "here" if wish.here else f"on {words.plain(project.server)}"
                text = f"{number} brought back {where}"
                self.activity.add(key, "good", text)
                self.notify(text, title=words.plain(chosen.project.name), markup=False)

            title = f"bring back {number} of {project.name}"
            self.begin(title, key, restore, then=restored, lane=LANE)

        self.app.push_screen(
            TrashScreen(
                words.plain(project.name),
                words.plain(project.server),
                lambda here: self.bench.trash(project, here=here),
                now=self.clock(),
                has_here=bool(project.folder) and not project.in_place,
            ),
            answered,
        )

    # -- watching and adopting

    def action_watch(self) -> None:
        """Send every change as it comes, or not any more."""
        view = self._with_folder("watch")
        if view is None:
            return
        project, on = view.project, not view.sync.watching

        async def watch(_: Progress) -> None:
            await self.bench.watch(project, on)

        def done(_: None) -> None:
            name = words.plain(project.name)
            text = (
                f"Every change of {name} is sent as it is saved (W ends it)"
                if on
                else f"Changes of {name} wait for p or r again"
            )
            self.activity.add(
                project_key(view), "good", "watched" if on else "not watched any more"
            )
            self.notify(text, markup=False)

        verb = "watch" if on else "stop watching"
        self.begin(f"{verb} {project.name}", project_key(view), watch, then=done, lane="watch")

    def action_adopt(self) -> None:
        """Give a project of another client a folder here."""
        view = self._project("adopt")
        if view is None:
            return
        project = view.project
        if project.folder or project.in_place or not project.remote_id:
            where = words.plain(project.folder) or "it is used in place"
            moved = f"if that moved: mnix adopt {words.plain(project.ref)} FOLDER, where it is now"
            hint = moved if project.folder and not project.in_place else ""
            self.tell("", UsageError(f"{project.name} is yours already", where, hint))
            return
        from mnix_tui.ui.dialogs.adopt import AdoptDialog

        chosen = view

        def answered(folder: Path | None) -> None:
            if folder is not None:
                self._adopt(chosen, project, folder)

        self.app.push_screen(
            AdoptDialog(words.plain(project.name), words.plain(project.server)), answered
        )

    def _adopt(self, view: ProjectView, project: Project, folder: Path) -> None:
        def adopted(report: SyncReport | None) -> None:
            if report is not None:
                self._moved(view, "adopted", report)

        self.begin(
            f"adopt {project.name}",
            project_key(view),
            lambda progress: self.bench.adopt(project, folder, progress),
            then=adopted,
            lane=LANE,
        )
