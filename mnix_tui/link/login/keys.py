"""The keys of one login: which are offered, in what order, and how they are opened.

What the configuration names comes first, then what needs nobody, then what the agent happens to
hold, and what needs a passphrase last; nobody is asked before the server wants the key.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.link.login import keyfiles
from mnix_tui.link.login.agentkeys import Agent, certified
from mnix_tui.link.login.keyfiles import FileKey, KeyFile, WrongPassphrase
from mnix_tui.link.login.secrets import MEMORY
from mnix_tui.link.sshconfig.tokens import tilded

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncssh import SSHKey, SSHKeyPair

    from mnix_tui.link.login.findings import Findings
    from mnix_tui.link.login.person import Person
    from mnix_tui.link.sshconfig.config import UserConfig

PASSPHRASE_TRIES = 3


class Keys:
    """The keys of one login, over all its connections."""

    def __init__(
        self, config: UserConfig, person: Person, found: Findings, touch: Callable[[], None]
    ) -> None:
        """``touch`` is called when somebody has to touch a security key."""
        self._config = config
        self._person = person
        self._found = found
        self._touch = touch
        self.agent: Agent | None = None
        self._queue: list[SSHKeyPair | KeyFile] | None = None
        self._last: SSHKeyPair | None = None
        self._good: list[SSHKeyPair] = []
        """Keys that the server wanted: the next connection begins with them."""
        self.used: tuple[KeyFile, SSHKey] | None = None
        """The key of a file that signed last."""
        self.offers = 0
        """Keys that were offered so far."""

    @property
    def touched(self) -> bool:
        """Whether a security key signed, or was to sign."""
        return any(key.algorithm.startswith(b"sk-") for key in self._good)

    def begin(self) -> None:
        """Begin anew, on another connection: with what is known to be wanted."""
        if self._queue is not None:
            self._queue = [*self._good, *self._queue]
            self._good = []

    async def next(self) -> SSHKeyPair | None:
        """Return the next key to offer, ``None`` after the last."""
        if self._queue is None:
            self._queue = await self._collect()
        while self._queue and not self._found.stopped:
            key = self._queue.pop(0)
            if isinstance(key, KeyFile):  # not even its public half can be read yet
                private = await self._opened(key)
                if private is None:
                    continue
                key = FileKey(key, private.convert_to_public(), None, self._sign)
            self.offers += 1
            self._last = key
            return key
        return None

    def _wanted(self) -> None:
        """Take that the server wants the key that was offered last."""
        if self._last is not None:
            self._good.append(self._last)

    async def _collect(self) -> list[SSHKeyPair | KeyFile]:
        config, problems = self._config, self._found.problems
        problems += [f"{tilded(path)}: there is no such file" for path in config.missing]
        if config.text("PKCS11Provider"):
            problems.append("PKCS11Provider: give that key to the SSH agent (ssh-add -s)")
        named = config.identities()
        wanted = config.texts("CertificateFile") or []
        exposed = self._found.exposed
        files = await asyncio.to_thread(keyfiles.read_keys, named, wanted, problems, exposed)
        loose = await asyncio.to_thread(keyfiles.read_certificates, wanted, [])
        publics = [await asyncio.to_thread(keyfiles.read_public, path) for path in named]
        meant = {public.public_data for public in publics if public is not None}
        held: list[SSHKeyPair] = []
        if path := config.agent():
            self.agent = Agent(path, self._person.patient, self._wanted)
            held = await self.agent.keys(problems)
        ours = {key.key_public_data for key in held}
        mine = [key for key in held if key.key_public_data in meant]
        others = [key for key in held if key.key_public_data not in meant]
        if config.flag("IdentitiesOnly", default=False):
            others = []
        self._found.tried += [f"{len(held)} keys of the SSH agent"] if mine or others else []
        self._found.tried += [tilded(file.path) for file in files]
        rest = [file for file in files if not _is_held(file, ours)]
        explicit = config.texts("IdentityFile") is not None
        early = rest if explicit else [file for file in rest if not file.encrypted]
        late = [file for file in rest if file not in early]
        certificates = [each for file in files for each in file.certificates] + loose
        proven = [key for key in held if certified(key, certificates) is not None]
        return [
            *proven,
            *(key for key in mine if key not in proven),
            *self._pairs(early),
            *(key for key in others if key not in proven),
            *self._pairs(late),
        ]

    def _pairs(self, files: list[KeyFile]) -> list[SSHKeyPair | KeyFile]:
        pairs: list[SSHKeyPair | KeyFile] = []
        for file in files:
            if file.public is None:
                pairs.append(file)
                continue
            pairs += [
                FileKey(file, file.public, certificate, self._sign)
                for certificate in (*file.certificates, None)
            ]
        return pairs

    async def _sign(self, key: FileKey, data: bytes) -> bytes:
        self._wanted()
        private = await self._opened(key.file)
        if private is None:
            self._good.pop()
            raise ValueError("the key was not opened")
        if private.algorithm.startswith(b"sk-"):
            self._touch()
        self.used = key.file, private
        try:
            with self._person.patient():
                return await asyncio.to_thread(private.sign, data, key.sig_algorithm)
        except ValueError as error:
            self._found.problems.append(f"{tilded(key.file.path)}: {keyfiles.reason(error)}")
            raise

    async def _opened(self, file: KeyFile) -> SSHKey | None:
        """Return the private key; ``None`` where nobody opened it."""
        if (key := MEMORY.key(file.path, file.data)) is not None:
            return key
        if file.encrypted:
            if not self._person.there:
                self._found.needed.append(f"the passphrase of {tilded(file.path)}")
                return None
            return await self._person.wait(self._unlock(file))
        try:
            key = await asyncio.to_thread(file.open, None)
        except ValueError as error:
            self._found.problems.append(f"{tilded(file.path)}: {keyfiles.reason(error)}")
            return None
        MEMORY.keep_key(file.path, file.data, key)  # RSA keys take a while to read
        return key

    async def _unlock(self, file: KeyFile) -> SSHKey | None:
        name, before = tilded(file.path), MEMORY.declined[file.path]
        async with MEMORY.turn(file.path):
            if (key := MEMORY.key(file.path, file.data)) is not None:
                return key
            attempts = (
                range(1, PASSPHRASE_TRIES + 1) if MEMORY.declined[file.path] == before else ()
            )
            for attempt in attempts:
                prompts = [(f"Passphrase for {name}", False)]
                answer = await self._person.put("passphrase", name, prompts, attempt=attempt)
                if answer is None:
                    break
                if not answer[0]:
                    self._found.problems.append(f"{name}: passed over")
                    return None
                try:
                    key = await asyncio.to_thread(file.open, answer[0])
                except WrongPassphrase:
                    continue
                except ValueError as error:
                    self._found.problems.append(f"{name}: {keyfiles.reason(error)}")
                    return None
                MEMORY.keep_key(file.path, file.data, key)
                return key
            else:
                self._found.stopped = f"the passphrase of {name} was wrong {PASSPHRASE_TRIES} times"
            self._found.stopped = self._found.stopped or f"nobody gave the passphrase of {name}"
            MEMORY.declined[file.path] += 1
        return None


def _is_held(file: KeyFile, held: set[bytes]) -> bool:
    return file.public is not None and file.public.public_data in held
