"""What a person said once and need not say again while this program runs. Never written down.

Passwords that were accepted, keys that a passphrase opened; never codes, which hold once. And which
questions a person turned down: whoever waits for the same answer hears of it, and does not ask.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from asyncssh import SSHKey

Account = tuple[str, str, int, str, str]
"""User, host, port, the way there, and the host key: who shows another one is another machine, as is
the same name behind another jump host."""


class Secrets:
    """The memory of one process."""

    def __init__(self) -> None:
        self.passwords: dict[Account, str] = {}
        self._keys: dict[str, tuple[bytes, SSHKey]] = {}
        self._turns: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[Account | str, asyncio.Lock]
        ] = WeakKeyDictionary()
        self.declined: Counter[Account | str] = Counter()
        """How often each question was turned down."""

    def key(self, path: str, data: bytes) -> SSHKey | None:
        """Return the key that was opened, if the file still holds it."""
        kept = self._keys.get(path)
        return kept[1] if kept is not None and kept[0] == data else None

    def keep_key(self, path: str, data: bytes, key: SSHKey) -> None:
        """Remember an opened key."""
        self._keys[path] = data, key

    def refused(self, account: Account, password: str) -> None:
        """Forget a password that is right no more."""
        if self.passwords.get(account) == password:
            del self.passwords[account]

    def turn(self, about: Account | str) -> asyncio.Lock:
        """Return the lock for asking about an account, or a key's file: the second one may find it
        answered."""
        locks = self._turns.setdefault(asyncio.get_running_loop(), {})
        return locks.setdefault(about, asyncio.Lock())

    def forget(self) -> None:
        """Forget everything."""
        self.passwords.clear()
        self._keys.clear()
        self.declined.clear()


MEMORY = Secrets()
"""This process's."""
