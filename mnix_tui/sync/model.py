"""What a synchronisation is made of: what is planned, what stands in its way, what was done. Pure.

Paths are relative to the folder, with forward slashes; bytes that are not UTF-8 are surrogates.
*Here* is the client's folder, *there* the workspace on the server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from server_agent.trees.model import State

ConflictKind = Literal["changed", "folder-file", "git"]
"""Why nothing is done: both changed it; one has a folder where the other has a file (or a link);
both changed the state of one git repository."""

LISTED = 1000
"""Paths of one kind that a report in JSON names at most; it says how many more there are."""


class Action(NamedTuple):
    """Something to do to one path of the side that receives it."""

    path: str
    state: State | None
    """What is to be there; ``None``: nothing (a deletion)."""
    before: State | None
    """What must be there until then; ``None``: nothing."""
    source: str = ""
    """Where the giving side has it, when that is another path: the other copy of a conflict.
    No two actions have one source."""
    late: bool = False
    """To be sent only after this plan's ``fetch`` was applied here: its content comes with that."""

    @property
    def size(self) -> int:
        """The bytes of the file's content that have to travel, at most."""
        if self.state is None or self.state.kind != "f" or self.mode_only:
            return 0
        return self.state.size

    @property
    def mode_only(self) -> bool:
        """Whether only a file's permissions change, and no content travels."""
        state, before = self.state, self.before
        if state is None or before is None or self.source:
            return False
        return (
            state.kind == before.kind == "f" and bool(state.value) and state.value == before.value
        )


@dataclass(frozen=True)
class Conflict:
    """A path (and all below it) that is left as it is on both sides until somebody chooses."""

    path: str
    kind: ConflictKind = "changed"
    here: State | None = None
    """What is here; of a repository its folder."""
    there: State | None = None
    paths: int = 1
    """How many paths differ in it: more than one for a folder or a repository."""

    def to_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "path": printable(self.path),
            "kind": self.kind,
            "here": _state_json(self.here),
            "there": _state_json(self.there),
            "paths": self.paths,
        }


@dataclass(frozen=True)
class Totals:
    """How much a plan moves."""

    send: int = 0
    send_bytes: int = 0
    fetch: int = 0
    fetch_bytes: int = 0
    delete_there: int = 0
    delete_here: int = 0
    keep_there: int = 0
    keep_here: int = 0
    conflicts: int = 0


@dataclass
class Plan:
    """What is to be done, each list sorted by path."""

    send: list[Action] = field(default_factory=list)
    fetch: list[Action] = field(default_factory=list)
    delete_there: list[Action] = field(default_factory=list)
    delete_here: list[Action] = field(default_factory=list)
    keep_there: list[str] = field(default_factory=list)
    """Changed, made or deleted only there: a push leaves it like that."""
    keep_here: list[str] = field(default_factory=list)
    """Changed, made or deleted only here: a pull leaves it like that."""
    conflicts: list[Conflict] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)
    """Nothing is to be moved, but what is here counts as agreed from now on."""
    unknown: list[str] = field(default_factory=list)
    """Files whose digests are needed first, on whichever side nobody read them: plan again then."""
    postponed: list[Action] = field(default_factory=list)
    """Deletions here that may be none: ignore rules come with this plan, the next one decides."""
    withheld: list[Action] = field(default_factory=list)
    """What of the server's repositories is never fetched, because git here would obey it."""

    @property
    def nothing(self) -> bool:
        """Whether nothing is to be moved and nothing waits for a choice."""
        return not (
            self.send
            or self.fetch
            or self.delete_there
            or self.delete_here
            or self.conflicts
            or self.unknown
        )

    def totals(self) -> Totals:
        """Count it."""
        return Totals(
            len(self.send),
            sum(action.size for action in self.send),
            len(self.fetch),
            sum(action.size for action in self.fetch),
            len(self.delete_there),
            len(self.delete_here),
            len(self.keep_there),
            len(self.keep_here),
            len(self.conflicts),
        )


@dataclass(frozen=True)
class FolderSize:
    """What a plan moves of one folder."""

    path: str
    """Two levels deep at most; "" are the files of the top itself."""
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Ignored:
    """Something that is not taken, and the rule that says so."""

    path: str
    """A folder ends in a slash."""
    rule: str = ""
    """The pattern, as it is written."""
    source: str = ""
    """Where it is written, such as ``.gitignore:3``."""


@dataclass(frozen=True)
class Warned:
    """Something to know before it is sent for the first time."""

    path: str
    kind: Literal["secret", "large", "heavy"]
    text: str


