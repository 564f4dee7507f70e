"""What a server is grouped by, and when it is connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Button, Input

from mnix_tui.domain.servers import ALWAYS, AUTO, NEVER, parse_tags
from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Check, Dialog, field
from mnix_tui.ui.dialogs.checks import split_tags, tags_problem
from mnix_tui.ui.widgets.choice import Choice

if TYPE_CHECKING:
    from collections.abc import Collection

    from textual.app import ComposeResult

    from mnix_tui.domain.servers import Server

_MODES = {
    AUTO: ("as configured", "While it has projects, or somebody looks at it."),
    ALWAYS: ("always", "All the time, whether anybody looks at it or not."),
    NEVER: ("on demand", "Only while somebody looks at it or uses it."),
}


@dataclass(frozen=True)
class Labels:
    """What a server shall be grouped by, and when it is connected."""

    tags: tuple[str, ...]
    connect: str


class TagsDialog(Dialog[Labels]):
    """Dismisses with what was chosen, or ``None``."""

    YES = "Keep"
    AUTO_FOCUS = "#tags"

    def __init__(self, server: Server, others: Collection[str] = ()) -> None:
        super().__init__(classes="-form")
        self._server = server
        self._others = sorted(set(others))
        self.HEADING = f"Tags · {words.plain(server.name)}"

    def body(self) -> ComposeResult:
        """Take the tags, and when to connect."""
        modes = [(mode, label) for mode, (label, _) in _MODES.items()]
        tags = " ".join(self._server.tags)
        yield field("Tags", Input(tags, placeholder="to group servers by: work eu", id="tags"))
        yield Check("tags-check")
        yield field("Connected", Choice(modes, self._server.connect, id="connect"))
        yield Check("connect-check")

    def on_mount(self) -> None:
        """Say what is chosen."""
        self._validate()

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        self._validate()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def _validate(self) -> bool:
        tags = self.query_one("#tags", Input).value
        wrong = tags_problem(tags)
        others = [tag for tag in self._others if tag not in split_tags(tags)]
        used = f"Others have: {' '.join(others)}" if others else ""
        self.query_one("#tags-check", Check).say(
            wrong or words.fit(used, 200), "bad" if wrong else ""
        )
        about = _MODES[self.query_one(Choice).value][1]
        self.query_one("#connect-check", Check).say(about)
        self.query_one("#yes", Button).disabled = bool(wrong)
        return not wrong

    def accept(self) -> None:
        """Keep what was chosen."""
        if self._validate():
            tags = parse_tags(split_tags(self.query_one("#tags", Input).value))
            self.dismiss(Labels(tags, self.query_one(Choice).value))
