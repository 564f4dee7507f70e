"""Extracting an archive to where it waits, every member checked before anything is made of it."""

from __future__ import annotations

import errno
import os
from typing import Optional

from server_agent.core.tarstream import Member, TarReader, refused
from server_agent.protocol.errors import AgentError
from server_agent.trees.digest import Hasher
from server_agent.trees.model import FILE, FOLDER, LINK, State

_FOLDER = State(FOLDER, 0, 0, 0, "")

MAX_MEMBERS = 2_000_000
MAX_PATH = 3000
MAX_DEPTH = 200


class Extraction:
    """A fresh folder of ours that an archive is extracted into.

    All folders in it were made here, so a member whose parents are among them can't be reached
    through a link.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.reader = TarReader()
        self.states: dict[str, State] = {}
        """What each path is."""
        self.bytes = 0
        self._file: Optional[int] = None
        self._path = ""
        self._hasher = Hasher()
        self._left = 0
        self._mtime = 0

    def feed(self, data: bytes) -> None:
        """Take a piece of the archive; raise ``unsafe-upload`` or ``no-space``."""
        try:
            for part in self.reader.feed(data):
                if isinstance(part, bytes):
                    self._write(part)
                else:
                    self._add(part)
        except OSError as error:
            raise translated(error) from error

    def finish(self) -> None:
        """Raise ``incomplete-upload`` unless the archive came to its end."""
        if self._file is not None or not self.reader.complete:
            raise AgentError("incomplete-upload", "the upload is not whole", "push again")

    def close(self) -> None:
        """Give up the file that is being written, if there is one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _add(self, member: Member) -> None:
        if self.reader.members > MAX_MEMBERS:
            raise refused(f"it has more than {MAX_MEMBERS} files")
        path = clean(member.name)
        if not path:
            if member.kind != "dir":
                raise refused(f"{member.name!r} is no file's name")
            return
        self._parents(path)
        if path in self.states and not (member.kind == "dir" and self._is_folder(path)):
            raise refused(f"{path} is in it twice")
        real = os.path.join(self.root, path)
        if member.kind == "dir":
            if path not in self.states:
                os.mkdir(real, member.mode & 0o777 | 0o700)
            self.states[path] = _FOLDER
        elif member.kind == "link":
            self._link(path, member.target)
        else:
            self._open(path, real, member)

    def _is_folder(self, path: str) -> bool:
        return path in self.states and self.states[path].kind == FOLDER

    def _parents(self, path: str) -> None:
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            if parent not in self.states:
                os.mkdir(os.path.join(self.root, parent), 0o755)
                self.states[parent] = _FOLDER
            elif not self._is_folder(parent):
                raise refused(f"{path} goes through {parent}, which is no folder")

    def _link(self, path: str, target: str) -> None:
        if not target or "\0" in target or len(target) > MAX_PATH:
            raise refused(f"the link {path} points nowhere")
        if target.startswith("/"):
            raise refused(f"the link {path} points out of the workspace, to {target}")
        os.symlink(target, os.path.join(self.root, path))
        self.states[path] = State(LINK, 0, 0, 0, target)

    def _open(self, path: str, real: str, member: Member) -> None:
        if member.mode & 0o6000:
            raise refused(f"{path} is setuid or setgid")
        if member.kind == "hardlink":
            return self._copy(path, real, member)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(real, flags, 0o600)
        os.fchmod(self._file, member.mode & 0o777 | 0o400)
        mode = member.mode & 0o777 | 0o400
        self.states[path] = State(FILE, mode, member.size, member.mtime_ns, "")
        self._path, self._hasher = path, Hasher()
        self._left, self._mtime = member.size, member.mtime_ns
        if not self._left:
            self._done()
        return None

    def _copy(self, path: str, real: str, member: Member) -> None:
        # A second name of a file that came before: a copy, so that no file has two names here.
        first = clean(member.target)
        if first not in self.states or self.states[first].kind != FILE:
            raise refused(f"{path} is a hard link to {member.target}, which is not in it")
        import shutil

        shutil.copy2(os.path.join(self.root, first), real, follow_symlinks=False)
        self.states[path] = self.states[first]

    def _write(self, data: bytes) -> None:
        assert self._file is not None  # content only follows a file's header
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self._hasher.update(data)
        self.bytes += len(data)
        self._left -= len(data)
        if not self._left:
            self._done()

    def _done(self) -> None:
        if self._file is not None:
            os.utime(self._file, ns=(self._mtime, self._mtime))
            state = self.states[self._path]
            self.states[self._path] = state._replace(value=self._hasher.digest())
        self.close()


def clean(name: str) -> str:
    """Return a member's path below the workspace; raise ``unsafe-upload`` when it leads out."""
    if "\0" in name or len(name) > MAX_PATH:
        raise refused("a name in it can't be a file's")
    if name.startswith("/"):
        raise refused(f"{name} is an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise refused(f"{name} leads out of the workspace")
    if len(parts) > MAX_DEPTH:
        raise refused(f"{'/'.join(parts[:3])}/… is more than {MAX_DEPTH} folders deep")
    return "/".join(parts)


def translated(error: OSError) -> AgentError:
    """Return the error for what the file system said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AgentError(
            "no-space", "the server's disk is full", "make room there; nothing was changed"
        )
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EEXIST):
        return refused(f"{error.filename} can't be made there: {error.strerror}")
    return AgentError("error", f"the upload can't be written: {error}", "nothing was changed")
