"""Asking git which files belong to a folder."""

# Paths are strings here: there are many of them, and not all are UTF-8.
# ruff: noqa: PTH100, PTH112, PTH114, PTH118, PTH120

from __future__ import annotations

import os
import subprocess


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


def list_files(folder: str, notes: list[str]) -> list[str] | None:
    """Return the paths of tracked and unignored files; ``None`` where git does not decide.

    That is outside of a repository, in a folder that its repository ignores as a whole, and
    where git is missing or refuses (which is noted).
    """
    root = top(folder)
    if root is None:
        return None
    try:
        if (
            root != os.path.abspath(folder)
            and _run(folder, "check-ignore", "-q", ".").returncode == 0
        ):
            return None
        listed = _run(folder, "ls-files", "-z", "-co", "--exclude-standard")
    except FileNotFoundError:
        notes.append("git is not installed here: only the .gitignore files were asked")
        return None
    if listed.returncode != 0:
        said = os.fsdecode(listed.stderr).strip().splitlines()
        reason = said[0] if said else f"it ended with {listed.returncode}"
        notes.append(f"git can't list the files, so only .gitignore files were asked: {reason}")
        return None
    paths = []
    for raw in listed.stdout.split(b"\0"):
        path = os.fsdecode(raw).rstrip("/")
        if not path:
            continue
        full = os.path.join(folder, path)
        if os.path.isdir(full) and not os.path.islink(full):
            paths += _nested(full, path, notes)
        else:
            paths.append(path)
    return paths


def _nested(full: str, path: str, notes: list[str]) -> list[str]:
    """Return the files of a submodule, or of a repository inside this one."""
    if not os.path.lexists(os.path.join(full, ".git")):
        notes.append(f"{path} is a submodule that was never fetched: git submodule update --init")
        return []
    below = list_files(full, notes)
    if below is None:
        notes.append(f"{path} was left out: git can't list its files")
        return []
    return [f"{path}/{each}" for each in below]


def _run(folder: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in ``folder``, whatever repository the caller's environment names."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"):
        if key in os.environ:
            ours[key] = os.environ[key]
    return subprocess.run(
        ["git", "-c", "core.fsmonitor=false", *args],
        cwd=folder,
        env={**ours, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
