"""Patterns of .gitignore files, as git understands them.

The vendored pathspec translates them into regular expressions. It is imported only when there is a
pattern to translate. Where it differs from git (what is in brackets, white space at a line's end,
folders that a pattern only passes through) git is followed.
"""

from __future__ import annotations

import re
from typing import Iterable, List, NamedTuple, Optional, Pattern, Tuple

HIDDEN = 0xE000
"""Added to white space at a pattern's end, which pathspec would take away."""

_DIR = "(?P<ps_d>/)"
_DIR_OR_END = "(?:(?P<ps_d>/)|$)"
_FOLDERS_FIRST = "^(?:.+/)?"
_FOLDERS = "(?:/.+)?"
_MANY_STARS = re.compile(r"(?<![^/])\*{3,}(?![^/])")
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


class _Rule(NamedTuple):
    takes: bool
    """It begins with ``!``."""
    only_folders: bool
    regex: Pattern[str]


class Rules:
    """The rules of one .gitignore file; the last one that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        # Translated when they are asked: mostly nothing is new, and nobody asks.
        self._lines: Optional[List[str]] = list(lines)
        self._rules: List[_Rule] = []
        self._any: Optional[Pattern[str]] = None

    def __bool__(self) -> bool:
        if self._lines is not None:
            self._translate(self._lines)
        return bool(self._rules)

    def _translate(self, lines: List[str]) -> None:
        self._lines = None
        self._rules = [rule for line in lines if (rule := _parsed(line))][::-1]
        # Most names match nothing: one expression for all rules says so at once.
        if len(self._rules) > 1:
            self._any = _compiled("|".join(f"(?:{rule.regex.pattern})" for rule in self._rules))

    def ignores(self, path: str, is_folder: bool) -> Optional[bool]:
        """Say whether a path (below the rules' own folder) is left out; ``None``: undecided.

        Only the path itself is judged, not the folders that it lies in.
        """
        if self._lines is not None:
            self._translate(self._lines)
        path = plain(path)
        if self._any is not None and self._any.match(path) is None:
            return None
        for takes, only_folders, regex in self._rules:
            if (is_folder or not only_folders) and regex.match(path) is not None:
                return not takes
        return None


def lines_of(content: bytes) -> List[str]:
    """Return the lines of a file of rules, byte by byte as characters (see ``plain``)."""
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    return [
        line[:-1] if line[-1:] == "\r" else line for line in content.decode("latin-1").split("\n")
    ]


def plain(path: str) -> str:
    """Return a path with a character for every byte: that is what git's ``?`` stands for."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("latin-1")


def _parsed(line: str) -> Optional[_Rule]:
    if line.startswith("#"):
        return None
    line = _trimmed(line)
    takes = line.startswith("!")
    pattern = line[1:] if takes else line
    if not pattern or pattern == "/" or "//" in pattern:
        return None
    if pattern[-1].isspace() and pattern[-1] != " ":
        pattern = pattern[:-1] + chr(HIDDEN + ord(pattern[-1]))
    pattern = _MANY_STARS.sub("**", pattern)
    only_folders = pattern.endswith("/")
    if pattern.endswith("/**/"):
        pattern += "*/"  # folders in it, not itself
    try:
        text = _translated(pattern)
        if text is None:
            return None
        return _Rule(takes, only_folders, _compiled(text))
    except (ValueError, re.error, OverflowError, RecursionError):
        return None  # no pattern: git matches nothing with it either


def _trimmed(line: str) -> str:
    """Return a line without the spaces at its end that no backslash protects."""
    kept = line.rstrip(" ")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 and kept != line else kept


def _translated(pattern: str) -> Optional[str]:
    """Return the expression that matches a path from its beginning to its end."""
    from server_agent.trees.gitpattern import GitPattern

    if pattern[0] in "!#":
        pattern = "\\" + pattern
    found: Optional[str] = GitPattern.pattern_to_regex(pattern)[0]
    if found is None:
        return None
    text = _bounded(found)
    if text.endswith(_DIR_OR_END):
        return text[: -len(_DIR_OR_END)] + "\\Z"
    if text.endswith(_DIR):
        return text[: -len(_DIR)] + "\\Z" if text != _DIR else "."
    return text


def _bounded(text: str) -> str:
    """Return an expression whose time does not grow with the power of the number of ``**``.

    As with stars in names: of several ``**`` each but the last ends where what follows first is.
    """
    first, *rest = text.split(_FOLDERS)
    if not rest:
        return text
    if first.startswith(_FOLDERS_FIRST):
        first = first[len(_FOLDERS_FIRST) :]
        first = f"^(?:(?!{first}/)[^/]+/)*{first}"
    middle = [f"(?:(?!{part}/)/[^/]+)*{part}" for part in rest[:-1]]
    return "".join([first, *middle, _FOLDERS, rest[-1]])


def _compiled(text: str) -> Pattern[str]:
    return re.compile(text, re.DOTALL)


def bracket(pattern: str, start: int) -> Optional[Tuple[str, int]]:
    """Translate the bracket expression that begins after ``start``; ``None``: it has no end."""
    at, end = start, len(pattern)
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    parts: List[str] = []
    while at < end and (not parts or pattern[at] != "]"):
        found = _named_class(pattern, at) or _range(pattern, at)
        if found is None:
            return None
        parts.append(found[0])
        at = found[1]
    if at >= end:
        return None
    inside = "".join(parts)
    if negated:
        return f"[^/{inside}]", at + 1
    return (f"(?!/)[{inside}]" if inside else "(?!)"), at + 1


def _named_class(pattern: str, at: int) -> Optional[Tuple[str, int]]:
    """Translate ``[:name:]``."""
    close = pattern.find("]", at + 2)
    if not pattern.startswith("[:", at) or close <= at + 2 or pattern[close - 1] != ":":
        return None
    known = _CLASSES.get(pattern[at + 2 : close - 1])
    if known is None:
        raise ValueError("a class of characters that nobody knows")
    return known, close + 1


def _range(pattern: str, at: int) -> Optional[Tuple[str, int]]:
    """Translate one character, or two with a dash between them."""
    low, at = _character(pattern, at)
    if pattern[at : at + 1] != "-" or pattern[at + 1 : at + 2] in ("", "]"):
        return (re.escape(low), at) if low else None
    high, at = _character(pattern, at + 1)
    if not high:
        return None
    # Of a range that runs backwards git takes the first character.
    return re.escape(low) + (f"-{re.escape(high)}" if low <= high else ""), at


def _character(pattern: str, at: int) -> Tuple[str, int]:
    at += pattern.startswith("\\", at)
    return pattern[at : at + 1], at + 1
