"""The options of OpenSSH's client that matter here: how each is written, and when it is wrong.

Names are OpenSSH's. A value is a text, a number or a list; yes and no stay texts, because many
options have more than two answers. What is not in the table does not concern a connection of ours
(or is newer than this program), and is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import parse_endpoint
from mnix_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Value = str | int | list[str]

_TIME = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_YES = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def seconds(text: str) -> int:
    """Read OpenSSH's times: ``90``, ``1m``, ``1h30m``; raise ``ValueError`` for others."""
    parts = _TIME.findall(text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise ValueError(f"{text!r} is no time (write 90, 1m or 1h30m)")
    return sum(int(number) * _UNITS[unit.lower()] for number, unit in parts)


def _one(args: list[str]) -> str:
    return args.pop(0)


def _many(args: list[str]) -> list[str]:
    found = args[:]
    args.clear()
    return found


def _number(least: int, most: int) -> Callable[[list[str]], int]:
    def read(args: list[str]) -> int:
        text = args.pop(0)
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise ValueError(f"{text!r} is not a number from {least} to {most}")
        return int(text)

    return read


def _time(args: list[str]) -> Value | None:
    text = args.pop(0)
    return None if text.lower() == "none" else seconds(text)


def _choice(**answers: str) -> Callable[[list[str]], str]:
    def read(args: list[str]) -> str:
        text = args.pop(0)
        found = answers.get(text.lower().replace("-", "_"))
        if found is None:
            known = ", ".join(dict.fromkeys(answers.values()))
            raise ValueError(f"{text!r} is none of: {known}")
        return found

    return read


def _yes_or(*others: str) -> Callable[[list[str]], str]:
    return _choice(**_YES, **{other.replace("-", "_"): other for other in others})


def _yes_or_text(args: list[str]) -> str:
    text = args.pop(0)
    return _YES.get(text.lower(), text)


def _yes_or_time(args: list[str]) -> str | int:
    text = args.pop(0)
    return _YES.get(text.lower()) or seconds(text)


def _add_keys(args: list[str]) -> str:
    """Return an answer, and for how many seconds the agent keeps a key, where that is limited."""
    text = args.pop(0).lower()
    if text == "confirm" and args:
        return f"confirm {seconds(args.pop(0))}"
    if text in _YES or text in ("ask", "confirm"):
        return _YES.get(text, text)
    return f"yes {seconds(text)}"


def _jumps(args: list[str]) -> str:
    text = args.pop(0)
    if text.lower() == "none":
        return text
    try:
        return ",".join(str(parse_endpoint(jump)) for jump in text.split(","))
    except UsageError as error:
        raise ValueError(str(error)) from error


def _algorithms(args: list[str]) -> str:
    text = args.pop(0)
    if not re.fullmatch(r"[+^-]?[\w@.*?,!-]+", text):
        raise ValueError(f"{text!r} is no list of algorithms")
    return text


def _refused(what: str) -> Callable[[list[str]], str]:
    def read(args: list[str]) -> str:
        text = args.pop(0)
        if text.lower() not in ("no", "none"):
            raise ValueError(what)
        return text

    return read


_FLAG = _choice(**_YES)
_ASK = _yes_or("ask")

PARSERS: dict[str, Callable[[list[str]], Value | None]] = {
    "AddKeysToAgent": _add_keys,
    "AddressFamily": _choice(any="any", inet="inet", inet6="inet6"),
    "BatchMode": _FLAG,
    "BindAddress": _one,
    "BindInterface": _refused("a network interface can't be chosen here; BindAddress can"),
    "CASignatureAlgorithms": _algorithms,
    "CanonicalDomains": _many,
    "CanonicalizeFallbackLocal": _FLAG,
    "CanonicalizeHostname": _yes_or("always"),
    "CanonicalizeMaxDots": _number(0, 1000),
    "CanonicalizePermittedCNAMEs": _many,
    "CertificateFile": _one,
    "CheckHostIP": _FLAG,
    "Ciphers": _algorithms,
    "Compression": _FLAG,
    "ConnectTimeout": _time,
    "ControlMaster": _yes_or("ask", "auto", "autoask"),
    "ControlPersist": _yes_or_time,
    "ForwardAgent": _yes_or_text,
    "GSSAPIAuthentication": _FLAG,
    "GSSAPIDelegateCredentials": _FLAG,
    "GlobalKnownHostsFile": _many,
    "HashKnownHosts": _FLAG,
    "HostKeyAlgorithms": _algorithms,
    "HostKeyAlias": _one,
    "Hostname": _one,
    "IdentitiesOnly": _FLAG,
    "IdentityAgent": _one,
    "IdentityFile": _one,
    "KbdInteractiveAuthentication": _FLAG,
    "KexAlgorithms": _algorithms,
    "KnownHostsCommand": _one,
    "MACs": _algorithms,
    "NoHostAuthenticationForLocalhost": _FLAG,
    "NumberOfPasswordPrompts": _number(0, 1000),
    "PKCS11Provider": _one,
    "PasswordAuthentication": _FLAG,
    "Port": _number(1, 65535),
    "PreferredAuthentications": _one,
    "ProxyCommand": _one,
    "ProxyJump": _jumps,
    "ProxyUseFdpass": _refused("a ProxyCommand can't pass a file descriptor here"),
    "PubkeyAcceptedAlgorithms": _algorithms,
    "PubkeyAuthentication": _yes_or("unbound", "host-bound"),
    "RevokedHostKeys": _one,
    "SecurityKeyProvider": _one,
    "SendEnv": _many,
    "ServerAliveCountMax": _number(0, 1_000_000),
    "ServerAliveInterval": _time,
    "SetEnv": _many,
    "StrictHostKeyChecking": _choice(**_YES, off="no", ask="ask", accept_new="accept-new"),
    "TCPKeepAlive": _FLAG,
    "Tag": _one,
    "UpdateHostKeys": _ASK,
    "User": _one,
    "UserKnownHostsFile": _many,
    "VerifyHostKeyDNS": _ASK,
}
"""How to read each option's arguments; what is left of them is too much. ``None`` sets nothing."""
NAMES = {name.lower(): name for name in PARSERS} | {
    "challengeresponseauthentication": "KbdInteractiveAuthentication",
    "skeyauthentication": "KbdInteractiveAuthentication",
    "tisauthentication": "KbdInteractiveAuthentication",
    "identityfile2": "IdentityFile",
    "keepalive": "TCPKeepAlive",
    "pubkeyacceptedkeytypes": "PubkeyAcceptedAlgorithms",
    "smartcarddevice": "PKCS11Provider",
}
"""Options by their lower-case names, old names too."""
COLLECTED = frozenset({"CertificateFile", "IdentityFile", "SendEnv"})
"""Options whose lines add up; of the others the first one counts."""
MANY = frozenset(name for name, read in PARSERS.items() if read is _many)
"""Options that take a list, which may be empty before a comment."""
COMMANDS = frozenset({"KnownHostsCommand", "ProxyCommand"})
"""Options whose value goes on to the end of the line."""
UNUSED = {
    "BindInterface": "refused by its parser",
    "CheckHostIP": "an address alone is never enough: the host's name is what counts",
    "NoHostAuthenticationForLocalhost": "localhost is asked about once, as other hosts are",
    "ProxyUseFdpass": "refused by its parser",
    "SecurityKeyProvider": "security keys are reached by the library's own way, or the agent",
    "ServerAliveCountMax": "client.toml says when a server counts as gone",
    "ServerAliveInterval": "client.toml says when a server counts as gone",
    "UpdateHostKeys": "a key is added to known_hosts by a yes alone",
    "VerifyHostKeyDNS": "DNS vouches for no key: a person does",
}
"""Options that are read for their mistakes alone, and why nothing goes by them."""
