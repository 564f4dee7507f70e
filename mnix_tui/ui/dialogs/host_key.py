"""The question about a host key that was never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.sudden import SuddenDialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.link import HostKeyQuestion


MOST = 2
"""Known keys of other kinds that are shown."""


class HostKeyDialog(SuddenDialog[bool]):
    """Shows fingerprint and picture of a key; dismisses with ``True`` when it is the right one."""

    HEADING = "Is this the right server?"
    YES = "Trust and keep it"
    NO = "Refuse"
    AUTO_FOCUS = "#no"

    def __init__(self, question: HostKeyQuestion, *, sudden: bool = False) -> None:
        super().__init__(sudden=sudden, classes="-careful -wide -tight")
        self._question = question

    def body(self) -> ComposeResult:
        """Show what to compare."""
        asked = self._question
        host = words.plain(asked.host)
        text = Content.assemble(
            "mnix has never seen this key of ",
            (host, "bold"),
            ".\nCompare it with what its owner gives you, or run there:\n",
            ("cat /etc/ssh/ssh_host_*_key.pub | ssh-keygen -lf -", "$accent"),
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
                yield from self._others()
            if asked.randomart:
                art = "\n".join(words.visible(line) for line in asked.randomart.splitlines())
                yield Static(art, classes="keyprint", markup=False)
        if asked.hint:
            yield Static(f"→ {words.plain(asked.hint)}", classes="text quiet", markup=False)

    def _others(self) -> ComposeResult:
        """Show which keys of other kinds are known: another kind of key is no reason to worry."""
        others = self._question.others
        if others:
            yield Static("Known of other kinds", classes="label")
            shown = [words.plain(one) for one in others[:MOST]]
            shown += [f"… {len(others) - MOST} more"] if len(others) > MOST else []
            yield Static("\n".join(shown), classes="text", markup=False)

    def accept(self) -> None:
        """Trust the key."""
        self.dismiss(True)

    def action_cancel(self) -> None:
        """Refuse the key."""
        self.dismiss(False)
