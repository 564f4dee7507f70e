"""Applying a verified upload to the workspace, file by file, each by one rename.

What was applied is gone from the upload, so an application that was cut off is finished by doing it
again. Everything is reached through open folders that were not links when they were opened: a
process in the workspace that swaps a folder for a link at the wrong moment gets nothing written
elsewhere.
"""

from __future__ import annotations

import os
import stat

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 18


class Application:
    """Moves a tree into the workspace; what it replaces goes to a folder of the trash."""

    def __init__(self, tree: str, workspace: str, trash: str) -> None:
        self._tree = tree
        self._workspace = workspace
        self._trash = trash
        self.changed = 0
        self.unchanged = 0
        self.trashed = 0

    def run(self) -> None:
        """Apply everything that is left of the tree. Raises ``OSError``."""
        source = os.open(self._tree, _FOLDER)
        # Only the workspace itself is opened by name: it is never inside what a project can change.
        target = os.open(self._workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._folder(source, target, "")
        finally:
            os.close(source)
            os.close(target)

    def _folder(self, source: int, target: int, path: str) -> None:
        for name in sorted(os.listdir(source)):
            below = f"{path}{name}"
            info = os.lstat(name, dir_fd=source)
            if stat.S_ISDIR(info.st_mode):
                self._subfolder(source, target, name, below, info)
            else:
                self._entry(source, target, name, below, info)

    def _subfolder(
        self, source: int, target: int, name: str, below: str, info: os.stat_result
    ) -> None:
        found = _lstat(target, name)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            self._move_to_trash(target, name, below)
            found = None
        if found is None:
            os.mkdir(name, stat.S_IMODE(info.st_mode), dir_fd=target)
            self.changed += 1
        inner_source = os.open(name, _FOLDER, dir_fd=source)
        inner_target = os.open(name, _FOLDER, dir_fd=target)
        try:
            self._folder(inner_source, inner_target, below + "/")
        finally:
            os.close(inner_source)
            os.close(inner_target)
        os.rmdir(name, dir_fd=source)

    def _entry(self, source: int, target: int, name: str, below: str, info: os.stat_result) -> None:
        found = _lstat(target, name)
        if found is not None and _equal(source, target, name, info, found):
            os.unlink(name, dir_fd=source)
            self.unchanged += 1
            return
        if found is not None:
            if stat.S_ISDIR(found.st_mode):
                self._move_to_trash(target, name, below)
            else:
                self._keep(target, name, below, found)
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        self.changed += 1

    def _keep(self, target: int, name: str, below: str, found: os.stat_result) -> None:
        # A second name in the trash first: then the rename replaces the file without a moment in
        # which there is none.
        kept = self._place(below)
        try:
            os.link(name, kept, src_dir_fd=target, follow_symlinks=False)
        except FileExistsError:
            if os.path.samestat(os.lstat(kept), found):
                return  # an earlier, interrupted application kept it
            os.link(name, _other(kept), src_dir_fd=target, follow_symlinks=False)
        except OSError:
            # Somebody else's file, or a file system without links.
            self._move_to_trash(target, name, below)
            return
        self.trashed += 1

    def _move_to_trash(self, target: int, name: str, below: str) -> None:
        kept = self._place(below)
        os.rename(name, _other(kept) if os.path.lexists(kept) else kept, src_dir_fd=target)
        self.trashed += 1

    def _place(self, below: str) -> str:
        path = os.path.join(self._trash, below)
        parent = os.path.dirname(path)
        try:
            os.makedirs(parent, mode=0o700, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            # A file of that name was kept where now a folder is needed.
            return _other(os.path.join(self._trash, below.replace("/", "%")))
        return path


def _other(path: str) -> str:
    number = 1
    while os.path.lexists(f"{path}~{number}"):
        number += 1
    return f"{path}~{number}"


def _lstat(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def _equal(source: int, target: int, name: str, new: os.stat_result, old: os.stat_result) -> bool:
    if stat.S_IFMT(new.st_mode) != stat.S_IFMT(old.st_mode):
        return False
    if stat.S_ISLNK(new.st_mode):
        return os.readlink(name, dir_fd=source) == os.readlink(name, dir_fd=target)
    if new.st_mode != old.st_mode or new.st_size != old.st_size:
        return False
    try:
        files = [os.open(name, _READ, dir_fd=folder) for folder in (source, target)]
    except PermissionError:
        return False
    try:
        while True:
            first, second = (os.read(file, _PIECE) for file in files)
            if first != second:
                return False
            if not first:
                return True
    finally:
        for file in files:
            os.close(file)
