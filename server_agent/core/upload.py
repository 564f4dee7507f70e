"""Archives, as older clients upload them: received whole and verified first, then applied."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterable
from typing import Any

from server_agent.core import owner, projects
from server_agent.core.extracting import Extraction
from server_agent.core.projects import Project
from server_agent.core.tarstream import refused
from server_agent.protocol.errors import AgentError
from server_agent.trees import staging
from server_agent.trees.links import Links
from server_agent.trees.model import FOLDER, LINK, OURS, State, same
from server_agent.trees.ops import Op
from server_agent.trees.receive import Batch
from server_agent.trees.there import There


def receive_archive(project_id: str, pieces: Iterable[bytes]) -> dict[str, Any]:
    """Take a tar compressed with gzip and apply it; return what it changed.

    What it doesn't mention stays. Raises ``AgentError``: ``unsafe-upload``,
    ``incomplete-upload``, ``no-space``, ``busy``. Then the workspace is as it was.
    """
    import zlib

    project = _receiver(project_id)
    with _Upload(project) as upload:
        unpack = zlib.decompressobj(wbits=31)
        try:
            for piece in pieces:
                while piece and not unpack.eof:
                    upload.tree.feed(unpack.decompress(piece, 1 << 20))
                    piece = unpack.unconsumed_tail
            if not unpack.eof:
                raise AgentError("incomplete-upload", "the archive is not whole", "send it again")
        except zlib.error as error:
            raise AgentError(
                "unsafe-upload", f"the archive is damaged: {error}", "send it again"
            ) from error
        return upload.apply()


class _Upload:
    """One archive on its way into a workspace."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Upload:
        try:
            self._place = self._stack.enter_context(staging.place(self._project.incoming))
        except OSError as error:
            raise staging.translated(error) from error
        self.tree = Extraction(os.path.join(self._place, staging.TREE))
        self._stack.callback(self.tree.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def apply(self) -> dict[str, Any]:
        """Verify what was extracted, and apply it."""
        tree = self.tree
        tree.finish()
        self._check_links()
        with projects.locked(self._project.id, "upload", wait=10.0) as project:
            try:
                ops, unchanged = _ops(tree.states, project.workspace)
            except PermissionError as error:
                unchanged, trashed = self._by_owner(project, error)
            else:
                batch = Batch(self._place, ops, [], tree.bytes)
                trashed = self._apply(project, batch) if ops else 0
            project.pushed = time.time()
            projects.save(project)
            if project.box.get("daemon"):
                from server_agent.adapters import daemon

                daemon.own(project)
        return {
            "files": sum(state.kind != FOLDER for state in tree.states.values()),
            "members": tree.reader.members,
            "bytes": tree.bytes,
            "changed": len(tree.states) - unchanged,
            "unchanged": unchanged,
            "trashed": trashed,
        }

    def _check_links(self) -> None:
        links = Links(self._project.workspace, os.path.join(self._place, staging.TREE))
        for path, state in self.tree.states.items():
            if state.kind == LINK and links.lead_out(path, state.value):
                raise refused(f"the link {path} points out of the workspace, to {state.value}")

    def _by_owner(self, project: Project, error: OSError) -> tuple[int, int]:
        # What others made in the workspace can't even be looked at from here.
        token = os.path.basename(self._place)
        said = owner.ask(project, "_archive", project.id, token)
        if said is None:
            raise AgentError(
                "error", f"the workspace can't be read: {error}", "repair the rights there"
            ) from error
        return int(said["unchanged"]), int(said["trashed"])

    def _apply(self, project: Project, batch: Batch) -> int:
        from server_agent.trees.apply import apply

        try:
            done = apply(batch, project.workspace, project.trash, why="upload")
        except PermissionError as error:
            # Files that another user of a rootless container made are out of our reach, but not
            # of its root's.
            self._stack.close()
            if owner.ask(project, "_finish", project.id) is None:
                raise AgentError(
                    "error", f"the workspace can't be written: {error}", "repair the rights there"
                ) from error
            return 0
        except OSError as error:
            raise _translated(error, self._place) from error
        if done.skipped:
            path, why, _ = done.skipped[0]
            raise AgentError(
                "error",
                f"{path} was not replaced ({why}), nor were {len(done.skipped) - 1} more",
                "send it again",
            )
        return done.trashed


def apply_here(project_id: str, token: str) -> int:
    """Apply an archive that was extracted and checked, as whoever this process runs as.

    Whoever started it holds the project's lock, and the transfer's folder.
    """
    from server_agent.trees.apply import apply
    from server_agent.trees.index import FileIndex
    from server_agent.trees.scan import Everything, scan

    project = projects.load(project_id)
    place, index = os.path.join(project.incoming, token), FileIndex()
    scan(os.path.join(place, staging.TREE), index, Everything(), eager=lambda path, size: True)
    states = {path: state for path, state in index.since(0) if state is not None}
    ops, unchanged = _ops(states, project.workspace)
    done = apply(Batch(place, ops, [], 0), project.workspace, project.trash, why="upload")
    print(json.dumps({"unchanged": unchanged, "trashed": done.trashed}))
    return 1 if done.skipped else 0


def _receiver(project_id: str) -> Project:
    project = projects.load(project_id)
    if project.in_place:
        raise AgentError(
            "usage",
            f"{project.name} uses its folder in place: there is nothing to upload",
            "just rebuild: mnix rebuild-switch",
        )
    held = projects.holder(project_id)
    if held is not None:
        raise projects.busy(project_id, held)  # said now, not after an hour of uploading
    if staging.left(project.incoming):
        with projects.locked(project_id, "upload"):
            pass
    return project


def _ops(states: dict[str, State], workspace: str) -> tuple[list[Op], int]:
    """Return what an archive changes, whatever is there now, and how much it leaves as it is."""
    ops: list[Op] = []
    unchanged = 0
    there = There(workspace)
    try:
        for path, state in sorted(states.items()):
            if path.partition("/")[0] == OURS:
                unchanged += 1  # what a newer mnix keeps beside the files is none of them
                continue
            now = there.find(path)
            if same(now, state):
                unchanged += 1
                continue
            if now is not None and now.kind == FOLDER:
                ops += _removals(there, path)
            ops.append(Op(state.kind, path, state, now))
    finally:
        there.close()
    return ops, unchanged


def _removals(there: There, folder: str) -> list[Op]:
    """Return the removal of all that is in a folder which is no folder any more."""
    ops: list[Op] = []
    for name in there.names(folder):
        path = f"{folder}/{name}"
        now = there.find(path)
        if now is None:
            continue
        if now.kind == FOLDER:
            ops += _removals(there, path)
        ops.append(Op("x", path, None, now))
    return ops


def _translated(error: OSError, place: str) -> AgentError:
    if not os.path.exists(os.path.join(place, staging.JOURNAL)):
        return staging.translated(error)
    code = "no-space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "error"
    return AgentError(
        code,
        f"the upload arrived, but is not all in the workspace yet: {error}",
        "the rest follows by itself when that is repaired",
    )
