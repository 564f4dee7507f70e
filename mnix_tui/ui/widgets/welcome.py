"""What stands on the right while there is no project: the three keys that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

_TEXT = """\
[b]A workspace for every flake, on any machine.[/]

[b $accent]n[/]   [@click=screen.new_project]make a project from a folder with a flake[/]
[b $accent]a[/]   [@click=screen.add_server]add a server that you can reach by SSH[/]
[b $accent]?[/]   [@click=screen.help]see what the keys do[/]

[$foreground-muted]Until you add a server, projects run on this machine.[/]"""

_LOADING = "[$foreground-muted]Reading what is known…[/]"


class Welcome(Vertical):
    """The empty state, and the first moment before anything is known."""

    def compose(self) -> ComposeResult:
        """Lay out one block of text."""
        yield Static(Content.from_markup(_LOADING), id="welcome-text")

    def show(self, loading: bool) -> None:
        """Show the welcome, or that it is still being read."""
        text = _LOADING if loading else _TEXT
        self.query_one("#welcome-text", Static).update(Content.from_markup(text))
