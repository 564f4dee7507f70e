"""What the main screen can do with servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import UsageError
from mnix_tui.ui import words
from mnix_tui.ui.screens.sync_actions import SyncActions

if TYPE_CHECKING:
    from mnix_tui.actions.servers import Purged
    from mnix_tui.domain.audit import Ran
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView
    from mnix_tui.ui.dialogs.purge import Wish
    from mnix_tui.ui.dialogs.tags import Labels
    from mnix_tui.ui.workbench.port import Progress


class ServerActions(SyncActions):
    """The server's verbs; ``MainScreen`` says which server is selected."""

    def selected_server(self) -> ServerView | None:
        """Return the selected server, also when one of its projects is selected."""
        raise NotImplementedError

    def selected_server_name(self) -> str:
        """Return the name of the server that is selected, or whose project is."""
        server = self.selected_server()
        return server.server.name if server else "local"

    def action_add_server(self) -> None:
        """Ask for a server's address, and connect to it."""
        from mnix_tui.ui.dialogs.add_server import AddServerDialog

        def answered(server: Server | None) -> None:
            if server is not None:
                self.activity.add(server.name, "good", f"added {server.endpoint}")
                self.notify(f"{server.name} is here: n makes a project on it", markup=False)
                self.show_row(server.name)

        self.app.push_screen(AddServerDialog(self.bench, clock=self.clock), answered)

    def action_retry(self) -> None:
        """Try to reach the selected server again."""
        if server := self._server("reach"):
            self.activity.add(server.server.name, "idle", "reaching out again")
            self.bench.retry(server.server.name)

    def action_ask_clipboard(self) -> None:
        """Take back what was answered for good when a program there wanted the clipboard."""
        if server := self._server("take that back for"):
            name = server.server.name
            self.bench.keep_setting(f"clipboard:{name}", "")
            self.notify(f"Programs on {name} ask again before they write to it", markup=False)

    def action_remove(self) -> None:
        """Remove the selected project or forget the selected server, after a question."""
        if project := self.selected_project():
            self.remove_project(project)
        elif server := self._server("forget"):
            self._forget(server)

    def _forget(self, view: ServerView) -> None:
        server, name = view.server, view.server.name
        if server.is_local:
            error = UsageError("This machine is always there", "local can't be removed")
            self.tell(name, error)
            return
        from mnix_tui.ui.dialogs.purge import RemoveServerDialog

        projects = [one for one in self.bench.snapshot().projects if one.project.server == name]

        def answered(wish: Wish | None) -> None:
            if wish == "purge":
                self._purge(server)
            elif wish == "forget":

                async def forget(_: Progress) -> None:
                    await self.bench.remove_server(name, forget=bool(projects))

                self.begin(f"forget {name}", name, forget, done="forgotten")

        self.app.push_screen(RemoveServerDialog(server, len(projects)), answered)

    def _purge(self, server: Server) -> None:
        """Show what all is ours there, and remove it after the name was typed."""
        from mnix_tui.ui.dialogs.purge import PurgeDialog

        name = server.name

        def answered(shown: Purged | None) -> None:
            if shown is not None:
                force = shown.sessions > 0  # they were seen before the name was typed
                self.begin(
                    f"remove all of mnix from {name}",
                    name,
                    lambda _: self.bench.purge_server(name, dry_run=False, force=force),
                    then=lambda found: self._purged(name, found),
                )

        async def look() -> Purged:
            return await self.bench.purge_server(name, dry_run=True)

        self.app.push_screen(PurgeDialog(server, look), answered)

    def _purged(self, name: str, found: Purged) -> None:
        what = words.count(len(found.projects), "project") if found.projects else "its agent"
        size = "" if found.bytes is None else f", {words.size(found.bytes)}"
        text = f"{what} removed from {words.plain(name)}{size}"
        kept = "\n".join(f"stays: {words.plain(each)}" for each in found.kept)
        tone = "busy" if kept else "good"
        self.activity.add(name, tone, text, kept)
        self.notify(
            "\n".join(filter(None, (text, words.fit(kept, 400)))),
            title="Removed",
            severity="warning" if kept else "information",
            markup=False,
        )

    def _server(self, verb: str) -> ServerView | None:
        """Return the selected server; say so where none is, as on a group."""
        server = self.selected_server()
        if server is None:
            self.tell("", UsageError(f"Choose a server to {verb}", "", "a group is none"))
        return server

    # -- looking after a server

    def action_doctor(self) -> None:
        """Try all that the selected server needs."""
        if server := self._server("check"):
            from mnix_tui.ui.dialogs.doctor import DoctorScreen

            self.app.push_screen(DoctorScreen(self.bench, server.server, clock=self.clock))

    def action_server_log(self) -> None:
        """Show what was run on the selected server from here."""
        if server := self._server("see the log of"):
            from mnix_tui.domain.audit import calling
            from mnix_tui.ui.dialogs.server_log import MOST, ServerLogScreen

            name = server.server.name

            async def read() -> list[Ran]:
                projects = (view.project for view in self.bench.snapshot().projects)
                names = {one.remote_id: one.name for one in projects if one.server == name}
                return [*map(calling(names), await self.bench.server_log(name, MOST))]

            self.app.push_screen(ServerLogScreen(words.plain(name), read, now=self.clock))

    def action_label_server(self) -> None:
        """Ask for the selected server's tags, and when it is to be connected."""
        server = self._server("give tags")
        if server is None:
            return
        if server.server.is_local:
            error = UsageError("This machine has no tags", "local stands alone, and is always here")
            self.tell(server.server.name, error)
            return
        from mnix_tui.ui.dialogs.tags import TagsDialog

        chosen, others = server.server, self.bench.snapshot().servers
        tags = {tag for view in others for tag in view.server.tags}

        def answered(labels: Labels | None) -> None:
            if labels is None:
                return

            async def keep(_: Progress) -> None:
                if labels.tags != chosen.tags:
                    await self.bench.set_tags(chosen.name, labels.tags)
                if labels.connect != chosen.connect:
                    await self.bench.set_connect(chosen.name, labels.connect)

            self.begin(f"label {chosen.name}", chosen.name, keep, lane="labels")

        self.app.push_screen(TagsDialog(chosen, tags), answered)
