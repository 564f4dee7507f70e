"""The part of the new-project dialog for files that the server clones itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from mnix_tui.ui.dialogs.base import Check, field
from mnix_tui.ui.dialogs.checks import git_problem
from mnix_tui.ui.widgets.choice import Choice

if TYPE_CHECKING:
    from textual.app import ComposeResult

AGENT = (
    ("", "not lent"),
    ("forward", "lent to the server while it clones"),
)
_BY_SSH = "The server's own key is used, unless yours is lent."
_PUBLIC = "The server clones it; no folder is needed here."


class GitFields(Vertical):
    """Address, branch, and whether the SSH agent is lent; posts ``Changed``."""

    @dataclass
    class Changed(Message):
        """Something else is to be cloned."""

        url: str

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        yield field(
            "Address", Input(placeholder="https://example.org/me/project.git", id="git-url")
        )
        yield Check("git-check")
        own = "a branch, tag or commit; empty: its own"
        yield field("Branch", Input(placeholder=own, id="git-ref"))
        yield field("SSH agent", Choice(list(AGENT), id="git-agent"), id="git-agent-row")

    def on_mount(self) -> None:
        """Say what is needed."""
        self._say()

    @property
    def url(self) -> str:
        """The address as it was typed."""
        return self.query_one("#git-url", Input).value.strip()

    @property
    def ref(self) -> str:
        """The branch, tag or commit; "" for the repository's own."""
        return self.query_one("#git-ref", Input).value.strip()

    @property
    def forwards(self) -> bool:
        """Whether the SSH agent is lent."""
        return self._by_ssh and bool(self.query_one("#git-agent", Choice).value)

    @property
    def ready(self) -> bool:
        """Whether it can be cloned, as far as is known here."""
        return not git_problem(self.url) and not self.ref.startswith("-")

    @property
    def _by_ssh(self) -> bool:
        url = self.url
        return url.lower().startswith("ssh://") or ("://" not in url and ":" in url)

    def _say(self) -> None:
        wrong = git_problem(self.url)
        check = self.query_one(Check)
        if wrong:
            check.say(wrong, "bad" if self.url else "")
        elif self.ref.startswith("-"):
            check.say("That is no branch.", "bad")
        else:
            check.say(_BY_SSH if self._by_ssh else _PUBLIC)
        self.query_one("#git-agent-row").display = self._by_ssh

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._say()
        self.post_message(self.Changed(self.url))

    @on(Choice.Changed)
    def _lent(self, event: Choice.Changed) -> None:
        event.stop()
