"""The rules for names of servers, projects and sessions, and the nearest name that keeps them."""

from __future__ import annotations

import re
import unicodedata

from mnix_tui.errors import NameInvalid

MAX_NAME = 63
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_RESERVED = {"all", "local", "none"}


def suggest(text: str) -> str:
    """Return the nearest valid name to ``text``, or "" when nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._]+", "-", plain.strip().lower()).strip("-._")[:MAX_NAME].rstrip("-._")


def is_valid(name: str) -> bool:
    """Say whether ``name`` keeps the rules: a-z, 0-9 and ``-._`` inside, at most 63 characters."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def check(name: str, what: str = "project") -> str:
    """Return ``name`` if it is valid; raise ``NameInvalid`` with a helpful suggestion if not."""
    if is_valid(name) and name not in (_RESERVED if what == "server" else ()):
        return name
    if name in _RESERVED:
        raise NameInvalid(f"{name!r} is a reserved {what} name", "choose another one")
    if len(name) > MAX_NAME:
        rule = f"it has {len(name)} characters, and at most {MAX_NAME} fit"
    else:
        rule = "names are lower case letters, digits and - . _ between them"
    raise NameInvalid(f"{name!r} can't be a {what} name", rule, suggest(name))
