"""Keeping secrets out of what is noted: by their names, their places and their forms. Pure.

Rather too much is hidden than too little: it is read to see what was done, not to do it again.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HIDDEN = "…"

_SENSITIVE = (
    r"(?:secret|token|passw(?:or)?d|passwort|passphrase|credential|authori[sz]ation|cookie"
    r"|(?:api|private|access)[_-]?key|(?:pass|pwd)(?![a-z])"
    r"|(?<![a-z])(?:pw|auth|creds?|jwt|otp|pat|key)(?![a-z]))"
)
_LONGEST_NAME = 120

_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?)"""
_PLAIN = r"""(?:\$\([^)]*\)?|`[^`]*`?|\\.|[^\s;&|"'`\\)}\]])"""
_GLUED = r"""(?:"[^"\s]*"|'[^'\s]*')"""
_VALUE = rf"(?:{_QUOTED}(?:{_QUOTED}|(?!,){_PLAIN})*|{_PLAIN}(?:{_GLUED}|{_PLAIN})*)"
_FORMS = (
    ("-----begin", r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----).*?(?=-----END|\Z)", rf"\1{HIDDEN}"),
    (":", r"((?:authorization|cookie)\s*:\s*)[^\"'\n]+", rf"\1{HIDDEN}"),
    *(
        (
            sign,
            rf"({_SENSITIVE}[\w.-]{{0,40}}\\?[\"']?\s?{sign}>?\s?)"
            rf"(?:(?:bearer|basic)\s+)?{_VALUE}",
            rf"\1{HIDDEN}",
        )
        for sign in "=:"
    ),
    (" ", r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", rf"\1{HIDDEN}"),
    ("@", r"(://[^\s\"'/:@]*:)(?!\d{1,5}(?:/|$))[^\s\"']*@", rf"\1{HIDDEN}@"),
    ("@", r"(https?://)[^/@\s]+@", rf"\1{HIDDEN}@"),
    ("user=", r"(--(?:proxy-)?user=[^\s:\"']+:)[^\s\"']+", rf"\1{HIDDEN}"),
    ("eyj", r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?", HIDDEN),
    *(
        (sign, rf"\b((?:{kinds}){sign}){rest}", rf"\1{HIDDEN}")
        for sign, kinds, rest in (
            ("_", "gh[opsu]|github_pat|[rs]k_(?:live|test)|dop_v1", r"[\w-]{8,}"),
            ("_", "npm|hf", r"\w{30,}"),
            ("-", "glpat|xox[abprs]|sk|pypi|age-secret-key", r"[\w-]{8,}"),
        )
    ),
    (".", r"\b(hv[sb]\.)[\w-]{8,}", rf"\1{HIDDEN}"),
    ("akia", r"\b(AKIA)\w{8,}", rf"\1{HIDDEN}"),
    ("aiza", r"\b(AIza)[\w-]{8,}", rf"\1{HIDDEN}"),
)
"""What secrets look like: what such a text always has in it, the pattern, and what is shown."""
_PROGRAMS = (
    ("sshpass", r"(?:.*\W)?sshpass", "-p"),
    ("mysql", r"(?:.*\W)?mysql\w*", "-p"),
    ("mariadb", r"(?:.*\W)?mariadb[\w-]*", "-p"),
    ("login", r"(?:.*\W)?(?:docker|podman|buildah|skopeo|nerdctl|helm|az) login", "-p"),
    ("redis-cli", r"(?:.*\W)?redis-cli", "-a"),
    ("ldap", r"(?:.*\W)?ldap\w+", "-w"),
)
"""Programs that take a secret behind a short option."""
_ACCOUNTS = frozenset({"-u", "-U", "--user", "--proxy-user"})


@cache  # not at the import: a command shall have begun before this takes its time
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def is_secret(name: str) -> bool:
    """Say whether what has this name is none of a reader's business."""
    return _names(name, "") and _compiled(_SENSITIVE).search(name) is not None


def _names(word: str, more: str) -> bool:
    """Say whether this may be a name: of letters, digits, "_", "-", "." and ``more``."""
    if not word or len(word) > _LONGEST_NAME:
        return False
    return all(each.isalnum() or each in "_-." or each in more for each in word)


def text(line: str) -> str:
    """Return a text, or a shell's line, without what looks like a secret."""
    lower = line.lower()
    for there, pattern, shown in _FORMS:
        if there in lower:
            line = _compiled(pattern).sub(shown, line)
    parts = re.split(r"(\s+)", line)
    if len(parts) > 1:
        parts[::2] = _between(parts[::2])
    return "".join(parts)


def words(argv: Sequence[str]) -> list[str]:
    """Return a command's words without what looks like a secret."""
    shown = []
    for before, word in pairwise(["", *argv]):
        name, given, value = word.partition("=")
        # Behind -c a shell takes a whole line.
        if given and value and is_secret(name) and not (before[:1] == "-" and before[-1:] == "c"):
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(text(word))
    return _between(shown, whole=True)


def _between(found: Iterable[str], *, whole: bool = False) -> list[str]:
    """Hide words for what stands before them. ``whole``: a word has no quotes to be looked for."""
    shown: list[str] = []
    before, option, quote = "", "", ""
    for word in found:
        new = word
        if quote:  # the rest of what is hidden already
            new = HIDDEN
            quote = "" if word.endswith(quote) else quote
        elif _is_secret_after(before, word, option):
            new = HIDDEN
            if not whole and word[:1] in ("'", '"') and (len(word) < 2 or word[-1] != word[0]):
                quote = word[0]
        elif before in _ACCOUNTS and ":" in word:
            new = word.partition(":")[0] + f":{HIDDEN}"
        elif option and word.startswith(option) and word != option:
            new = option + HIDDEN
        option = "" if word[-1:] in ("|", "&", ";") else _option(before, word) or option
        shown.append(new)
        before = word
    return shown


def _option(before: str, word: str) -> str:
    """Return the short option behind which the program that is called takes a secret."""
    word = word[:_LONGEST_NAME].lower()
    for there, called, flag in _PROGRAMS:
        if there in word and _compiled(called).fullmatch(f"{before[-60:]} {word}"):
            return flag
    return ""


def _is_secret_after(before: str, word: str, option: str) -> bool:
    if not before or not word:
        return False
    if option and before == option:
        return True
    name = before.lstrip("\"'(")
    if name.startswith("-") or word[0] in "'\"":
        return is_secret(name)
    return (
        "_" in before and _names(before, "/:") and _compiled(_SENSITIVE).search(before) is not None
    )