@dataclass(frozen=True)
class Preview:
    """What a synchronisation would do."""

    direction: Literal["push", "pull", "both"]
    plan: Plan
    send_folders: tuple[FolderSize, ...] = ()
    """The largest first."""
    fetch_folders: tuple[FolderSize, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    ignored_more: int = 0
    """How many more are ignored than are named."""
    warnings: tuple[Warned, ...] = ()
    warnings_more: int = 0
    notes: tuple[str, ...] = ()
    refused: str = ""
    """Why none of it is done unless somebody says that it is meant (``allow_empty``)."""

    def to_json(self, most: int | None = LISTED) -> dict[str, Any]:
        """Return it for ``--json``; longer lists than ``most`` are cut, ``totals`` has all."""
        plan, totals = self.plan, self.plan.totals()
        return {
            "direction": self.direction,
            "totals": dict(zip(Totals.__dataclass_fields__, _values(totals), strict=True)),
            "send": _actions_json(plan.send[:most]),
            "fetch": _actions_json(plan.fetch[:most]),
            "delete_there": _actions_json(plan.delete_there[:most]),
            "delete_here": _actions_json(plan.delete_here[:most]),
            "keep_there": [printable(path) for path in plan.keep_there[:most]],
            "keep_here": [printable(path) for path in plan.keep_here[:most]],
            "conflicts": [conflict.to_json() for conflict in plan.conflicts[:most]],
            "send_folders": [_folder_json(each) for each in self.send_folders],
            "fetch_folders": [_folder_json(each) for each in self.fetch_folders],
            "ignored": [
                {"path": printable(each.path), "rule": each.rule, "source": each.source}
                for each in self.ignored
            ],
            "ignored_more": self.ignored_more,
            "warnings": [
                {"path": printable(each.path), "kind": each.kind, "text": each.text}
                for each in self.warnings
            ],
            "warnings_more": self.warnings_more,
            "notes": list(self.notes),
            "refused": self.refused,
        }


@dataclass(frozen=True)
class Skipped:
    """Something that was not done after all, because it was no longer as it was planned."""

    path: str
    reason: str
    """``changed``, ``not-empty``, ``unreadable``, ``link-out``, ``clash``, ``vanished``…"""
    where: Literal["here", "there"] = "there"


@dataclass(frozen=True)
class SyncReport:
    """What a synchronisation did; the lists are of paths."""

    direction: Literal["push", "pull", "both"] = "push"
    sent: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    deleted_there: tuple[str, ...] = ()
    deleted_here: tuple[str, ...] = ()
    kept_there: tuple[str, ...] = ()
    kept_here: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    trashed_there: int = 0
    """How many older versions went to the workspace's trash."""
    trashed_here: int = 0
    trash_there: str = ""
    """The id of that batch in the trash; "" when nothing was replaced."""
    trash_here: str = ""
    bytes_sent: int = 0
    """On the wire."""
    bytes_received: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    """Those of the notes that are about secrets and large files, sent for the first time."""
    preview: Preview | None = None
    """What would be done: of a dry run."""

    @property
    def nothing(self) -> bool:
        """Whether nothing was moved."""
        return not (self.sent or self.fetched or self.deleted_there or self.deleted_here)

    def to_json(self, most: int | None = LISTED) -> dict[str, Any]:
        """Return it for ``--json``; longer lists than ``most`` are cut, ``counts`` has all."""
        lists = {
            name: getattr(self, name)
            for name in (
                "sent",
                "fetched",
                "deleted_there",
                "deleted_here",
                "kept_there",
                "kept_here",
            )
        }
        return {
            "direction": self.direction,
            "counts": {name: len(paths) for name, paths in lists.items()},
            **{name: [printable(path) for path in paths[:most]] for name, paths in lists.items()},
            "conflicts": [conflict.to_json() for conflict in self.conflicts[:most]],
            "skipped": [
                {"path": printable(each.path), "reason": each.reason, "where": each.where}
                for each in self.skipped[:most]
            ],
            "trashed_there": self.trashed_there,
            "trashed_here": self.trashed_here,
            "trash_there": self.trash_there,
            "trash_here": self.trash_here,
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            **({"preview": self.preview.to_json(most)} if self.preview is not None else {}),
        }


def cleared(files: int, where: str) -> list[str]:
    """Return what is said of what went from a trash because all was too much."""
    what = "1 file" if files == 1 else f"{files:,} files"
    return [f"older trash {where} was cleared, to keep 1 GiB: {what}"] if files else []


def printable(path: str) -> str:
    """Return a path as text that any terminal and any JSON reader takes."""
    clean = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in clean)


def _values(totals: Totals) -> list[int]:
    return [getattr(totals, name) for name in Totals.__dataclass_fields__]


def _state_json(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    shown: dict[str, Any] = {"kind": {"f": "file", "l": "link", "d": "folder"}[state.kind]}
    if state.kind == "f":
        shown |= {"size": state.size, "mode": f"{state.mode:04o}", "mtime": state.mtime / 1e9}
    elif state.kind == "l":
        shown["target"] = printable(state.value)
    return shown


def _actions_json(actions: list[Action]) -> list[dict[str, Any]]:
    return [
        {"path": printable(each.path), "bytes": each.size, "new": each.before is None}
        for each in actions
    ]


def _folder_json(folder: FolderSize) -> dict[str, Any]:
    return {"path": printable(folder.path), "files": folder.files, "bytes": folder.bytes}
