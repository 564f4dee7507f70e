"""What a shell's terminal tells, as facts about the shell: for its own title, and for the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message

from mnix_tui.ui import words
from mnix_tui.ui.shell_status import Status, directory

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.ui.panes.clipboard import Clipboard
    from mnix_tui.ui.terminal import messages

_TITLE = 120


class Told(Vertical):
    """The half of a shell's pane that listens to its terminal."""

    @dataclass
    class Leader(Message):
        """The leader was pressed (``active``), or its key followed."""

        active: bool

    @dataclass
    class LeaderKey(Message):
        """This key followed the leader."""

        key: str

    @dataclass
    class StatusChanged(Message):
        """The title, or who else is here, is another one."""

        job: str

    @dataclass
    class Printed(Message):
        """There was output while the shell was out of sight."""

        job: str

    @dataclass
    class Rang(Message):
        """The program rang the bell."""

        job: str

    @dataclass
    class CommandEnded(Message):
        """A command ended, with its status if the shell said it."""

        job: str
        status: int | None
        seconds: float

    @dataclass
    class Notified(Message):
        """The program has something to tell to whoever is not looking."""

        job: str
        title: str
        body: str

    job: Job
    clipboard: Clipboard
    status = Status()
    _program = ""
    _folder = ""

    def set_status(self, **changes: object) -> None:
        """Take note of what is said about the shell."""
        status = replace(self.status, **changes)  # type: ignore[arg-type]
        if status != self.status:
            self.status = status
            self.show_title()
            self.post_message(self.StatusChanged(self.job.id))

    def show_title(self) -> None:
        """Show the status."""
        raise NotImplementedError

    def on_terminal_view_leader_changed(self, event: messages.LeaderChanged) -> None:
        """Let the screen show what may follow."""
        event.stop()
        self.post_message(self.Leader(event.active))

    def on_terminal_view_leader_key(self, event: messages.LeaderKey) -> None:
        """Let the screen do it."""
        event.stop()
        self.post_message(self.LeaderKey(event.key))

    def on_terminal_view_title_changed(self, event: messages.TitleChanged) -> None:
        """Show the program's title; an empty one gives way to the folder."""
        event.stop()
        self._program = words.fit(words.plain(event.title), _TITLE)
        self.set_status(title=self._program or self._folder)

    def on_terminal_view_directory_changed(self, event: messages.DirectoryChanged) -> None:
        """Show the folder, where the program gave no title."""
        event.stop()
        self._folder = words.fit(directory(event.path), _TITLE)
        self.set_status(title=self._program or self._folder)

    def on_terminal_view_clipboard_wanted(self, event: messages.ClipboardWanted) -> None:
        """Ask, if nobody said yet."""
        event.stop()
        self.clipboard.wanted(event.text)

    def on_terminal_view_copy_mode(self, event: messages.CopyMode) -> None:
        """Say where the keys go."""
        event.stop()
        self.set_status(copying=event.active)

    def on_terminal_view_bell(self, event: messages.Bell) -> None:
        """Pass it on."""
        event.stop()
        self.post_message(self.Rang(self.job.id))

    def on_terminal_view_activity(self, event: messages.Activity) -> None:
        """Pass it on."""
        event.stop()
        self.post_message(self.Printed(self.job.id))

    def on_terminal_view_command_ended(self, event: messages.CommandEnded) -> None:
        """Pass it on."""
        event.stop()
        self.post_message(self.CommandEnded(self.job.id, event.status, event.seconds))

    def on_terminal_view_notified(self, event: messages.Notified) -> None:
        """Pass it on, as plain text."""
        event.stop()
        title, body = words.plain(event.title), words.plain(event.body)
        self.post_message(self.Notified(self.job.id, title, body))
