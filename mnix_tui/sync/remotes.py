"""What to type so that git here knows the repositories that git on the server knows.

A repository's settings are never fetched, since git here would obey them; its remotes are missed.
"""

from __future__ import annotations

import re
import shlex

from mnix_tui.sync import git

_SECTION = re.compile(r'\s*\[\s*remote\s+"([A-Za-z0-9][A-Za-z0-9._-]*)"\s*\]\s*')
_URL = re.compile(r"\s*url\s*=\s*(\S+)\s*", re.IGNORECASE)
_PLAIN = re.compile(
    r"(?:(?:https?|ssh|git)://[A-Za-z0-9\[]|[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:)"
    r"[A-Za-z0-9\[\]._~:/@%+,=-]*"
)
"""Addresses that do no more than they say."""
_LOGIN = re.compile(r"^(https?://)[^/]*@")
_MOST = 5


def missing(folder: str, config: str) -> list[str]:
    """Return a line for each remote of the server's ``config`` that a repository lacks."""
    found = _remotes(config)
    if not found:
        return []
    try:
        known = git.run(folder, "remote").decode("utf-8", "replace").split()
    except git.GitRefused:
        return []
    return [
        f"{name} is not set here: git -C {shlex.quote(folder)} remote add {name} {url}"
        for name, url in [*found.items()][:_MOST]
        if name not in known
    ]


def _remotes(config: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in config.splitlines():
        section = _SECTION.fullmatch(line)
        if section is not None or line.lstrip().startswith("["):
            name = section[1] if section is not None else ""
        elif name and name not in found and (url := _URL.fullmatch(line)) is not None:
            # What a person would type holds nobody's password.
            plain = _LOGIN.sub(r"\1", url[1])
            if _PLAIN.fullmatch(plain):
                found[name] = plain
    return found
