"""Private keys in files, with their public halves and certificates; a passphrase comes later.

The public half is enough to ask a server whether it wants a key. It is beside the key, or in it:
OpenSSH's own format does not encrypt that part. So nobody is asked for a passphrase in vain.
"""

from __future__ import annotations

import binascii
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asyncssh.pbe import KeyEncryptionError
from asyncssh.public_key import (
    KeyImportError,
    SSHCertificate,
    SSHKey,
    SSHKeyPair,
    decode_ssh_public_key,
    import_certificate,
    import_private_key,
    import_public_key,
)
from asyncssh.sk import sk_available

from mnix_tui.link.preface import shorten
from mnix_tui.link.sshconfig.tokens import tilded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_SIZE = 1 << 20
_MAGIC = b"openssh-key-v1\0"
_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END = b"-----END OPENSSH PRIVATE KEY-----"


class Exposed(ValueError):
    """Others may read the private key, or change it."""


class WrongPassphrase(Exception):
    """The passphrase does not open the key."""


@dataclass
class KeyFile:
    """One private key."""

    path: str
    data: bytes
    public: SSHKey | None
    """``None``: only the passphrase tells (old formats without a ``.pub`` beside them)."""
    encrypted: bool
    certificates: list[SSHCertificate] = field(default_factory=list)

    def open(self, passphrase: str | None) -> SSHKey:
        """Decrypt it, in a thread, because that takes a while.

        Raise ``WrongPassphrase``, or ``ValueError`` for a file that is no key.
        """
        try:
            return import_private_key(self.data, passphrase)
        except KeyEncryptionError as error:
            if "passphrase" in str(error).lower():
                raise WrongPassphrase from error
            raise ValueError(str(error)) from error
        except KeyImportError as error:
            if self.encrypted and passphrase is not None:
                raise WrongPassphrase from error  # old formats can't tell
            raise


class FileKey(SSHKeyPair):
    """A key of a file for asyncssh, opened when it is needed."""

    _key_type = "local"

    def __init__(
        self,
        file: KeyFile,
        public: SSHKey,
        certificate: SSHCertificate | None,
        sign: Callable[[FileKey, bytes], Awaitable[bytes]],
    ) -> None:
        super().__init__(
            public.algorithm,
            public.algorithm,
            public.sig_algorithms,
            public.sig_algorithms,
            public.public_data,
            None,
            certificate,
        )
        self.file = file
        self._sign_with = sign

    async def sign_async(self, data: bytes) -> bytes:
        """Sign; raise ``ValueError`` where that can't be."""
        return await self._sign_with(self, data)


def read_keys(
    paths: list[str], certificates: list[str], problems: list[str], exposed: list[str]
) -> list[KeyFile]:
    """Read the keys that are there; what can't be used is noted in ``problems``.

    As ssh does, it leaves out those that others may read: they are in ``exposed`` as well.
    """
    extra = [found for path in certificates if (found := _certificate(Path(path), problems))]
    keys = []
    for path in paths:
        try:
            if Path(path).is_file() and (key := _read(Path(path), problems)) is not None:
                key.certificates += [each for each in extra if _fits(each, key)]
                keys.append(key)
        except (OSError, ValueError) as error:
            problems.append(f"{tilded(str(path))}: {reason(error)}")
            if isinstance(error, Exposed):
                exposed.append(path)
    return keys


def read_public(path: str) -> SSHKey | None:
    """Return the public half of a key file, if one is to be had without a passphrase."""
    try:
        if (public := _public(Path(path))) is not None:
            return public
        data = _bytes(Path(path)) if Path(path).is_file() else b""
        return _inside(data)[0] or (import_public_key(data) if data.startswith(b"s") else None)
    except (OSError, ValueError):
        return None


def read_certificates(paths: list[str], problems: list[str]) -> list[SSHCertificate]:
    """Read certificates that are named by themselves: their keys may be in the agent."""
    return [found for path in paths if (found := _certificate(Path(path), problems))]


def reason(error: Exception) -> str:
    """Return what is wrong, in a few words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shorten(text, 120)


def _read(path: Path, problems: list[str]) -> KeyFile | None:
    data = _bytes(path)
    if b"PRIVATE KEY-----" not in data:
        if data.startswith((b"ssh-", b"ecdsa-", b"sk-")):
            return None  # a public key: it names one in the agent
        raise ValueError("it is no private key")
    file = path.stat()
    if file.st_uid == os.getuid() and file.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Exposed(f"not used: others may read it (mode {file.st_mode & 0o777:04o})")
    public, encrypted = _inside(data)
    public = public or _public(path)
    key = KeyFile(str(path), data, public, encrypted)
    if public is None and not encrypted:
        key.public = key.open(None).convert_to_public()
    if key.public is not None and key.public.algorithm.startswith(b"sk-") and not sk_available:
        raise ValueError("a security key needs the SSH agent here: ssh-add it")
    beside = Path(f"{path}-cert.pub")
    found = _certificate(beside, problems) if beside.is_file() else None
    if found is not None and _fits(found, key):
        key.certificates.append(found)
    return key


def _fits(certificate: SSHCertificate, key: KeyFile) -> bool:
    return key.public is not None and certificate.key.public_data == key.public.public_data


def _inside(data: bytes) -> tuple[SSHKey | None, bool]:
    """Return the public half that OpenSSH's format holds, and whether the other is encrypted."""
    begin, end = data.find(_BEGIN), data.find(_END)
    if begin < 0 or end < 0:
        return None, b"ENCRYPTED" in data
    try:
        body = binascii.a2b_base64(data[begin + len(_BEGIN) : end])
    except binascii.Error as error:
        raise ValueError("it is no private key") from error
    if not body.startswith(_MAGIC):
        raise ValueError("it is no private key")
    cipher, rest = _string(body[len(_MAGIC) :])
    for _ in range(2):
        _, rest = _string(rest)
    blob, _ = _string(rest[4:])
    return decode_ssh_public_key(blob), cipher != b"none"


def _string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError("it is cut off")
    return data[4 : 4 + size], data[4 + size :]


def _public(path: Path) -> SSHKey | None:
    try:
        return import_public_key(_bytes(Path(f"{path}.pub")))
    except (OSError, ValueError):
        return None


def _certificate(path: Path, problems: list[str]) -> SSHCertificate | None:
    try:
        return import_certificate(_bytes(path))
    except (OSError, ValueError) as error:
        problems.append(f"{tilded(str(path))}: {reason(error)}")
        return None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_SIZE)
