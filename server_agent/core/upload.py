"""Uploads: received whole and verified first, then applied under a journal."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from server_agent.core import links, paths, projects
from server_agent.core.apply import Application
from server_agent.core.projects import Project
from server_agent.core.staging import Staging, translated
from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.frames import FrameReader, Type

JOURNAL = "journal.json"
"""Its presence says that an upload is whole: from then on it is applied, whatever happens."""


def receive(project_id: str, pieces: Iterable[bytes]) -> dict[str, Any]:
    """Take the frames of an upload and apply it; return what it changed.

    Raises ``AgentError``: ``unsafe-upload``, ``incomplete-upload``, ``no-space``, ``busy``,
    ``protocol``. Then the workspace is as it was.
    """
    project = _receiver(project_id)
    with _place(project) as place:
        staging = Staging(os.path.join(place, "tree"))
        try:
            _read_frames(staging, pieces)
        finally:
            staging.close()
        return _apply(project, place, staging)


def receive_archive(project_id: str, pieces: Iterable[bytes]) -> dict[str, Any]:
    """Take an archive as older clients send it: a tar compressed with gzip."""
    import zlib

    project = _receiver(project_id)
    with _place(project) as place:
        staging = Staging(os.path.join(place, "tree"))
        unpack = zlib.decompressobj(wbits=31)
        try:
            for piece in pieces:
                while piece and not unpack.eof:
                    staging.feed(unpack.decompress(piece, 1 << 20))
                    piece = unpack.unconsumed_tail
            if not unpack.eof:
                raise AgentError("incomplete-upload", "the archive is not whole", "send it again")
            staging.finish()
        except zlib.error as error:
            raise AgentError(
                "unsafe-upload", f"the archive is damaged: {error}", "send it again"
            ) from error
        finally:
            staging.close()
        return _apply(project, place, staging)


def interrupted(project: Project) -> bool:
    """Say whether an upload is left that nobody works on."""
    return bool(_left(project))


def recover(project: Project) -> None:
    """Apply what was verified and then interrupted; remove what never was whole.

    The project's lock is held.
    """
    for token in _left(project):
        place = os.path.join(project.incoming, token)
        with contextlib.suppress(BlockingIOError, FileNotFoundError), _claimed(place, tries=10):
            journal = _journal(place)
            if journal is not None and os.path.isdir(os.path.join(place, "tree")):
                _finish(project, place, journal)
            _remove(project, place)


def apply_here(project_id: str, token: str) -> int:
    """Apply a verified upload in this process: how it goes on with more rights than it had."""
    project = projects.load(project_id)
    place = os.path.join(project.incoming, token)
    journal = _journal(place)
    if not paths.is_id(token) or journal is None:
        return 1
    _application(project, place, journal).run()
    return 0


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
    if interrupted(project):
        with projects.locked(project_id, "upload"):
            pass
    return project


@contextlib.contextmanager
def _place(project: Project) -> Iterator[str]:
    # A folder for one upload, marked as worked on for as long as this process lives.
    try:
        place = os.path.join(paths.private_dir(project.incoming), paths.new_id())
        os.mkdir(f"{place}.new", 0o700)
        with _claimed(f"{place}.new"):
            os.rename(f"{place}.new", place)  # nobody sees it before it is claimed
            os.mkdir(os.path.join(place, "tree"), 0o755)
            try:
                yield place
            finally:
                # Verified but not applied (the project is busy, the disk is full): the next look
                # does it.
                if _journal(place) is None:
                    shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise translated(error) from error


@contextlib.contextmanager
def _claimed(place: str, tries: int = 1) -> Iterator[None]:
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for left in range(tries - 1, -1, -1):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise
                threading.Event().wait(0.01)
        yield
    finally:
        os.close(handle)


def _read_frames(staging: Staging, pieces: Iterable[bytes]) -> None:
    reader, digest = FrameReader(), hashlib.sha256()
    for piece in pieces:
        for frame in reader.feed(piece):
            if frame.type is Type.CHUNK:
                digest.update(frame.payload)
                staging.feed(frame.payload)
            elif frame.type is Type.END:
                return _verify(staging, digest.hexdigest(), frame.json(), reader.pending)
            else:
                raise ProtocolError(f"an upload has a {frame.type.name} frame in it")
    raise AgentError(
        "incomplete-upload", "the upload was cut off: nothing was changed", "push again"
    )


def _verify(staging: Staging, digest: str, end: dict[str, Any], pending: int) -> None:
    staging.finish()
    if end.get("sha256") != digest:
        raise AgentError("incomplete-upload", "the upload was damaged on its way", "push again")
    if end.get("members") != staging.reader.members:
        raise AgentError("incomplete-upload", "the upload lacks files", "push again")
    if pending:
        raise ProtocolError("an upload goes on behind its end")


def _apply(project: Project, place: str, staging: Staging) -> dict[str, Any]:
    links.check(staging, project.workspace)
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    journal = {"trash": f"{stamp}-{os.path.basename(place)}", "time": time.time()}
    with projects.locked(project.id, "upload", wait=10.0) as project:
        paths.write_atomic(os.path.join(place, JOURNAL), json.dumps(journal).encode())
        done = _finish(project, place, journal)
        _remove(project, place)
        if project.box.get("daemon"):
            from server_agent.adapters import daemon

            daemon.own(project)
    kinds = list(staging.kinds.values())
    return {
        "files": len(kinds) - kinds.count("dir"),
        "members": staging.reader.members,
        "bytes": staging.bytes,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "trashed": done.trashed,
    }


def _finish(project: Project, place: str, journal: dict[str, Any]) -> Application:
    done = _application(project, place, journal)
    try:
        done.run()
    except PermissionError as error:
        if not _with_more_rights(project, place):
            raise AgentError(
                "error", f"the workspace can't be written: {error}", "repair the rights there"
            ) from error
    except OSError as error:
        code = "no-space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "error"
        raise AgentError(
            code,
            f"the upload arrived, but is not all in the workspace yet: {error}",
            "the rest follows by itself when that is repaired",
        ) from error
    project.pushed = max(project.pushed or 0.0, float(journal.get("time") or 0.0))
    projects.save(project)
    return done


def _application(project: Project, place: str, journal: dict[str, Any]) -> Application:
    trash = os.path.join(project.trash, os.path.basename(str(journal["trash"])))
    return Application(os.path.join(place, "tree"), project.workspace, trash)


def _with_more_rights(project: Project, place: str) -> bool:
    # Files that another user of a rootless container made are out of our reach, but not of its
    # root's.
    import subprocess

    from server_agent.core import isolations, selfcmd

    argv = selfcmd.argv("_apply", project.id, os.path.basename(place))
    wrapped = isolations.of(project.isolation).as_owner(argv)
    if wrapped is None:
        return False
    done = subprocess.run(
        wrapped, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd="/"
    )
    return done.returncode == 0


def _journal(place: str) -> Optional[dict[str, Any]]:
    try:
        with open(os.path.join(place, JOURNAL), "rb") as file:
            found = json.loads(file.read())
        return found if isinstance(found, dict) and "trash" in found else None
    except (OSError, ValueError):
        return None


def _remove(project: Project, place: str) -> None:
    # The tree first: a journal without one is finished at once, a tree without one is thrown away.
    shutil.rmtree(os.path.join(place, "tree"), ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)


def _left(project: Project) -> list[str]:
    found = []
    try:
        tokens = sorted(name for name in os.listdir(project.incoming) if paths.is_id(name))
    except OSError:
        return []
    for token in tokens:
        with contextlib.suppress(OSError), _claimed(os.path.join(project.incoming, token)):
            found.append(token)
    return found
