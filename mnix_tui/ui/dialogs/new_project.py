"""Makes a project: which server, which files, which flake, what name, what around it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on
from textual.message import Message
from textual.widgets import Button, Input, OptionList
from textual.widgets.option_list import Option

from mnix_tui.domain.names import suggest
from mnix_tui.domain.servers import LOCAL
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import MnixError
from mnix_tui.ui import folders, words
from mnix_tui.ui.dialogs.base import Check, Dialog, field
from mnix_tui.ui.dialogs.checks import folder_problem, name_problem, repository_name
from mnix_tui.ui.dialogs.choosing import Offered
from mnix_tui.ui.dialogs.git_fields import GitFields
from mnix_tui.ui.widgets.choice import Choice
from mnix_tui.ui.workbench.port import NewProject, Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.worker import WorkType

    from mnix_tui.ui.folders import Listing


class NewProjectDialog(Dialog[NewProject]):
    """Dismisses with a ``NewProject`` that can be made, or ``None``."""

    HEADING = "New project"
    YES = "Create"
    AUTO_FOCUS = "#folder"

    @dataclass
    class FolderRead(Message):
        """What is in the folder that was typed, and the flakes below it."""

        text: str
        listing: Listing
        flakes: list[str]
        may_warm: bool = True
        """Whether its mnix.toml lets its environment be built at once."""

    @dataclass
    class EngineKnown(Message):
        """What a server said of its container engine."""

        server: str
        info: Mapping[str, Any]

    def __init__(self, bench: Workbench, server: str, *, warm_up: bool = True) -> None:
        super().__init__(classes="-form")
        self._bench = bench
        self._warm_up = warm_up
        self._may_warm = True
        self._server = server
        self._named = ""
        self._engines: dict[str, Mapping[str, Any]] = {}
        self._flakes: list[str] = []
        self._looked = ""
        """The folder text that ``_flakes`` belongs to."""
        self._was: ServerState | None = None

    def body(self) -> ComposeResult:
        """Show the form."""
        yield field("Server", Choice(self._servers(), self._server, id="server"))
        sources = [("folder", "a folder here"), ("git", "a git repository")]
        yield field("Files from", Choice(sources, id="source"))
        yield field("Folder", Input(placeholder="~/code/my-project", id="folder"), id="folder-row")
        yield Offered(id="folders", markup=False, compact=True)
        yield Check("folder-check")
        yield GitFields(id="git")
        yield field("Flake", Choice([], id="flake"), id="flake-row")
        yield field("Name", Input(id="name"))
        yield Check("name-check")
        kinds = [("container", "container"), ("host", "⌂ host (none)")]
        yield field("Isolation", Choice(kinds, id="isolation"))
        yield Check("isolation-check")
        builds = [("now", "at once"), ("later", "later, by r")]
        chosen = "now" if self._warm_up else "later"
        yield field("Build", Choice(builds, chosen, id="warm"), id="warm-row")
        places = [("", "the folder itself"), ("copy", "a copy of it")]
        yield field("Works in", Choice(places, id="place"), id="place-row")

    def on_mount(self) -> None:
        """Begin where the program was started."""
        self.query_one(GitFields).display = False
        start = folders.shown(Path.cwd())
        self.query_one("#folder", Input).value = start
        self._read(start)
        self._server_changed()
        self.set_interval(0.5, self._look_at_server)

    def _look_at_server(self) -> None:
        """Notice that the chosen server came or went."""
        if self._state(self.query_one("#server", Choice).value) is not self._was:
            self._server_changed()

    def _servers(self) -> list[tuple[str, str]]:
        return [
            (view.server.name, words.plain(view.server.name))
            for view in self._bench.snapshot().servers
        ]

    # -- the folder

    def _read(self, text: str) -> None:
        async def read() -> None:
            found = await asyncio.to_thread(folders.listing, text)
            flakes: list[str] = []
            may_warm = True
            if not folder_problem(text):
                folder = Path(text.strip()).expanduser()
                flakes = await asyncio.to_thread(self._bench.find_flakes, folder)
                may_warm = await asyncio.to_thread(_may_warm, folder)
            self.post_message(self.FolderRead(text, found, flakes, may_warm))

        work: WorkType[None] = read  # not read(): it may be cancelled before it begins
        self.run_worker(work, group="folder", exclusive=True, exit_on_error=False)

    @on(Input.Changed, "#folder")
    def _folder_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._read(event.value)
        self._suggest(Path(event.value.strip().rstrip("/")).name)
        self._validate()

    def _suggest(self, called: str) -> None:
        """Fill in a name, unless somebody typed another one."""
        name = self.query_one("#name", Input)
        if name.value == self._named:
            self._named = suggest(called)
            name.value = self._named

    # -- or a repository

    @property
    def _from_git(self) -> bool:
        return self.query_one("#source", Choice).value == "git"

    @on(Choice.Changed, "#source")
    def _source_changed(self, event: Choice.Changed) -> None:
        event.stop()
        folder = self.query_one("#folder", Input)
        self.query_one(GitFields).display = self._from_git
        for one in ("#folder-row", "#folders", "#folder-check"):
            self.query_one(one).display = not self._from_git
        if self._from_git:
            self._suggest(repository_name(self.query_one(GitFields).url))
        else:
            self._suggest(Path(folder.value.strip().rstrip("/")).name)
            self._read(folder.value)
        self._server_changed()

    @on(GitFields.Changed)
    def _git_changed(self, event: GitFields.Changed) -> None:
        event.stop()
        self._suggest(repository_name(event.url))
        self._validate()

    @on(FolderRead)
    def _folder_read(self, event: FolderRead) -> None:
        event.stop()
        if event.text != self.query_one("#folder", Input).value:
            return
        self._flakes, self._looked = event.flakes, event.text
        self._may_warm = event.may_warm
        self.query_one("#warm-row").display = event.may_warm and not self._from_git
        table = self.query_one("#folders", OptionList)
        options = [
            Option(f"{name}/  ❄ flake" if name in event.listing.flakes else f"{name}/", id=name)
            for name in event.listing.names
        ]
        table.set_options(options)
        table.display = bool(options) and not self._from_git
        self._base = event.listing.base
        self.query_one("#flake", Choice).offer(
            [(flake, words.plain(flake)) for flake in event.flakes]
        )
        self._validate()

    @on(OptionList.OptionSelected, "#folders")
    def _folder_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        folder = self.query_one("#folder", Input)
        folder.value = folders.shown(self._base / (event.option_id or ""))
        self.set_focus(folder)  # where enter takes it, and down goes on to what is in it
        folder.call_later(folder.action_end)

    # -- the server and what it can do

    @on(Choice.Changed, "#server")
    def _server_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self._server_changed()

    def _server_changed(self) -> None:
        name = self.query_one("#server", Choice).value
        self._was = self._state(name)
        if self._was is ServerState.UNKNOWN:  # nobody used it, until now
            self._bench.retry(name)
        self.query_one("#place-row").display = name == LOCAL and not self._from_git
        self.query_one("#warm-row").display = self._may_warm and not self._from_git
        if name not in self._engines and self._is_online(name):

            async def ask() -> None:
                self.post_message(self.EngineKnown(name, await self._bench.info(name)))

            work: WorkType[None] = ask
            self.run_worker(work, group="engine", exclusive=True, exit_on_error=False)
        self._validate()

    @on(EngineKnown)
    def _engine_known(self, event: EngineKnown) -> None:
        event.stop()
        self._engines[event.server] = event.info
        self._validate()

    def _is_online(self, name: str) -> bool:
        return self._state(name) is ServerState.ONLINE

    def _state(self, name: str) -> ServerState | None:
        views = self._bench.snapshot().servers
        return next((view.status.state for view in views if view.server.name == name), None)

    # -- what will do, and what not

    @on(Input.Changed, "#name")
    @on(Choice.Changed, "#isolation")
    @on(Choice.Changed, "#flake")
    def _other_changed(self, event: Input.Changed | Choice.Changed) -> None:
        event.stop()
        self._validate()

    def _validate(self) -> bool:
        server = self.query_one("#server", Choice).value
        folder = self.query_one("#folder", Input).value
        name = self.query_one("#name", Input).value
        from_git = self._from_git
        no_folder = "" if from_git else folder_problem(folder)
        self._say_folder(no_folder)
        taken = {view.project.name for view in self._bench.snapshot().of(server)}
        unnamed = name_problem(name, "project", taken)
        self.query_one("#name-check", Check).say(unnamed, "bad" if name.strip() else "")
        engine = self._say_isolation(server)
        files = self.query_one(GitFields).ready if from_git else bool(self._flakes)
        ready = not (no_folder or unnamed) and files and engine
        self.query_one("#yes", Button).disabled = not ready
        return ready

    def _say_folder(self, wrong: str) -> None:
        check = self.query_one("#folder-check", Check)
        if wrong:
            check.say(wrong, "")
        elif self._looked != self.query_one("#folder", Input).value:
            check.say("Looking for a flake…", "")
        elif self._flakes:
            check.say("", "good")
        else:
            check.say("No flake.nix in there: make one first (nix flake init).", "busy")
        flake = not wrong and bool(self._flakes) and not self._from_git
        self.query_one("#flake-row").display = flake

    def _say_isolation(self, server: str) -> bool:
        """Explain the isolation; return whether the chosen one works as far as is known."""
        check = self.query_one("#isolation-check", Check)
        chosen = self.query_one("#isolation", Choice).value
        info = self._engines.get(server)
        if self._state(server) in (ServerState.UNKNOWN, ServerState.CONNECTING):
            check.say(f"Connecting to {words.plain(server)}…", "busy")
            return False
        if not self._is_online(server):
            check.say(f"{words.plain(server)} is not connected.", "bad")
            return False
        if chosen == "host":
            check.say("No container: everything runs as you on that machine.", "busy")
            return True
        if info is not None and not info.get("engine"):
            error = info.get("engine_error") or {}
            why = words.plain(str(error.get("message") or "Podman doesn't work there"))
            check.say(f"{why}. Choose host to work without a container.", "bad")
            return False
        check.say("A Podman container around it, with a /nix that is kept.")
        return True

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Dismiss with the filled-in form."""
        if not self._validate():
            return
        git, from_git = self.query_one(GitFields), self._from_git
        text = self.query_one("#folder", Input).value.strip()
        self.dismiss(
            NewProject(
                name=self.query_one("#name", Input).value.strip(),
                server=self.query_one("#server", Choice).value,
                folder=None if from_git else Path(text).expanduser().resolve(),
                flake=None if from_git else self.query_one("#flake", Choice).value or None,
                isolation=self.query_one("#isolation", Choice).value,
                git=git.url if from_git else "",
                ref=git.ref if from_git else "",
                forward_agent=from_git and git.forwards,
                copy=self.query_one("#place", Choice).value == "copy",
                warm_up=self._may_warm
                and not from_git
                and self.query_one("#warm", Choice).value == "now",
            )
        )


def _may_warm(folder: Path) -> bool:
    """Say whether a folder's mnix.toml lets its environment be built at once. Blocks."""
    from mnix_tui.config.project import load_project

    try:
        return load_project(folder).warm_up
    except MnixError:
        return True  # what is wrong with the file is said when the project is made
