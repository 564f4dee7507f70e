"""How the three states of one path compare: what was agreed, what is here, what is there. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server_agent.trees.model import State

Triple = tuple["State | None", "State | None", "State | None"]
"""What was last agreed, what is here, what is there; ``None``: nothing."""

RULE_FILES = (".gitignore", ".mnixignore")
"""The files of the tree that say what belongs to it."""

_EXCLUDE = "/.git/info/exclude"
"""The same of a repository."""


class Verdict(Enum):
    """What became of a path since it was last agreed."""

    SAME = "nothing to do"
    AGREED = "both sides came to the same"
    HERE = "changed here, or changed here and deleted there"
    THERE = "changed there, or changed there and deleted here"
    BOTH = "changed on both sides, differently"
    UNKNOWN = "nobody computed the digest that decides"


def alike(a: State | None, b: State | None) -> bool | None:
    """Say whether two states hold the same; ``None`` when only a missing digest could tell."""
    if a is None or b is None:
        return a is b
    if a[0] != b[0]:
        return False
    if a[0] != "f":
        return a[4] == b[4]
    if a[1] != b[1] or a[2] != b[2]:
        return False
    if not a[4] or not b[4]:
        return None
    return a[4] == b[4]


def judge(base: State | None, here: State | None, there: State | None) -> Verdict:
    """Compare a path's three states."""
    even = alike(here, there)
    if even:
        return Verdict.SAME if alike(base, here) else Verdict.AGREED
    stayed_there = alike(base, there)
    if even is None or stayed_there is None:
        return Verdict.UNKNOWN
    if stayed_there:
        return Verdict.HERE
    if alike(base, here):
        return Verdict.THERE
    if here is None:  # deleted here, changed there: what was changed survives
        return Verdict.THERE
    if there is None:
        return Verdict.HERE
    return Verdict.BOTH


def is_rules(path: str) -> bool:
    """Say whether a file says what belongs to the tree."""
    return path.rpartition("/")[2] in RULE_FILES or f"/{path}".endswith(_EXCLUDE)


def folder_of(path: str) -> str:
    """Return the folder that a file of rules is about."""
    if f"/{path}".endswith(_EXCLUDE):
        return path[: -len(_EXCLUDE)]
    return path.rpartition("/")[0]


def is_folder(state: State | None) -> bool:
    """Say whether a state is a folder's."""
    return state is not None and state[0] == "d"


def clashes(here: State | None, there: State | None) -> bool:
    """Say whether one side has a folder where the other has something else."""
    return here is not None and there is not None and is_folder(here) != is_folder(there)
