"""What asyncssh asks while it logs in, put to the login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncssh

from mnix_tui.link.login.person import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncssh import SSHKeyPair

    from mnix_tui.link.login.login import Login


class Answers(asyncssh.SSHClient):
    """Answers for one connection of a login."""

    def __init__(self, login: Login) -> None:
        self.login = login

    def begin_auth(self, username: str) -> None:
        """Tell that the server is known, and the login begins."""
        self.login.stage("login")

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """Keep what the server says before the login: it may say why there is none."""
        self.login.found.banner = clean(msg, 500)

    async def public_key_auth_requested(self) -> SSHKeyPair | None:
        """Return the next key to offer."""
        return await self.login.keys.next()

    async def password_auth_requested(self) -> str | None:
        """Return a password."""
        return await self.login.password()

    async def password_change_requested(self, prompt: str, lang: str) -> Any:
        """Return the old password and a new one."""
        found = await self.login.new_password(prompt)
        return NotImplemented if found is None else found

    def kbdint_auth_requested(self) -> str | None:
        """Let the server ask, or not."""
        return "" if self.login.may_answer() else None

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Answer what the server asks."""
        return await self.login.answers(name, instructions, list(prompts))
