"""Asking git which files belong to a folder."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH100, PTH112, PTH118, PTH120

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple

COMMAND = ("git", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
"""How git is begun: what a repository's settings could make it run is not run."""


class Listed(NamedTuple):
    """What git has, or would have, of a folder."""

    files: set[str]
    """Tracked or not ignored; nested repositories and submodules too, without a slash."""
    folders: set[str]
    """The folders that those are in."""


class GitRefused(Exception):
    """git is not there, or says why it does not answer."""


def top(folder: str) -> str | None:
    """Return the root of the repository that ``folder`` is in, or ``None``. Runs no git."""
    folder = os.path.abspath(folder)
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def listed(folder: str) -> Listed:
    """Return what git has of ``folder``: one process. Raises ``GitRefused``."""
    answer = run(folder, "ls-files", "-z", "-co", "--exclude-standard")
    files = {path.rstrip("/") for path in os.fsdecode(answer).split("\0")}
    files.discard("")
    folders: set[str] = set()
    for path in files:
        above = path.rpartition("/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
    return Listed(files, folders)


def tracked_though_ignored(folder: str) -> list[str]:
    """Return the tracked files that the rules would leave out. Raises ``GitRefused``."""
    answer = run(folder, "ls-files", "-z", "-ci", "--exclude-standard")
    return sorted(path for path in os.fsdecode(answer).split("\0") if path)


def run(folder: str, *args: str) -> bytes:
    """Run git in ``folder`` and return what it prints. Raises ``GitRefused``."""
    try:
        done = _run(folder, *args)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and os.path.isdir(folder)
        raise GitRefused("git is not installed here" if missing else str(error)) from error
    if done.returncode != 0:
        said = os.fsdecode(done.stderr).strip().splitlines()
        raise GitRefused(said[0][:300] if said else f"git ended with {done.returncode}")
    return done.stdout


def environment() -> dict[str, str]:
    """Return an environment in which git asks nobody, whatever repository the caller's names."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"):
        if key in os.environ:
            ours[key] = os.environ[key]
    return {**ours, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}


def _run(folder: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *args],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
