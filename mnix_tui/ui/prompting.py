"""What a login asks a person: each question opens a dialog, whichever task it comes from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import on
from textual.app import App
from textual.message import Message
from textual.screen import ModalScreen

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.link import HostKeyQuestion
    from mnix_tui.link.model import SecretQuestion
    from mnix_tui.ui.dialogs.sudden import SuddenDialog


AGAIN = 0.2
"""Seconds until a question looks again whether the dialog that it waits for is closed."""


@runtime_checkable
class AwaitsLogin(Protocol):
    """A screen whose person may have a login tried just now."""

    @property
    def awaits_login(self) -> bool:
        """Whether a question of a server is expected."""


@runtime_checkable
class SwallowsKeys(Protocol):
    """A dialog that came up by itself."""

    def swallows_key(self) -> bool:
        """Take note of a key; say whether it was meant for what was there before."""


class Prompting(App[int], inherit_bindings=False):
    """The part of the app that asks."""

    @dataclass
    class Asked(Message):
        """A dialog is wanted; what it is dismissed with goes into ``answer``."""

        dialog: SuddenDialog[Any]
        answer: asyncio.Future[Any]
        about: str
        """What it asks, said where it has to wait; "" once that was said."""

    @dataclass
    class Withdrawn(Message):
        """Nobody waits for the answer any more: the server went away, or the work was cancelled."""

        dialog: SuddenDialog[Any]

    def drop_keys(self) -> None:
        """Forget what was typed ahead, and say so."""
        raise NotImplementedError

    async def ask_host_key(self, question: HostKeyQuestion) -> bool:
        """Ask the person about a host key."""
        from mnix_tui.ui.dialogs.host_key import HostKeyDialog

        dialog = HostKeyDialog(question, sudden=self._is_sudden())
        about = f"{question.server} shows a host key that nobody knows"
        return bool(await self._ask(dialog, about))

    async def ask_secret(self, question: SecretQuestion) -> tuple[str, ...] | None:
        """Ask the person for what a login needs."""
        from mnix_tui.ui.dialogs.secret import SecretDialog

        dialog = SecretDialog(question, sudden=self._is_sudden())
        about = f"{question.server} asks something to log in"
        answers: tuple[str, ...] | None = await self._ask(dialog, about)
        return answers

    def _is_sudden(self) -> bool:
        """Say whether somebody may be typing something else: they don't wait for a login."""
        screen = self.screen
        return not (isinstance(screen, AwaitsLogin) and screen.awaits_login)

    async def _ask(self, dialog: SuddenDialog[Any], about: str) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.post_message(self.Asked(dialog, answer, about))
        try:
            return await answer
        except asyncio.CancelledError:
            self.post_message(self.Withdrawn(dialog))
            raise

    @on(Asked)
    def _asked(self, event: Asked) -> None:
        event.stop()

        def answered(value: Any) -> None:
            if not event.answer.done():
                event.answer.set_result(value)

        if event.answer.done():
            return  # withdrawn before it could be shown
        if self._is_taken():
            if event.about:
                text = f"{words.plain(event.about)}. Close this to answer."
                self.notify(text, severity="warning", timeout=10, markup=False)
            again = self.Asked(event.dialog, event.answer, "")
            self.set_timer(AGAIN, lambda: self.post_message(again))
            return
        self.drop_keys()  # nobody asked for this: no key that was typed for else may answer it
        self.push_screen(event.dialog, answered)

    def _is_taken(self) -> bool:
        """Say whether a dialog is open that the next keys are meant for."""
        open_ = self.screen
        is_another = isinstance(open_, ModalScreen) and not isinstance(open_, SwallowsKeys)
        return is_another and self._is_sudden()

    @on(Withdrawn)
    def _withdrawn(self, event: Withdrawn) -> None:
        event.stop()
        if event.dialog in self.screen_stack:
            event.dialog.withdraw()
