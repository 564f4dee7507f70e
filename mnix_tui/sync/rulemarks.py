"""The ignore rules that lie outside of the tree: what they were, and what a server must know.

``.gitignore`` files are in the tree, and a scan sees them change. A repository's ``info/exclude``,
the user's own excludes and files that are tracked although a rule leaves them out are not. They are
remembered as one text with the index, so that no git has to run while nothing changed.
"""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH100, PTH111, PTH112, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
from typing import Any

from mnix_tui.sync import git
from mnix_tui.sync.checkignore import CheckIgnore
from server_agent.trees.model import ABOVE

_MOST = 2000
"""Lines that a server is told."""
_LONGEST = 256 << 10
"""Bytes of a file of rules that are read."""
_DECIDES = ("git", "top", "lines", "exclude", "tracked", "kept")


def mark(root: str, known: str, *, dot_git: bool) -> str:
    """Return what the rules are now; ``known`` is what they were. Blocks."""
    before = _parsed(known)
    top = git.top(root)
    now: dict[str, Any] = {"git": dot_git, "top": top or ""}
    if top is not None:
        common = _common(os.path.join(top, ".git"))
        now["config"] = [_stat(path) for path in _configs(common)]
        same = before.get("config") == now["config"] and before.get("top") == top
        now["excludes"] = before["excludes"] if same else _excludes(root)
        now["lines"] = _lines(now["excludes"])
        now["exclude"] = _lines(os.path.join(common, "info/exclude"))
        now["index"] = _stat(os.path.join(_gitdir(os.path.join(top, ".git")), "index"))
        rules = ("index", "lines", "exclude")
        if same and all(before.get(key) == now[key] for key in rules):
            now["tracked"], now["kept"] = before["tracked"], before["kept"]
        else:
            now["tracked"], now["kept"] = _tracked(root)
    return json.dumps(now)


def differ(known: str, now: str) -> bool:
    """Say whether the rules may choose differently."""
    before, after = _parsed(known), _parsed(now)
    return any(before.get(key) != after.get(key) for key in _DECIDES)


def for_server(rules: str) -> list[str]:
    """Return the lines that a server adds to the rules of the tree, so that it chooses alike."""
    known = _parsed(rules)
    # Where .git comes along the server reads the repository's own excludes itself.
    excludes = () if known.get("git") else known.get("exclude", ())
    kept = known.get("kept")
    lines = [*known.get("lines", ()), *excludes, *([ABOVE, *kept] if kept else ())]
    return [line for line in lines if _is_text(line)][:_MOST]


def _tracked(root: str) -> tuple[list[str], list[str]]:
    """Return the files that are tracked against the rules, and rules that keep them."""
    try:
        paths = git.tracked_though_ignored(root)[:_MOST]
    except git.GitRefused:
        return [], []
    if not paths:
        return [], []
    folders = sorted({folder for path in paths for folder in _above(path)})
    asking = CheckIgnore(root, tracked=False)
    try:
        closed = {
            folder
            for folder, rule in zip(folders, asking.ask(folders), strict=True)
            if rule.ignores
        }
    except OSError:
        closed = set()
    finally:
        asking.close()
    lines: list[str] = []
    opened: set[str] = set()
    for path in paths:
        for folder in _above(path):
            if folder in closed and folder not in opened:
                opened.add(folder)
                lines += [f"!/{_escaped(folder)}/", f"/{_escaped(folder)}/*"]
        lines.append(f"!/{_escaped(path)}")
    return paths, lines


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: length + 1]) for length in range(len(parts))]


def _escaped(path: str) -> str:
    return "".join(f"\\{char}" if char in "*?[]\\ " else char for char in path)


def _is_text(line: str) -> bool:
    return line.isprintable() or not any(
        ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in line
    )


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = file.read(_LONGEST).splitlines()
    except OSError:
        return []
    return [line for line in found if line.strip() and not line.startswith("#")][:_MOST]


def _excludes(root: str) -> str:
    """Return the user's own file of rules, as git's settings name it."""
    try:
        said = git.run(root, "config", "--type=path", "--get", "core.excludesFile")
        return os.path.join(root, os.fsdecode(said).rstrip("\n"))
    except git.GitRefused:
        return os.path.join(_config_home(), "git/ignore")


def _configs(common: str) -> list[str]:
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    own = [named] if named else [os.path.expanduser("~/.gitconfig"), f"{_config_home()}/git/config"]
    return [*own, "/etc/gitconfig", os.path.join(common, "config")]


def _config_home() -> str:
    return os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")


def _gitdir(dot_git: str) -> str:
    """Return the folder that a ``.git`` is, or names."""
    if os.path.isdir(dot_git):
        return dot_git
    named = _lines(dot_git)
    if not named or not named[0].startswith("gitdir:"):
        return dot_git
    return os.path.abspath(os.path.join(os.path.dirname(dot_git), named[0][7:].strip()))


def _common(dot_git: str) -> str:
    """Return where the settings are, which several working trees share."""
    gitdir = _gitdir(dot_git)
    named = _lines(os.path.join(gitdir, "commondir"))
    return os.path.abspath(os.path.join(gitdir, named[0].strip())) if named else gitdir


def _stat(path: str) -> list[int]:
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
