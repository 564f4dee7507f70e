"""The SSH agent: its keys, in an order in which those that are meant come first.

sshd gives up after six keys (MaxAuthTries), so what the configuration names is offered before what
the agent merely happens to hold. An agent that does not answer costs two seconds, and no login.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh
from asyncssh.agent import SSHAgentClient

from mnix_tui.link.login.keyfiles import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from asyncssh import SSHCertificate, SSHKey, SSHKeyPair

ANSWER = 2.0
"""Seconds in which an agent lists its keys, or takes one."""
SIGNING = 60.0
"""Seconds for a signature: somebody may have to touch a key, or to say yes to the agent."""
MAX_KEYS = 64


class Agent(SSHAgentClient):
    """An agent that may hang, or wait for a person."""

    def __init__(
        self,
        path: str,
        patient: Callable[[], AbstractContextManager[None]],
        wanted: Callable[[], None],
    ) -> None:
        """``patient`` is entered while a person may be asked; ``wanted`` hears of each signature."""
        super().__init__(path)
        self._patient = patient
        self._wanted = wanted

    async def keys(self, problems: list[str]) -> list[SSHKeyPair]:
        """List the keys; what is wrong with the agent is noted in ``problems``."""
        try:
            async with asyncio.timeout(ANSWER):
                return list(await self.get_keys())[:MAX_KEYS]
        except TimeoutError:
            problems.append("the SSH agent does not answer")
        except (ValueError, OSError, asyncssh.Error) as error:
            problems.append(f"the SSH agent can't be used: {reason(error)}")
        await self.end()
        return []

    async def sign(self, key_blob: bytes, data: bytes, flags: int = 0) -> bytes:
        """Have the agent sign; raise ``ValueError`` where it does not."""
        self._wanted()
        try:
            with self._patient():
                async with asyncio.timeout(SIGNING):
                    return await super().sign(key_blob, data, flags)
        except TimeoutError as error:
            await self.end()
            raise ValueError("the SSH agent did not sign in time") from error

    async def add(self, key: SSHKey, lifetime: int, *, confirm: bool) -> bool:
        """Give the agent a key (AddKeysToAgent), and say whether it took it."""
        try:
            async with asyncio.timeout(ANSWER):
                await self.add_keys([key], lifetime=lifetime or None, confirm=confirm)
        except (TimeoutError, ValueError, OSError, asyncssh.Error):
            return False
        return True

    async def end(self) -> None:
        """Close the connection to it."""
        self.close()
        try:
            async with asyncio.timeout(ANSWER):
                await self.wait_closed()
        except (TimeoutError, OSError):
            pass


def certified(key: SSHKeyPair, certificates: list[SSHCertificate]) -> SSHKeyPair | None:
    """Give an agent's key its certificate from a file, if there is one."""
    for certificate in certificates:
        if certificate.key.public_data == key.key_public_data:
            key.set_certificate(certificate)
            return key
    return None
