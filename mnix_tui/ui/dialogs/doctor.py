"""The doctor: tries all that a server needs, and says by which command what is wrong is mended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from mnix_tui.ui import check_words, server_keys, words
from mnix_tui.ui.dialogs.base import Check
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.check_panel import CheckPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker

    from mnix_tui.domain import checks
    from mnix_tui.domain.servers import Server
    from mnix_tui.ui.workbench.server_port import ServersBench


class DoctorScreen(ModalScreen[None]):
    """Tries everything as soon as it is shown; leaving it ends the trying."""

    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *server_keys.DOCTOR]

    @dataclass
    class Told(Message):
        """The checks got on."""

        run: int
        checks: tuple[checks.Check, ...]

    @dataclass
    class Ended(Message):
        """Everything was tried, or it could not be."""

        run: int
        checks: tuple[checks.Check, ...] = ()
        error: BaseException | None = None

    def __init__(
        self, bench: ServersBench, server: Server, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._bench = bench
        self._clock = clock
        self._server = server
        self._run = 0
        self._trying: Worker[None] | None = None

    @property
    def awaits_login(self) -> bool:
        """Whether a question of a server is expected."""
        return self._trying is not None

    def compose(self) -> ComposeResult:
        """Lay out the checks above what came of them."""
        name, where = words.plain(self._server.name), words.plain(self._server.endpoint)
        shown = f" ({where})" if where not in ("", name) else ""
        with Framed(f"Doctor · {name}{shown}", id="doctor-frame"):
            yield Check("outcome")
            yield CheckPanel("checks", copy="c", clock=self._clock)
            yield Static(id="doctor-foot", classes="foot quiet")

    def on_mount(self) -> None:
        """Begin."""
        self.action_again()

    def action_again(self) -> None:
        """Try everything, once more."""
        if self._trying is not None:
            return
        self._run += 1
        run, name = self._run, self._server.name

        def tell(found: tuple[checks.Check, ...]) -> None:
            self.post_message(self.Told(run, found))

        async def work() -> None:
            try:
                found = await self._bench.check_server(name, tell)
            except Exception as error:
                self.post_message(self.Ended(run, error=error))
            else:
                self.post_message(self.Ended(run, found))

        self.query_one(CheckPanel).begin()
        self._trying = self.run_worker(work, group="doctor", exclusive=True, exit_on_error=False)
        self.query_one("#outcome", Check).say("◐ Trying all that it needs…", "busy")
        self._foot()

    @on(Told)
    def _told(self, event: Told) -> None:
        event.stop()
        if event.run == self._run:
            self.query_one(CheckPanel).show(event.checks)
            self._foot()

    @on(Ended)
    def _ended(self, event: Ended) -> None:
        event.stop()
        self._trying = None
        if event.error is not None:
            shown = problem(event.error)
            hint = f"\n→ {words.plain(shown.hint)}" if shown.hint else ""
            self.query_one("#outcome", Check).say(f"✕ {shown.line}{hint}", "bad")
        else:
            self.query_one(CheckPanel).show(event.checks)
            self.query_one("#outcome", Check).say(*check_words.result(event.checks))
        self._foot()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._foot()

    def action_copy(self) -> None:
        """Copy the command that mends what is looked at."""
        self.query_one(CheckPanel).copy_fix()

    def _foot(self) -> None:
        check = self.query_one(CheckPanel).chosen
        hints = [("r", "tries again", "again")] if self._trying is None else []
        if check is not None and check.fix:
            hints.append(("c", "copies the command", "copy"))
        hints.append(("escape", "closes", "dismiss(None)"))
        self.query_one("#doctor-foot", Static).update(Framed.hints(hints))
