"""Paths on a command line: below the project's folder, or seen from where the person stands."""

# Paths are strings here: not all are UTF-8, and most of them are on another machine.
# ruff: noqa: PTH109, PTH111, PTH118

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from mnix_tui.cli.output import visible
from mnix_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

_SPELLED = re.compile(r"\\(?:[nrt]|x([0-9a-f]{2})|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})")
"""What stands for a character that is not shown."""


def meant(typed: str, known: Collection[str], folder: str = "", cwd: str | None = None) -> set[str]:
    r"""Return which of the ``known`` paths a typed one means: it, and what is below it.

    ``known`` are relative to the project's folder, as every command prints them; what is typed may
    also be relative to the current folder, as a shell completes it, or absolute. A name that is
    printed otherwise than it is (a line break as ``\n``) may be typed as it is printed. Empty: none.
    Raises ``UsageError`` where both ways of reading it mean something else.
    """
    here = _here(typed, folder, os.getcwd() if cwd is None else cwd)
    as_printed = set() if _from_here(typed) else _found(os.path.normpath(typed), known)
    seen_from_here = set() if here is None else _found(here, known)
    if as_printed and seen_from_here and as_printed != seen_from_here:
        shown = quoted(typed)
        raise UsageError(
            f"{shown} is {_few(as_printed)}, and seen from this folder {_few(seen_from_here)}",
            hint=f"write ./{shown} for the latter, or go to {visible(folder)}",
        )
    return as_printed or seen_from_here or _looking_like(typed, known)


def spellings(typed: str, folder: str = "", cwd: str | None = None) -> list[str]:
    """Return what a typed path may be called below the project's folder; "" is all of it."""
    here = _here(typed, folder, os.getcwd() if cwd is None else cwd)
    found = [] if _from_here(typed) else [os.path.normpath(typed)]
    if here is not None:
        found.append(here)
    if "\\" in typed:  # as it is printed
        found.append(_unprinted(os.path.normpath(typed)))
    return list(dict.fromkeys("" if each == "." else each for each in found))


def require(typed: str, known: Collection[str], what: str, folder: str, see: str) -> set[str]:
    """Return what a typed path means; raise ``NotFound`` with the nearest one if it is nothing."""
    if found := meant(typed, known, folder):
        return found
    import difflib

    near = difflib.get_close_matches(typed, known, n=1, cutoff=0.5)
    hint = f"did you mean {quoted(near[0])}?" if near else f"{see} lists what there is"
    raise NotFound(f"{visible(typed)} {what}", hint=hint)


def quoted(path: str) -> str:
    """Return a path as it is shown, and can be typed."""
    return shlex.quote(visible(path))


def _from_here(typed: str) -> bool:
    return typed.startswith((".", "/", "~")) and (
        typed in (".", "..") or typed.startswith(("./", "../", "/", "~/"))
    )


def _here(typed: str, folder: str, cwd: str) -> str | None:
    """Return a path below the folder for what is seen from the current one; ``None``: outside."""
    if not folder:
        return None
    path = os.path.expanduser(typed)
    for top, base in ((folder, cwd), (os.path.realpath(folder), os.path.realpath(cwd))):
        inside = os.path.relpath(os.path.join(base, path), top)
        if inside != ".." and not inside.startswith("../"):
            return inside
    return None


def _found(path: str, known: Collection[str]) -> set[str]:
    if path == ".":
        return set(known)
    return {each for each in known if each == path or each.startswith(path + "/")}


def _unprinted(text: str) -> str:
    """Return a path for how ``visible`` spells it."""

    def char(match: re.Match[str]) -> str:
        byte = match[0].startswith(r"\x") and int(match[1], 16) >= 0x80
        code = bytes.fromhex(match[1]) if byte else match[0].encode()
        return os.fsdecode(code) if byte else code.decode("unicode_escape")

    return _SPELLED.sub(char, text)


def _looking_like(typed: str, known: Collection[str]) -> set[str]:
    if "\\" not in typed:
        return set()
    path = os.path.normpath(typed)
    shown = ((each, visible(each)) for each in known)
    return {each for each, text in shown if text == path or text.startswith(path + "/")}


def _few(paths: Collection[str]) -> str:
    first = quoted(min(paths))
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
