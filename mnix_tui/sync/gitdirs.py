"""What the files of a ``.git`` folder are, and what they mean for a synchronisation. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server_agent.trees.model import State

GIT = ".git"
_CORE_NAMES = frozenset(
    {"HEAD", "refs", "objects", "logs", "hooks", "config", "index", "info", "modules"}
)
_VOLATILE = frozenset({"index", "FETCH_HEAD", "ORIG_HEAD", "COMMIT_EDITMSG", "logs", "AUTO_MERGE"})
_STEPS = frozenset({"rebase-merge", "rebase-apply", "sequencer", "MERGE_RR"})
_OBEYED = _STEPS | {
    "config",
    "config.worktree",
    "hooks",
    "commondir",
    "gitdir",
    # Settings as older git kept them: where "git push origin" goes.
    "branches",
    "remotes",
    # With MERGE_RR it names files, anywhere, that git reads and writes at the next commit.
    "rr-cache",
}
"""What git runs or obeys: settings, and what it was in the middle of (a rebase's ``exec``)."""
_JUNK = frozenset(
    # The paths of other working trees are this machine's own.
    {"gc.pid", "gc.log", "fsmonitor--daemon", "fsmonitor--daemon.ipc", "worktrees"}
)
_CACHES = ("objects/info/commit-graph", "objects/pack/multi-pack-index", "objects/info/packs")


class Part(Enum):
    """What a file below ``.git`` is."""

    JUNK = "locks, temporary files, caches and what is about other folders: never moved"
    OBJECT = "named after its content: only ever added"
    VOLATILE = "the index, logs and notes to itself: no change on its own"
    OBEYED = "hooks, settings and a rebase's steps, which git runs or obeys: sent, never fetched"
    CORE = "HEAD, references and the rest: the repository's state"


def unit_of(path: str) -> str:
    """Return the ``.git`` that ``path`` is, or is in, from the top; "" when there is none."""
    if GIT not in path:
        return ""
    if path == GIT or path.startswith(".git/"):
        return GIT
    at = path.find("/.git/")
    if at >= 0:
        return path[: at + 5]
    return path if path.endswith("/.git") else ""


def part_of(rest: str) -> Part:
    """Say what the file ``rest`` below a ``.git`` is."""
    rest = _within(rest)
    first, _, more = rest.partition("/")
    name = rest.rpartition("/")[2]
    if name.endswith(".lock") or first in _JUNK or rest.startswith(_CACHES):
        return Part.JUNK
    if first == "objects":
        if name.startswith(("tmp_", ".tmp-", "tmp-")) or more == "info/alternates":
            return Part.JUNK
        return Part.OBJECT
    if rest.startswith("refs/mnix/"):  # what lost a conflict: their names hold the time
        return Part.OBJECT
    if first in _OBEYED or first.startswith("BISECT_"):
        return Part.OBEYED
    if first in _VOLATILE or first.startswith("sharedindex."):
        return Part.VOLATILE
    return Part.CORE


def is_step(rest: str) -> bool:
    """Say whether ``rest`` below a ``.git`` is of something that git is in the middle of."""
    first = _within(rest).partition("/")[0]
    return first in _STEPS or first.startswith("BISECT_")


def is_junk(path: str) -> bool:
    """Say whether a path is something of a repository's that is never moved."""
    if GIT not in path:
        return False
    unit = unit_of(path)
    return bool(unit) and len(unit) < len(path) and part_of(path[len(unit) + 1 :]) is Part.JUNK


def is_obeyed(path: str, state: State) -> bool:
    """Say whether git here would run or obey what a server put at ``path``.

    Hooks, settings and the steps of a rebase do. A ``.git`` that is a file or a link makes git read them from elsewhere,
    and so does a name that only some file systems take for ``.git``.
    """
    if path.isascii() and "git" not in path.lower():
        return False
    if any(_disguised(part) for part in path.split("/")):
        return True
    unit = unit_of(path)
    if not unit:
        return False
    if unit == path:
        return state.kind != "d"
    rest = path[len(unit) + 1 :]
    parts = rest.split("/")
    return (
        state.kind == "l"
        or part_of(rest) is Part.OBEYED
        or GIT in parts
        # Where a submodule's name ends is a guess: better a branch called config stays behind.
        or (parts[0] == "modules" and not _OBEYED.isdisjoint(parts[2:]))
    )


def _disguised(part: str) -> bool:
    if part == GIT:
        return False
    plain = "".join(char for char in part if char.isprintable()).rstrip(" .").lower()
    return plain == GIT or plain.startswith(".git:") or plain in ("git~1", "git~2")


def _within(rest: str) -> str:
    """Return what a path of a submodule's own part is within that part."""
    parts = rest.split("/")
    while len(parts) > 2 and parts[0] == "modules":
        # Their names may hold slashes.
        at = next((i for i in range(2, len(parts)) if parts[i] in _CORE_NAMES), 2)
        parts = parts[at:]
    return "/".join(parts)
