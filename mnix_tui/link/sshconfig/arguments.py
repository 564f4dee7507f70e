"""What asyncssh is told of the user's configuration; it reads no file by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from asyncssh.encryption import get_default_encryption_algs, get_encryption_algs
from asyncssh.kex import get_default_kex_algs, get_kex_algs
from asyncssh.mac import get_default_mac_algs, get_mac_algs

from mnix_tui.link.sshconfig.algorithms import SIGNATURES, accepted, chosen
from mnix_tui.link.sshconfig.words import unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.link.sshconfig.config import UserConfig

CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
"""The fastest first; a ``Ciphers`` line of the user's comes before that."""


KEY_EXCHANGES = frozenset(
    (
        "mlkem768x25519-sha256",
        "sntrup761x25519-sha512",
        "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
    )
)
"""Those of OpenSSH; the library would offer some with SHA-1, too."""


def arguments(config: UserConfig) -> dict[str, Any]:
    """Return the arguments for ``asyncssh.connect``; raise ``ConfigError`` for what it can't do."""
    told: dict[str, Any] = {
        "config": None,
        "username": config.user,
        "port": config.port,
        "host_key_alias": config.text("HostKeyAlias") or None,
        "encryption_algs": _algorithms(
            config, "Ciphers", list(CIPHERS), get_default_encryption_algs, get_encryption_algs
        ),
        "kex_algs": _algorithms(
            config, "KexAlgorithms", _key_exchanges(), get_default_kex_algs, get_kex_algs
        ),
        "mac_algs": _algorithms(config, "MACs", None, get_default_mac_algs, get_mac_algs),
        "gss_auth": config.flag("GSSAPIAuthentication", default=False),
        "gss_kex": False,
        "gss_delegate_creds": config.flag("GSSAPIDelegateCredentials", default=False),
        "host_based_auth": False,
        "public_key_auth": config.flag("PubkeyAuthentication", default=True),
        "password_auth": config.flag("PasswordAuthentication", default=True),
        "kbdint_auth": config.flag("KbdInteractiveAuthentication", default=True),
        "tcp_keepalive": config.flag("TCPKeepAlive", default=True),
        "x11_forwarding": False,
        "x509_trusted_certs": None,
        "x509_trusted_cert_paths": [],
        "send_env": config.texts("SendEnv") or (),
        "env": config.texts("SetEnv") or (),
    }
    if preferred := config.text("PreferredAuthentications"):
        told["preferred_auth"] = preferred.split(",")
    if accepts := config.text("PubkeyAcceptedAlgorithms"):
        told["signature_algs"] = accepted(accepts) or _none(config, "PubkeyAcceptedAlgorithms")
    if "Compression" in config.values:
        squeezed = ["zlib@openssh.com", "zlib", "none"]
        wanted = config.flag("Compression", default=False)
        told["compression_algs"] = squeezed if wanted else ["none", "zlib@openssh.com"]
    return told


def _key_exchanges() -> list[str]:
    usual = [name.decode() for name in get_default_kex_algs()]
    return [name for name in usual if name in KEY_EXCHANGES]


def _algorithms(
    config: UserConfig, option: str, default: list[str] | None, usual: Any, every: Any
) -> list[str]:
    """Return the algorithms of one kind: what the user wants, as far as asyncssh has it."""
    default = default or [name.decode() for name in usual()]
    spec = config.text(option)
    if not spec:
        return default
    found = chosen(spec, default, [name.decode() for name in every()])
    return found or _none(config, option, default)


def _none(config: UserConfig, option: str, known: Sequence[str] = SIGNATURES) -> NoReturn:
    """Say that nothing is left of a list of algorithms."""
    raise unusable(
        config.origins.get(option, ""),
        option,
        f"{option} {config.text(option)}: none of them is known here",
        f"known are: {', '.join(known)}",
    )
