"""Keeping what a transfer replaces or deletes: into the trash before anything takes its place."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from typing import Optional

from server_agent.trees.folders import FOLDER, NEW, READ, Folders, MadeFolders, split
from server_agent.trees.journal import Journal

_LARGEST_NAME = 200  # bytes; 255 is what file systems take
_NO_FOLDER = (errno.ENOTDIR, errno.ELOOP, errno.EEXIST)


class Kept:
    """One batch of the trash: a folder with what was kept, and a note of when and why."""

    def __init__(self, trash: str, journal: Journal) -> None:
        self._trash = trash
        self._journal = journal
        self._folders: Optional[MadeFolders] = None
        self._again = False
        self.items = 0
        self.bytes = 0

    def link(self, folder: int, name: str, path: str, info: os.stat_result) -> None:
        """Keep a file or a link, and leave it where it is: a second name of it, or a copy."""
        for place, kept in self._places(path):
            try:
                os.link(name, kept, src_dir_fd=folder, dst_dir_fd=place, follow_symlinks=False)
            except FileExistsError:
                if os.path.samestat(os.lstat(kept, dir_fd=place), info):
                    break  # an earlier, interrupted application kept it
                continue
            except OSError:
                # Somebody else's file, or a file system without links, or another one.
                if lexists_at(place, kept):
                    continue
                self._copy(folder, name, place, kept, info)
            break
        self._count(info)

    def move(self, folder: int, name: str, path: str, info: os.stat_result) -> os.stat_result:
        """Keep what is moved away from its place; return what was found to be moved."""
        for place, kept in self._places(path):
            if lexists_at(place, kept):
                continue  # something else was kept under that name
            try:
                os.rename(name, kept, src_dir_fd=folder, dst_dir_fd=place)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy(folder, name, place, kept, info)
                os.unlink(name, dir_fd=folder)
                self._count(info)
                return info
            moved = os.lstat(kept, dir_fd=place)
            self._count(moved)
            return moved
        raise AssertionError("there is always another name")

    def give_back(self, folder: int, name: str, path: str, info: os.stat_result) -> bool:
        """Put back what was moved by mistake, if its place is still free."""
        for place, kept in self._places(path):
            try:
                if not os.path.samestat(os.lstat(kept, dir_fd=place), info):
                    continue
                os.link(kept, name, src_dir_fd=place, dst_dir_fd=folder, follow_symlinks=False)
                os.unlink(kept, dir_fd=place)
            except OSError:
                return False
            self.items -= 1
            self.bytes -= info.st_size if stat.S_ISREG(info.st_mode) else 0
            return True
        return False

    def has(self, path: str, inode: int) -> bool:
        """Say whether that very file was kept by an earlier, interrupted application."""
        try:
            with Folders(os.path.join(self._trash, self._journal.trash)) as folders:
                folder, name = split(path)
                return os.lstat(name, dir_fd=folders.at(folder)).st_ino == inode
        except OSError:
            return False

    def finish(self) -> Optional[str]:
        """Write down how much there is; return the batch's id, None when nothing was kept."""
        with contextlib.suppress(OSError):
            os.unlink(self._part())
        if self._folders is None:
            return self._journal.trash if os.path.lexists(self._note()) else None
        self._folders.close()
        self._folders = None
        # What was kept before a cut is not in these numbers: whoever wants them counts then.
        self._describe({} if self._again else {"items": self.items, "bytes": self.bytes})
        return self._journal.trash

    def close(self) -> None:
        """Let go of what is open, in the middle of it all."""
        if self._folders is not None:
            self._folders.close()
            self._folders = None

    def _places(self, path: str) -> "Places":
        if self._folders is None:
            os.makedirs(self._trash, mode=0o700, exist_ok=True)
            self._again = os.path.lexists(self._note())
            # The note first: what is kept can be found again, whatever comes between.
            self._describe({})
            name = os.path.join(self._trash, self._journal.trash)
            os.makedirs(name, mode=0o700, exist_ok=True)
            self._folders = MadeFolders(name, 0o700)
        return Places(self._folders, path)

    def _describe(self, more: "dict[str, int]") -> None:
        value = {"time": self._journal.time, "by": self._journal.by, "why": self._journal.why}
        temporary = f"{self._note()}.new"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump({**value, **more}, file)
        os.rename(temporary, self._note())

    def _note(self) -> str:
        return os.path.join(self._trash, f"{self._journal.trash}.json")

    def _copy(self, folder: int, name: str, place: int, kept: str, info: os.stat_result) -> None:
        """Copy under a name that is free; it has that name only when all of it is there."""
        part = self._part()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        trash = os.open(self._trash, FOLDER)
        try:
            copy(folder, name, trash, os.path.basename(part), info)
            os.rename(os.path.basename(part), kept, src_dir_fd=trash, dst_dir_fd=place)
        finally:
            os.close(trash)

    def _part(self) -> str:
        return os.path.join(self._trash, f"{self._journal.trash}.part")

    def _count(self, info: os.stat_result) -> None:
        self.items += 1
        if stat.S_ISREG(info.st_mode):
            self.bytes += info.st_size


class Places:
    """The places where a path can be kept: under its own name, and then under others."""

    def __init__(self, folders: MadeFolders, path: str) -> None:
        self._folders = folders
        self._path = path
        self._number = 0

    def __iter__(self) -> "Places":
        return self

    def __next__(self) -> "tuple[int, str]":
        folder, name = split(self._path)
        try:
            place = self._folders.at(folder)
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                raise
            # A file of that name was kept where now a folder is needed.
            place = self._folders.at("")
            name = os.fsdecode(os.fsencode(self._path.replace("/", "%"))[-_LARGEST_NAME:])
        self._number += 1
        if self._number > 1:
            name = f"{shortened(name)}~{self._number - 1}"
        return place, name


def shortened(name: str) -> str:
    """Return the beginning of a name, to which something can be added."""
    return os.fsdecode(os.fsencode(name)[:_LARGEST_NAME])


def lexists_at(folder: int, name: str) -> bool:
    """Say whether something is at a name in an open folder."""
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def copy(folder: int, name: str, to: int, other: str, info: os.stat_result) -> None:
    """Copy a file or a link to another folder, under a name that is free there."""
    if stat.S_ISLNK(info.st_mode):
        os.symlink(os.readlink(name, dir_fd=folder), other, dir_fd=to)
        return
    source = os.open(name, READ, dir_fd=folder)
    with open(source, "rb") as reader:
        target = os.open(other, NEW, 0o600, dir_fd=to)
        with open(target, "wb") as writer:
            while piece := reader.read(1 << 20):
                writer.write(piece)
            writer.flush()
            os.fchmod(target, stat.S_IMODE(info.st_mode) & 0o777)
            os.utime(target, ns=(info.st_mtime_ns, info.st_mtime_ns))
