"""What a login asks a person: each question opens a dialog, whichever task it comes from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import on
from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from mnix_tui.link import HostKeyQuestion
    from mnix_tui.link.model import SecretQuestion
    from mnix_tui.ui.dialogs.sudden import SuddenDialog


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
        return bool(await self._ask(dialog))

    async def ask_secret(self, question: SecretQuestion) -> tuple[str, ...] | None:
        """Ask the person for what a login needs."""
        from mnix_tui.ui.dialogs.secret import SecretDialog

        dialog = SecretDialog(question, sudden=self._is_sudden())
        answers: tuple[str, ...] | None = await self._ask(dialog)
        return answers

    def _is_sudden(self) -> bool:
        """Say whether somebody may be typing something else: they don't wait for a login."""
        screen = self.screen
        return not (isinstance(screen, AwaitsLogin) and screen.awaits_login)

    async def _ask(self, dialog: SuddenDialog[Any]) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.post_message(self.Asked(dialog, answer))
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
        self.drop_keys()  # nobody asked for this: no key that was typed for else may answer it
        self.push_screen(event.dialog, answered)

    @on(Withdrawn)
    def _withdrawn(self, event: Withdrawn) -> None:
        event.stop()
        if event.dialog in self.screen_stack:
            event.dialog.withdraw()
