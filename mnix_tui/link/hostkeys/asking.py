"""Who decides about an unknown host key: the configuration, a person, or nobody."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from mnix_tui.errors import HostKeyUnknown

if TYPE_CHECKING:
    from mnix_tui.link.hostkeys.keys import HostKeys
    from mnix_tui.link.model import HostKeyQuestion, LinkOptions

_BY_HAND = (
    "StrictHostKeyChecking yes has nobody asked: get the key from whoever runs the server, and "
    "add it to known_hosts"
)
ECHO = 60.0
"""Seconds for which a no is also one for other servers that show the same key."""


class _No:
    """A person's no to a key."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._until = 0.0
        self._told: set[str] = set()

    def give(self, server: str) -> None:
        """Take that a person said it about ``server``."""
        self.server = server
        self._until = time.monotonic() + ECHO
        self._told.add(server)

    def holds(self, server: str) -> bool:
        """Say whether it answers for ``server`` too: once, who tries again is asked."""
        fresh = server not in self._told and time.monotonic() < self._until
        self._told.add(server)
        return fresh


class Asking:
    """One question at a time, and none that was just answered: 200 servers behind one jump host
    all show the same key."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._saving = asyncio.Lock()
        self._refused: dict[tuple[str, str], _No] = {}
        self._accepted: set[tuple[str, str]] = set()
        """Keys that no file keeps (UserKnownHostsFile none): asked about once all the same."""

    async def settle(self, question: HostKeyQuestion, keys: HostKeys, options: LinkOptions) -> None:
        """Have the key that the server showed accepted and saved; raise where it is not."""
        assert keys.offered is not None
        if keys.strict == "yes":
            raise unknown(question, _BY_HAND)
        about = (question.host, question.fingerprint)
        if about in self._accepted or _at_once(question, keys, options):
            async with self._saving:
                await _save(keys)
            return
        async with self._lock:
            await asyncio.to_thread(keys.reread)
            if keys.offered in keys.trusted("", "", None)[0]:
                return  # somebody said yes while we waited
            if (no := self._refused.get(about)) is not None and no.holds(question.server):
                raise unknown(question, f"refused just now for {no.server}; trying again asks")
            if about not in self._accepted:
                await self._ask(question, keys, options)
            await _save(keys)
            self._refused.pop(about, None)
            if keys.forgetful:
                self._accepted.add(about)

    async def _ask(self, question: HostKeyQuestion, keys: HostKeys, options: LinkOptions) -> None:
        if options.ask_host_key is None:
            raise keys.changed(question.server) if question.others else unknown(question)
        if not await options.ask_host_key(question):
            about = (question.host, question.fingerprint)
            self._refused.setdefault(about, _No(question.server)).give(question.server)
            raise unknown(question, HostKeyUnknown.declined)


async def _save(keys: HostKeys) -> None:
    """Save the key that was shown, unless it was meanwhile."""
    assert keys.offered is not None
    await asyncio.to_thread(keys.reread)
    if keys.offered not in keys.trusted("", "", None)[0]:
        await asyncio.to_thread(keys.accept, keys.offered)


def _at_once(question: HostKeyQuestion, keys: HostKeys, options: LinkOptions) -> bool:
    """Say whether nobody need be asked. A host of which other keys are known may be another one:
    that is for a person."""
    return not question.others and (options.accept_host_keys or keys.strict == "accept-new")


def unknown(question: HostKeyQuestion, hint: str = "") -> HostKeyUnknown:
    """Return why an unknown key is refused."""
    return HostKeyUnknown(
        f"{question.server}: host key unknown",
        f"{question.host} shows {question.key_type} {question.fingerprint}",
        hint,
        host=question.host,
        key_type=question.key_type,
        fingerprint=question.fingerprint,
    )
