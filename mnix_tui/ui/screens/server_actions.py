"""What the main screen can do with servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.errors import UsageError
from mnix_tui.ui.screens.sync_actions import SyncActions

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView
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

        self.app.push_screen(AddServerDialog(self.bench), answered)

    def action_retry(self) -> None:
        """Try to reach the selected server again."""
        if server := self.selected_server():
            self.activity.add(server.server.name, "idle", "reaching out again")
            self.bench.retry(server.server.name)

    def action_ask_clipboard(self) -> None:
        """Take back what was answered for good when a program there wanted the clipboard."""
        name = self.selected_server_name()
        self.bench.keep_setting(f"clipboard:{name}", "")
        self.notify(f"Programs on {name} ask again before they write to it", markup=False)

    def action_remove(self) -> None:
        """Remove the selected project or forget the selected server, after a question."""
        if project := self.selected_project():
            self.remove_project(project)
        elif server := self.selected_server():
            self._forget(server)

    def _forget(self, view: ServerView) -> None:
        name = view.server.name
        if view.server.is_local:
            error = UsageError("This machine is always there", "local can't be removed")
            self.tell(name, error)
            return
        from mnix_tui.ui.dialogs.confirm import ConfirmDialog, forget_question

        projects = [one for one in self.bench.snapshot().projects if one.project.server == name]

        def answered(yes: bool | None) -> None:
            if yes:

                async def forget(_: Progress) -> None:
                    await self.bench.remove_server(name, forget=bool(projects))

                self.begin(f"forget {name}", name, forget, done="forgotten")

        self.app.push_screen(ConfirmDialog(forget_question(view.server, len(projects))), answered)
