"""What the view tells of the program: folders, commands, notifications, the clipboard's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from mnix_tui.ui.terminal.view import TerminalView
from tests.helpers.settle import asettle
from tests.ui.terminal.demo import STYLES

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.message import Message

    from mnix_tui.ui.terminal import messages


class Listener(App[None]):
    """Keeps what a terminal tells."""

    CSS_PATH = STYLES

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []
        self.sent = b""

    def compose(self) -> ComposeResult:
        yield TerminalView(self.write)

    def write(self, data: bytes) -> None:
        self.sent += data

    @property
    def view(self) -> TerminalView:
        return self.query_one(TerminalView)

    def _note(self, message: messages.ViewMessage) -> None:
        assert message.view is self.view
        self.heard.append(message)

    on_terminal_view_title_changed = _note
    on_terminal_view_directory_changed = _note
    on_terminal_view_bell = _note
    on_terminal_view_clipboard_wanted = _note
    on_terminal_view_command_started = _note
    on_terminal_view_command_ended = _note
    on_terminal_view_notified = _note
    on_terminal_view_activity = _note

    def told(self) -> list[str]:
        return [type(message).__name__ for message in self.heard]


EVERYTHING = (
    b"\x07\x1b]0;title\x07\x1b]7;file://box/src/app\x07\x1b]52;c;aGVsbG8=\x07\x1b]9;look here\x07"
    b"\x1b]133;A\x07$ \x1b]133;C\x07\x1b]133;D;3\x07\x1b[5n"
)


async def test_everything_is_told_in_order() -> None:
    app = Listener()
    async with app.run_test():
        await app.view.feed(EVERYTHING)
        await asettle(lambda: len(app.heard) == 7)
        assert app.told() == [
            "Bell",
            "TitleChanged",
            "DirectoryChanged",
            "ClipboardWanted",
            "Notified",
            "CommandStarted",
            "CommandEnded",
        ]
        folder, wish, note, ended = (app.heard[index] for index in (2, 3, 4, 6))
        assert isinstance(folder, TerminalView.DirectoryChanged)
        assert (folder.host, folder.path) == ("box", "/src/app")
        assert isinstance(wish, TerminalView.ClipboardWanted)
        assert wish.text == "hello"
        assert isinstance(note, TerminalView.Notified)
        assert note.body == "look here"
        assert isinstance(ended, TerminalView.CommandEnded)
        assert ended.status == 3
        assert 0 <= ended.seconds < 5
        assert app.sent == b"\x1b[0n"
        assert app.clipboard == ""


async def test_a_replay_tells_only_the_last_title_and_folder() -> None:
    app = Listener()
    async with app.run_test() as pilot:
        app.view.replaying = True
        for number in range(100):
            await app.view.feed(EVERYTHING.replace(b"title", b"title %d" % number))
        await app.view.drained()
        await pilot.pause()
        assert app.heard == []
        app.view.replaying = False
        await asettle(lambda: len(app.heard) == 2)
        assert sorted(app.told()) == ["DirectoryChanged", "TitleChanged"]
        title = next(one for one in app.heard if isinstance(one, TerminalView.TitleChanged))
        assert title.title == "title 99"
        assert app.sent == b""


async def test_the_clipboard_is_only_for_whoever_leads() -> None:
    app = Listener()
    async with app.run_test():
        app.view.answers = False
        await app.view.feed(b"\x1b]52;c;aGVsbG8=\x07\x1b]52;c;?\x07\x1b]2;done\x07")
        await asettle(lambda: app.told() == ["TitleChanged"])
        assert app.sent == b""


async def test_the_clipboard_is_never_read() -> None:
    app = Listener()
    async with app.run_test():
        app.copy_to_clipboard("secret")
        await app.view.feed(b"\x1b]52;c;?\x07\x1b]2;done\x07")
        await asettle(lambda: app.told() == ["TitleChanged"])
        assert app.sent == b""


async def test_a_command_that_began_in_the_replay_ends_with_its_status() -> None:
    app = Listener()
    async with app.run_test():
        app.view.replaying = True
        await app.view.feed(b"\x1b]133;A\x07$ \x1b]133;C\x07")
        await app.view.drained()
        app.view.replaying = False
        await app.view.feed(b"\x1b]133;D;1\x07")
        await asettle(lambda: app.told() == ["CommandEnded"])


async def test_activity_out_of_sight_is_told_once_until_it_is_looked_at() -> None:
    app = Listener()
    async with app.run_test() as pilot:
        await app.view.feed(b"seen")
        app.view.display = False
        await pilot.pause()
        for _ in range(3):
            await app.view.feed(b"unseen")
            await app.view.drained()
        await pilot.pause()
        assert app.told() == ["Activity"]
        app.view.display = True
        await pilot.pause()
        app.view.display = False
        await pilot.pause()
        await app.view.feed(b"unseen")
        await app.view.drained()
        await asettle(lambda: app.told() == ["Activity", "Activity"])
