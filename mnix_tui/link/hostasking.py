"""Who decides about an unknown host key: the configuration, a person, or nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.errors import HostKeyUnknown

if TYPE_CHECKING:
    from mnix_tui.link.hostkeys import HostKeys
    from mnix_tui.link.model import HostKeyQuestion, LinkOptions

_BY_HAND = (
    "StrictHostKeyChecking yes has nobody asked: get the key from whoever runs the server, and "
    "add it to known_hosts"
)


class Asking:
    """One question at a time, and none that was just answered: 200 servers behind one jump host
    all show the same key."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._refusals: dict[tuple[str, str], int] = {}
        self._count = 0
        self._accepted: set[tuple[str, str]] = set()
        """Keys that no file keeps (UserKnownHostsFile none): asked about once all the same."""

    async def settle(self, question: HostKeyQuestion, keys: HostKeys, options: LinkOptions) -> None:
        """Have the key that the server showed accepted and saved; raise where it is not."""
        assert keys.offered is not None
        if keys.strict == "yes":
            raise unknown(question, _BY_HAND)
        about = (question.host, question.fingerprint)
        began = self._count
        async with self._lock:
            await asyncio.to_thread(keys.reread)
            if keys.offered in keys.trusted("", "", None)[0]:
                return  # somebody said yes while we waited
            if self._refusals.get(about, 0) > began:
                raise unknown(question)
            if not (about in self._accepted or _at_once(question, keys, options)):
                await self._ask(question, keys, options)
            await asyncio.to_thread(keys.accept, keys.offered)
            if keys.forgetful:
                self._accepted.add(about)

    async def _ask(self, question: HostKeyQuestion, keys: HostKeys, options: LinkOptions) -> None:
        if options.ask_host_key is None:
            raise keys.changed(question.server) if question.others else unknown(question)
        if not await options.ask_host_key(question):
            self._count += 1
            self._refusals[question.host, question.fingerprint] = self._count
            raise unknown(question)


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
