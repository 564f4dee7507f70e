"""What a push or a pull would do, before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from mnix_tui.ui import preview_words, sync_keys
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.preview_words import Shape
from mnix_tui.ui.problems import trouble
from mnix_tui.ui.widgets.lines import Lines
from mnix_tui.ui.widgets.overview import TONES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.sync.model import Preview, SyncReport

Way = Literal["push", "pull"]
"""Which way files go when somebody asks for it by hand."""


@dataclass(frozen=True)
class Meant:
    """It is to be done though it deletes most of the files."""

    way: Way


Wish = Way | Meant | Literal["conflicts"]
"""What somebody wants after having looked."""
_TITLES = {"push": "Push {project} to {server}", "pull": "Pull {project} from {server}"}
_DOES = {"push": "pushes", "pull": "pulls"}


class PreviewScreen(ModalScreen[Wish | None]):
    """Dismisses with what is to be done, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *sync_keys.PREVIEW]

    @dataclass
    class Looked(Message):
        """What would be done is here, or why it is not."""

        way: Way
        report: SyncReport | None
        error: BaseException | None = None

    def __init__(
        self,
        project: str,
        server: str,
        source: Callable[[Way], Awaitable[SyncReport]],
        *,
        way: Way = "push",
    ) -> None:
        super().__init__()
        self._project = project
        self._server = server
        self._source = source
        self._way: Way = way
        self._files = False
        self._looked: dict[Way, Preview | BaseException | None] = {}

    def compose(self) -> ComposeResult:
        """Lay out the headline above all the rest."""
        with Framed("", id="preview-frame"):
            yield Static(id="preview-head")
            yield Lines(id="preview")
            yield Static(id="preview-foot", classes="foot quiet")

    def on_mount(self) -> None:
        """Look at both sides."""
        self._look()

    def _look(self) -> None:
        way = self._way
        self._looked.pop(way, None)
        self._show()

        async def look() -> None:
            try:
                self.post_message(self.Looked(way, await self._source(way)))
            except Exception as error:
                self.post_message(self.Looked(way, None, error))

        self.run_worker(look(), group="preview", exclusive=True, exit_on_error=False)

    @on(Looked)
    def _was_looked(self, event: Looked) -> None:
        event.stop()
        if event.report is not None:
            self._looked[event.way] = event.report.preview
        else:
            self._looked[event.way] = event.error
        self._show()

    @property
    def _preview(self) -> Preview | None:
        found = self._looked.get(self._way)
        return None if isinstance(found, BaseException) else found

    @property
    def _ready(self) -> bool:
        """Whether there is something to do, and nobody has to say that it is meant."""
        return self._something and not self._refused

    @property
    def _refused(self) -> bool:
        return self._preview is not None and bool(self._preview.refused)

    @property
    def _something(self) -> bool:
        preview = self._preview
        if preview is None:
            return False
        plan = preview.plan
        return bool(plan.send or plan.fetch or plan.delete_there or plan.delete_here)

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self.call_after_refresh(self._show)

    def _show(self, *, keep_place: bool = True) -> None:
        frame = self.query_one(Framed)
        title = _TITLES[self._way].format(project=self._project, server=self._server)
        frame.border_title = Content(title)
        head, lines = self.query_one("#preview-head", Static), self.query_one(Lines)
        found = self._looked.get(self._way)
        preview = self._preview
        if isinstance(found, BaseException):
            head.update(trouble("Not compared", found))
            lines.show([])
        elif preview is None:
            said = f"Comparing the files here with those on {self._server}…"
            head.update(Content.styled(said, "$foreground-muted"))
            lines.show([])
        else:
            told = preview_words.headline(preview, self._server)
            head.update(Content.assemble(*((text, TONES[tone]) for text, tone in told)))
            shape = Shape(self._server, max(lines.size.width - 1, 40), self._files)
            lines.show(preview_words.lines(preview, shape), keep_place=keep_place)
        self._foot()

    def _foot(self) -> None:
        hints: list[tuple[str, str, str]] = []
        preview = self._preview
        if self._ready:
            hints.append(("enter", _DOES[self._way], "accept"))
        elif self._refused:
            hints.append(("Y", f"{_DOES[self._way]} all the same", "anyway"))
        if preview is not None and preview.plan.conflicts:
            hints.append(("c", "conflicts", "conflicts"))
        if self._something:
            hints.append(("f", "folders" if self._files else "each file", "detail"))
        if preview is None and self._way in self._looked:
            hints.append(("r", "looks again", "again"))
        other = "pull" if self._way == "push" else "push"
        hints += [("tab", other, "other"), ("escape", "closes", "dismiss(None)")]
        self.query_one("#preview-foot", Static).update(Framed.hints(hints))

    # -- what is done

    def action_accept(self) -> None:
        """Push, or pull."""
        if self._ready:
            self.dismiss(self._way)
        elif self._refused:
            return
        elif self._preview is not None and not self._preview.plan.conflicts:
            self.dismiss(None)

    def action_anyway(self) -> None:
        """Push, or pull, what was refused: it is meant."""
        if self._refused:
            self.dismiss(Meant(self._way))

    def action_detail(self) -> None:
        """Show every file, or folders."""
        self._files = not self._files
        self._show(keep_place=False)

    def action_other(self) -> None:
        """Show what the other direction would do."""
        self._way = "pull" if self._way == "push" else "push"
        if isinstance(self._looked.get(self._way), BaseException) or self._way not in self._looked:
            self._look()
        else:
            self._show(keep_place=False)

    def action_again(self) -> None:
        """Look at both sides again."""
        self._look()

    def action_conflicts(self) -> None:
        """Go to the conflicts."""
        if self._preview is not None and self._preview.plan.conflicts:
            self.dismiss("conflicts")

    def action_line(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(Lines).move(lines=by)

    def action_page(self, by: int) -> None:
        """Scroll by a page."""
        self.query_one(Lines).move(pages=by)
