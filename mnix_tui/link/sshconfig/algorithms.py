"""Lists of algorithms as OpenSSH's configuration writes them: ``a,b``, ``+a``, ``-a*``, ``^a``."""

from __future__ import annotations

from mnix_tui.link.sshconfig.patterns import any_of, matches


def chosen(spec: str, default: list[str], known: list[str]) -> list[str]:
    """Return the algorithms that ``spec`` asks for, of those that are ``known``, in its order."""
    how = spec[:1] if spec[:1] in "+-^" else ""
    named = spec.removeprefix(how).split(",")
    if how == "-":
        return [each for each in default if not any_of(each, named)]
    wanted = [each for name in named for each in known if matches(each, name)]
    if how == "+":
        wanted = [*default, *wanted]
    elif how == "^":
        wanted = [*wanted, *default]
    return list(dict.fromkeys(wanted))


SIGNATURES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""How keys may sign where nothing else is configured, as in OpenSSH: nothing with SHA-1."""
_EVERY = (*SIGNATURES, "ssh-rsa")
_CERTIFICATE = "-cert-v01@openssh.com"


def signatures(spec: str) -> list[str]:
    """Return how keys may sign by ``CASignatureAlgorithms``; "" is OpenSSH's own choice."""
    return chosen(spec, list(SIGNATURES), list(_EVERY)) if spec else list(SIGNATURES)


def accepted(spec: str) -> list[str]:
    """Return how keys of ours may sign by ``PubkeyAcceptedAlgorithms``, which names certificates
    apart from keys."""
    default, every = ([*map(_certificate, some), *some] for some in (SIGNATURES, _EVERY))
    return list(dict.fromkeys(map(_plain, chosen(spec, default, every))))


def _certificate(name: str) -> str:
    return name.removesuffix("@openssh.com") + _CERTIFICATE


def _plain(name: str) -> str:
    plain = name.removesuffix(_CERTIFICATE)
    return f"{plain}@openssh.com" if plain != name and plain.startswith("sk-") else plain
