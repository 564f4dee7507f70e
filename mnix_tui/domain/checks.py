"""What is tried of a server before it counts as usable: one check for each step, in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CheckState(StrEnum):
    """How far one check is, and how it went."""

    WAITING = "waiting"  # its turn comes
    RUNNING = "running"
    OK = "ok"
    WARN = "warn"  # works, but something is worth mending
    FAILED = "failed"
    SKIPPED = "skipped"  # could not be tried, or makes no sense here


@dataclass(frozen=True)
class Check:
    """One step, and what came of it. All texts are clean and short."""

    key: str
    title: str
    state: CheckState = CheckState.WAITING
    seconds: float | None = None
    """How long it took; ``None`` while it is not over, and where nothing was done."""
    said: str = ""
    """What was found, or what went wrong."""
    fix: str = ""
    """The command that mends it, to be copied; "" where there is none."""
    hint: str = ""
    """What to do, in words."""
    fix_on: str = ""
    """The server that the command is for, and may come from; "" for this machine."""
    refused: bool = False
    """Whether it failed because somebody said no: nothing tries that again by itself."""

    @property
    def over(self) -> bool:
        """Say whether nothing more will come of it."""
        return self.state not in (CheckState.WAITING, CheckState.RUNNING)


TITLES = {
    "config": "SSH configuration",
    "resolve": "find the host",
    "connect": "connect",
    "hostkey": "host key",
    "login": "log in",
    "python": "Python",
    "agent": "mnix's agent",
    "podman": "Podman",
    "nix": "nix",
    "disk": "disk",
    "linger": "linger",
}
"""Each check's title by its key, in the order in which they are tried and shown."""
KEYS = tuple(TITLES)
WAY = KEYS[: KEYS.index("python")]
"""What is tried before anything runs there."""
AT_ONCE = ("podman", "nix", "disk", "linger")
"""What the agent is asked for, all at the same time."""
GLYPHS = {
    CheckState.WAITING: "·",
    CheckState.RUNNING: "◐",
    CheckState.OK: "✓",
    CheckState.WARN: "!",
    CheckState.FAILED: "✕",
    CheckState.SKIPPED: "–",
}
"""State is shape as well as colour."""


def fresh() -> tuple[Check, ...]:
    """Return all checks as they are before the first is tried."""
    return tuple(Check(key, title) for key, title in TITLES.items())


def changed(checks: tuple[Check, ...], key: str, **what: Any) -> tuple[Check, ...]:
    """Return the checks with fields of one of them replaced."""
    return tuple(replace(each, **what) if each.key == key else each for each in checks)


def without_command(hint: str, fix: str) -> str:
    """Return a hint without the command at its end, where that stands on a line of its own."""
    hint = hint.rstrip()
    if not fix or not hint.endswith(fix):
        return hint
    return hint.removesuffix(fix).rstrip().removesuffix(":")


def passed(checks: Iterable[Check]) -> bool:
    """Say whether the server is usable: every check is over, and none failed."""
    return all(check.over and check.state is not CheckState.FAILED for check in checks)


def took(checks: Sequence[Check]) -> float:
    """Return the seconds that a server took, without those of a person who was asked."""
    seconds = [(check.seconds or 0.0, check.key in AT_ONCE) for check in checks]
    alone = sum(each for each, together in seconds if not together)
    return alone + max((each for each, together in seconds if together), default=0.0)


def shown(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that are worth a line: where one failed, what was not tried is not."""
    states = [check.state for check in checks]
    if CheckState.FAILED not in states or not all(check.over for check in checks):
        return list(checks)
    failed = states.index(CheckState.FAILED)
    rest = [check for check in checks[failed + 1 :] if check.state is not CheckState.SKIPPED]
    return [*checks[: failed + 1], *rest]


def not_shown(checks: Sequence[Check]) -> str:
    """Return what is said in one line of the checks that ``shown`` leaves out; "" for none."""
    worth = shown(checks)
    left = ", ".join(check.title for check in checks if check not in worth)
    return f"not tried: {left}" if left else ""


def as_json(check: Check) -> dict[str, Any]:
    """Return a check as an object of ``--json``."""
    found = asdict(check)
    if check.seconds is not None:
        found["seconds"] = round(check.seconds, 3)
    return found
