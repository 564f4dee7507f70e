"""What a client sends: received into a folder of its own, then applied under the project's lock."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from typing import Any, Optional

from server_agent.core import owner, projects
from server_agent.core.known import Known
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.frames import Frame
from server_agent.trees import staging
from server_agent.trees.index import Index
from server_agent.trees.model import FOLDER, LINK, to_wire
from server_agent.trees.receive import Batch, Receiver

_WAIT = 10.0  # seconds for somebody else who has the project's lock
_WAIT_LONG = 1.0  # for a rebuild: that lasts
_TRASH_DAYS = 30
_TRASH_BYTES = 1 << 30


class Incoming:
    """One transfer, from its first item to its commit."""

    def __init__(self, project: Project, known: Known) -> None:
        self._project = project
        self._known = known
        self._cleared = 0
        held = projects.holder(project.id)
        if _lasts(held):
            raise projects.busy(project.id, held or {})  # said now, not after an hour of sending
        self._stack = contextlib.ExitStack()
        try:
            self._place = self._stack.enter_context(staging.place(project.incoming))
            self._receiver = Receiver(self._place, project.workspace)
        except OSError as error:
            self._stack.close()
            raise staging.translated(error) from error
        self._stack.callback(self._receiver.close)
        self._stack.callback(self._receiver.keep_large)

    def feed(self, found: Frame) -> None:
        """Take a frame. Raises ``AgentError``."""
        try:
            self._receiver.feed(found)
        except OSError as error:
            raise self._translated(error) from error

    def close(self) -> None:
        """Throw away what came; large files stay as parts, a journal stays to be finished."""
        self._stack.close()

    def apply(self, items: int, by: str, *, empty: bool) -> dict[str, Any]:
        """Apply all of it; return the payload of APPLIED. Raises ``AgentError``."""
        with self._stack:
            batch = self._receiver.finish(items)
            if not batch.ops and not batch.failed:
                return self._answer(0, [], 0, None)
            if not empty:
                self._check_empty(batch)
            try:
                return self._locked(batch, by)
            except OSError as error:
                raise self._translated(error) from error

    def _locked(self, batch: Batch, by: str) -> dict[str, Any]:
        from server_agent.trees import apply

        wait = _WAIT_LONG if _lasts(projects.holder(self._project.id)) else _WAIT
        with projects.locked(self._project.id, "sync", wait=wait) as project:
            with self._known.locked() as index:
                try:
                    alone = owner.argv(project) is None
                    places = (project.workspace, project.trash)
                    done = apply.apply(batch, *places, index, by=by, give_up=alone)
                    answer = done.applied, list(done.skipped), done.trashed, done.trash
                except PermissionError:
                    answer = self._by_owner(batch)
                finally:
                    self._known.save()
            project.pushed = time.time()
            projects.save_if_possible(project)
            if project.box.get("daemon") and not owner.already():
                from server_agent.adapters import daemon

                daemon.own(project)
            self._clear_up(project)
        for value, blocks in self._receiver.blocks.items():
            self._known.keep_blocks(value, blocks)
        return self._answer(*answer)

    def _by_owner(self, batch: Batch) -> tuple[int, list[Any], int, Any]:
        # Into folders of others; who does it has to find the transfer unclaimed.
        if not os.path.exists(os.path.join(self._place, staging.JOURNAL)):
            raise PermissionError(errno.EACCES, "the workspace can't be written", batch.place)
        self._stack.close()
        said = owner.ask(self._project, "_finish", self._project.id, os.path.basename(self._place))
        if said is None:
            said = _without_owner(self._project, self._place, self._known.index)
        else:
            self._known.note_owner()
        why = str(said.get("why") or "changed")
        skipped = list(batch.failed) + [(path, why, None) for path in said["skipped"]]
        self._known.look(None)
        return len(batch.ops) - len(said["skipped"]), skipped, 0, said.get("trash")

    def _check_empty(self, batch: Batch) -> None:
        removed = sum(
            op.op == "x" and op.expect is not None and op.expect.kind != FOLDER for op in batch.ops
        )
        if not removed or any(op.op not in ("x", "d") for op in batch.ops):
            return
        files, _, _ = self._known.index.totals()
        if removed >= files:
            raise AgentError(
                "refused",
                f"nothing would be left in the workspace of {self._project.name}",
                "if that is meant: mnix push --allow-empty",
            )

    def _clear_up(self, project: Project) -> None:
        from server_agent.trees import trash

        with contextlib.suppress(OSError):
            cleared = trash.prune(project.trash, days=_TRASH_DAYS, limit=_TRASH_BYTES)
            self._cleared = cleared.files if cleared.full else 0
            staging.prune_parts(project.incoming)

    def _translated(self, error: OSError) -> AgentError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if os.path.exists(os.path.join(self._place, staging.JOURNAL)):
            return _unfinished(error)
        if full:
            # To go on with a large file is not worth a full disk.
            self._stack.close()
            staging.prune_parts(self._project.incoming, limit=0, young=0)
        return staging.translated(error)

    def _answer(self, applied: int, skipped: list[Any], trashed: int, trash: Any) -> dict[str, Any]:
        known = self._known
        return {
            "applied": applied,
            "skipped": [
                [path, why, None if state is None else to_wire(state)]
                for path, why, state in skipped
            ],
            "trashed": trashed,
            "trash": trash,
            "cleared": self._cleared,
            "index": known.index.id if known.kept else "",
            "seq": known.index.seq,
        }


def _unfinished(error: OSError) -> AgentError:
    return AgentError(
        "no-space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "error",
        f"the files arrived, but are not all in the workspace yet: {error}",
        "the rest follows by itself when that is repaired",
    )


def _lasts(held: Optional[dict[str, Any]]) -> bool:
    return held is not None and held.get("what") == "rebuild"


def interrupted(project: Project) -> bool:
    """Say whether a transfer is left that nobody works on."""
    return bool(staging.left(project.incoming))


def recover(project: Project) -> None:
    """Finish transfers that were whole, and throw away what was not. The project's lock is held.

    Raises ``AgentError`` for what stands in the way.
    """
    if not interrupted(project):
        return
    from server_agent.trees import apply

    known = Known(project)
    with known.locked() as index:
        try:
            apply.recover(project.incoming, project.workspace, project.trash, index)
        except PermissionError:
            if owner.ask(project, "_finish", project.id) is not None:
                known.note_owner()
                return
            try:
                places = (project.incoming, project.workspace, project.trash)
                apply.recover(*places, index, give_up=True)
            except OSError as error:
                raise _unfinished(error) from error
        except OSError as error:
            raise _unfinished(error) from error
        finally:
            known.save()


def finish_here(project_id: str, token: str = "") -> int:
    """Finish transfers as whoever this process runs as; print which items were passed over.

    Whoever started it holds the locks.
    """
    project = projects.load(project_id)
    place = os.path.join(project.incoming, token) if staging.is_token(token) else ""
    print(json.dumps(_finish(project, place)))
    return 0


def _without_owner(project: Project, place: str, index: Index) -> dict[str, Any]:
    """Finish a transfer as far as our own rights go; say what was passed over."""
    return {**_finish(project, place, index), "why": "read-only"}


def _finish(project: Project, place: str, index: Optional[Index] = None) -> dict[str, Any]:
    from server_agent.trees import apply, journal

    steps = list(journal.steps(place)) if place else []
    places = (project.incoming, project.workspace, project.trash)
    apply.recover(*places, index, give_up=True)
    return {"skipped": [step.path for step in steps if not _is_done(project.workspace, step)]}


def _is_done(root: str, step: Any) -> bool:
    path = os.path.join(root, step.path)
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return bool(step.op == "x")
    except OSError:
        return False
    state = step.state
    if state is None:
        return False
    if state.kind == LINK:
        return stat.S_ISLNK(found.st_mode) and os.readlink(path) == state.value
    if state.kind == FOLDER:
        return stat.S_ISDIR(found.st_mode)
    same = (found.st_size, found.st_mtime_ns) == (state.size, state.mtime)
    return stat.S_ISREG(found.st_mode) and same
