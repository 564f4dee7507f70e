"""Checks of what is typed into dialogs. Pure: each returns what is wrong, or ""."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.domain.names import check
from mnix_tui.domain.servers import parse_endpoint, parse_tags
from mnix_tui.errors import UsageError
from mnix_tui.ui.problems import problem

if TYPE_CHECKING:
    from collections.abc import Collection


def name_problem(name: str, what: str, taken: Collection[str] = ()) -> str:
    """Return why ``name`` can't be a project's or server's name, with one that can."""
    if not name.strip():
        return "A name is needed."
    try:
        check(name.strip(), what)
    except UsageError as error:
        shown = problem(error)
        return shown.line + (f": {shown.hint}" if shown.hint else "")
    if name.strip() in taken:
        return f"There is a {what} called {name.strip()} already."
    return ""


def endpoint_problem(text: str) -> str:
    """Return why ``text`` can't be a server's address."""
    if not text.strip():
        return "An address is needed: [user@]host[:port]"
    try:
        parse_endpoint(text)
    except UsageError as error:
        return problem(error).line
    return ""


def split_tags(text: str) -> list[str]:
    """Return the tags of a line, however they are parted."""
    return text.replace(",", " ").split()


def tags_problem(text: str) -> str:
    """Return why these can't be a server's tags."""
    try:
        parse_tags(split_tags(text))
    except UsageError as error:
        return problem(error).line
    return ""


def folder_problem(text: str) -> str:
    """Return why ``text`` can't be a project's folder."""
    if not text.strip():
        return "A folder is needed."
    folder = Path(text.strip()).expanduser()
    if not folder.exists():
        return "There is no such folder."
    if not folder.is_dir():
        return "That is a file; the folder around it is needed."
    if folder.resolve() in (Path.home().resolve(), Path("/")):
        return "Not the whole of it: choose a folder with one project."
    return ""


def new_folder_problem(text: str) -> str:
    """Return why files can't be fetched to a folder, which may be there or not."""
    if not text.strip():
        return "A folder is needed."
    folder = Path(text.strip()).expanduser()
    if folder.exists() or folder.is_symlink():
        return folder_problem(text)
    if not folder.is_absolute() and not text.strip().startswith("."):
        return "Where to? Begin with / or ~ or ."
    return ""


def git_problem(url: str) -> str:
    """Return why ``url`` can't be cloned from: what the server would refuse anyway."""
    text = url.strip()
    if not text:
        return "An address is needed."
    if text.startswith("-") or any(char.isspace() or not char.isprintable() for char in text):
        return "That is no address of a repository."
    scheme, separator, rest = text.partition("://")
    if separator:
        if scheme.lower() not in ("https", "http", "ssh", "git", "file"):
            return f"Repositories can't be reached by {scheme}: https and ssh can."
        return "" if rest.strip("/") else "Which repository there?"
    host, separator, path = text.partition(":")
    if separator and "/" not in host:
        return "" if path else "Which repository there?"
    return "An address begins with https:// or ssh://, or is like git@host:path"


def repository_name(url: str) -> str:
    """Return what a repository is called: the last part of its address."""
    last = url.strip().rstrip("/").replace(":", "/").rpartition("/")[2]
    return last.removesuffix(".git")
