"""What all dialogs share: the frame, the buttons, escape, and the line that checks an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """Asks one thing; escape and the first button dismiss it with ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="dialog.cancel", tooltip="Close without doing it"),
        Binding(
            "down,right", "app.focus_next", "next", id="dialog.next", tooltip="Next", show=False
        ),
        Binding("up,left", "app.focus_previous", "before", id="dialog.before", tooltip="Before"),
        Binding("enter", "accept", "accept", id="dialog.accept", tooltip="Do it", show=False),
    ]
    HEADING = ""
    YES = "OK"
    NO = "Cancel"
    VARIANT: Literal["primary", "error"] = "primary"

    def body(self) -> ComposeResult:
        """Yield what stands above the buttons."""
        yield from ()

    def more_buttons(self) -> ComposeResult:
        """Yield what stands between the two buttons."""
        yield from ()

    def accept(self) -> None:
        """Do what the last button says."""
        raise NotImplementedError

    def action_accept(self) -> None:
        """Do it, from wherever enter means nothing else."""
        self.accept()

    def compose(self) -> ComposeResult:
        """Lay out the frame, the body and the buttons."""
        with VerticalScroll(classes="dialog", can_focus=False) as frame:
            frame.border_title = Content(self.HEADING)  # a name in it is no markup
            yield from self.body()
            with Horizontal(classes="buttons"):
                if self.NO:
                    yield Button(self.NO, id="no")
                yield from self.more_buttons()
                yield Button(self.YES, id="yes", variant=self.VARIANT)

    def action_cancel(self) -> None:
        """Close without doing it."""
        self.dismiss(None)

    @on(Button.Pressed, "#no")
    def _no(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_cancel()

    @on(Button.Pressed, "#yes")
    def _yes(self, event: Button.Pressed) -> None:
        event.stop()
        self.accept()


def field(label: str, *widgets: Widget, id: str | None = None) -> Horizontal:  # noqa: A002
    """Return a row of a form: a label, and what is filled in."""
    return Horizontal(Static(label, classes="label"), *widgets, classes="field", id=id)


class Check(Static):
    """The line below an input that says whether it will do."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__("", id=id, classes="check", markup=False)

    def say(self, text: str, tone: str = "") -> None:
        """Show ``text``; the tone is ``good``, ``busy``, ``bad`` or "" for quiet."""
        self.update(text)
        for one in ("good", "busy", "bad"):
            self.set_class(one == tone, f"-{one}")
