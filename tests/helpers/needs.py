"""What a test needs of the machine: skipped with a reason where it is missing, never under CI.

`@pytest.mark.needs("podman", "root")` on a test, or `require("podman")` in a fixture. With
MNIX_REQUIRE_ALL set (as `.ci/run` does) a missing part is a failure.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


def _program(name: str, *places: str) -> Callable[[], str]:
    def probe() -> str:
        if shutil.which(name) or any(os.access(place, os.X_OK) for place in places):
            return ""
        return f"{name} is not installed"

    return probe


def _root() -> str:
    return "" if os.geteuid() == 0 else "this needs root"


def _codes() -> str:
    found = list(Path("/").glob("usr/lib*/**/security/pam_google_authenticator.so"))
    return (
        "" if found else "PAM's module for one-time codes (google-authenticator) is not installed"
    )


SECURITY_KEY = Path("/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so")
"""OpenSSH's own stand-in for a FIDO key, which says yes to each touch."""


def _security_key() -> str:
    return (
        "" if SECURITY_KEY.exists() else "OpenSSH's dummy security key (openssh-tests) is missing"
    )


PARTS: dict[str, Callable[[], str]] = {
    "faketime": _program("faketime"),
    "fish": _program("fish"),
    "git": _program("git"),
    "htop": _program("htop"),
    "ip": _program("ip", "/usr/sbin/ip", "/sbin/ip"),
    "iptables": _program("iptables", "/usr/sbin/iptables"),
    "less": _program("less"),
    "mmdebstrap": _program("mmdebstrap"),
    "nix": _program("nix"),
    "openssl": _program("openssl"),
    "pam-codes": _codes,
    "podman": _program("podman"),
    "root": _root,
    "runc": _program("runc"),
    "security-key": _security_key,
    "ssh": _program("ssh"),
    "sshd": _program("sshd", "/usr/sbin/sshd"),
    "tmux": _program("tmux"),
    "top": _program("top"),
    "useradd": _program("useradd", "/usr/sbin/useradd"),
    "unshare": _program("unshare"),
    "vim": _program("vim"),
    "zsh": _program("zsh"),
}


def missing_part(*parts: str) -> str:
    """Say what this machine lacks of `parts`; empty when it has them all."""
    return "; ".join(reason for part in parts if (reason := PARTS[part]()))


def give_up(reason: str) -> None:
    """Skip for `reason`, or fail under MNIX_REQUIRE_ALL."""
    if os.environ.get("MNIX_REQUIRE_ALL"):
        pytest.fail(f"nothing may be skipped here, but {reason} (run: make test)", pytrace=False)
    pytest.skip(reason)


def require(*parts: str) -> None:
    """Skip (or fail, under MNIX_REQUIRE_ALL) unless the machine has all `parts`."""
    if reason := missing_part(*parts):
        give_up(reason)


def check_marks(marks: Iterable[pytest.Mark]) -> None:
    """Apply the `needs` marks of one test."""
    for mark in marks:
        require(*mark.args)
