"""The question about a host key that was never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.link import HostKeyQuestion


class HostKeyDialog(Dialog[bool]):
    """Shows fingerprint and picture of a key; dismisses with ``True`` when it is the right one."""

    HEADING = "Is this the right server?"
    YES = "Trust it"
    NO = "Refuse"
    AUTO_FOCUS = "#no"

    def __init__(self, question: HostKeyQuestion) -> None:
        super().__init__(classes="-careful -wide")
        self._question = question

    def body(self) -> ComposeResult:
        """Show what to compare."""
        asked = self._question
        host = words.plain(asked.host)
        text = Content.assemble(
            "mnix has never seen the key of ",
            (host, "bold"),
            ".\nCompare it with what its owner gives you, or run there:\n",
            ("ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub", "$accent"),
            ".\nTrusting it keeps it in known_hosts.",
        )
        yield Static(text, classes="text")
        with Horizontal(classes="dialog-body"):
            with Vertical(classes="dialog-body"):
                yield Static("Key", classes="label")
                yield Static(words.plain(asked.key_type), classes="text", markup=False)
                yield Static("Fingerprint", classes="label")
                yield Static(
                    words.plain(asked.fingerprint), classes="text", markup=False, id="fingerprint"
                )
            if asked.randomart:
                yield Static(asked.randomart, classes="keyprint", markup=False)

    def accept(self) -> None:
        """Trust the key."""
        self.dismiss(True)

    def action_cancel(self) -> None:
        """Refuse the key."""
        self.dismiss(False)
