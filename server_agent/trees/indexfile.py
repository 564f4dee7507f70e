"""The file that an index is kept in.

It is a row of records: folders, tombstones, and after them a state (id, number, rules). A save
adds what changed and a new state; once too much of the file is out of date it is written anew and
renamed. What comes after the last state was never finished, and is ignored.

Nothing is flushed to the disk: an index that is lost costs time only, but one that lost its last
changes would give the same numbers twice. So the file names the boot that it was written in. After
another boot the records' checksums are checked, and the index takes a new id.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import BinaryIO, Dict, Iterator, List, Optional, Tuple, Type, TypeVar

from server_agent.trees import packed
from server_agent.trees.index import FileIndex, Saved, new_id

_MAGIC = b"mnix tree index 1 "
_RECORD = struct.Struct("<cIII")
_FOLDER, _DROPPED, _GONE, _BACK, _STATE = b"F", b"D", b"G", b"B", b"S"
_SEQ = struct.Struct("<q")
_SLACK = 1 << 20
"""Bytes that may be out of date before even a small file is written anew."""
_BUFFER = 1 << 20
_BOOT = "/proc/sys/kernel/random/boot_id"

Record = Tuple[bytes, str, bytes]
_Kind = TypeVar("_Kind", bound=FileIndex)


def load(kind: Type[_Kind], path: str) -> _Kind:
    """Return the index in the file, or a new one where there is none that can be read."""
    try:
        with open(path, "rb", buffering=_BUFFER) as file:
            line = file.readline(200)
            if line.startswith(_MAGIC):
                return _read(kind, file, line[len(_MAGIC) :].strip().decode("ascii"))
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        pass  # none, damaged, or of another version: everything is looked at again
    return kind()


def save(index: FileIndex, path: str) -> None:
    """Add what changed to the file, or write it anew. Raises ``OSError``.

    Then, and when somebody else has saved meanwhile, the index takes a new id: others go on with
    the file, and give the numbers that this one has given to something else.
    """
    index.flush()
    saved = index.saved
    changed = index.changed or index.changed_gone
    if saved and not changed and saved.state == _state(index, saved.live):
        return
    done = None
    try:
        if saved and saved.id == index.id and saved.end < 2 * saved.live + _SLACK:
            done = _append(index, path, saved)
            if done is None:
                index.id = new_id()
        index.saved = done or _write_anew(index, path)
    except OSError:
        index.id, index.saved = new_id(), None
        raise
    index.changed.clear()
    index.changed_gone.clear()


def _read(kind: Type[_Kind], file: BinaryIO, boot: str) -> _Kind:
    same_boot = bool(boot) and boot == _boot()
    folders: Dict[str, bytes] = {}
    gone: Dict[str, int] = {}
    waiting: List[Record] = []
    state, end = b"", 0
    for record in _records(file, check=not same_boot):
        waiting.append(record)
        if record[0] == _STATE:
            _replay(waiting, folders, gone)
            waiting.clear()
            state, end = record[2], file.tell()
    told = json.loads(state)
    for blob in folders.values():
        packed.header(blob)
    index = kind(str(told["id"]), int(told["seq"]), folders)
    index.rules = str(told["rules"])
    index.gone = gone
    found = os.fstat(file.fileno())
    index.saved = Saved((found.st_dev, found.st_ino), end, int(told["live"]), state, index.id)
    if not same_boot:
        index.id = new_id()
    return index


def _replay(records: List[Record], folders: Dict[str, bytes], gone: Dict[str, int]) -> None:
    for what, name, data in records:
        if what == _FOLDER:
            folders[name] = data
        elif what == _DROPPED:
            folders.pop(name, None)
        elif what == _GONE:
            gone[name] = _SEQ.unpack(data)[0]
        elif what == _BACK:
            gone.pop(name, None)


def _records(file: BinaryIO, *, check: bool) -> Iterator[Record]:
    """Yield the records until the end, or until one that is not whole."""
    while len(head := file.read(_RECORD.size)) == _RECORD.size:
        what, name_length, data_length, sum_ = _RECORD.unpack(head)
        name = file.read(name_length)
        data = file.read(data_length)
        if len(name) != name_length or len(data) != data_length:
            return
        if check and zlib.crc32(data, zlib.crc32(name)) != sum_:
            return
        yield what, name.decode("utf-8", "surrogateescape"), data


def _append(index: FileIndex, path: str, saved: Saved) -> Optional[Saved]:
    """Add what changed; ``None`` if the file is not the one that was loaded any more."""
    try:
        with open(path, "r+b", buffering=_BUFFER) as file:
            found = os.fstat(file.fileno())
            if (found.st_dev, found.st_ino) != saved.file or found.st_size != saved.end:
                return None
            file.seek(saved.end)
            return _add(index, file, saved)
    except FileNotFoundError:
        return None


def _add(index: FileIndex, file: BinaryIO, saved: Saved) -> Saved:
    for folder in index.changed:
        blob = index.blob(folder)
        _write(file, _DROPPED if blob is None else _FOLDER, folder, blob or b"")
    for gone in index.changed_gone:
        seq = index.gone.get(gone)
        _write(file, _BACK if seq is None else _GONE, gone, _SEQ.pack(seq or 0))
    state = _state(index, saved.live)
    _write(file, _STATE, "", state)
    return saved._replace(end=file.tell(), state=state)


def _write_anew(index: FileIndex, path: str) -> Saved:
    temporary = f"{path}.new"
    with open(temporary, "wb", buffering=_BUFFER) as file:
        file.write(_MAGIC + _boot().encode() + b"\n")
        for folder in index.folders():
            _write(file, _FOLDER, folder, index.blob(folder) or b"")
        for gone, seq in index.gone.items():
            _write(file, _GONE, gone, _SEQ.pack(seq))
        state = _state(index, file.tell())
        _write(file, _STATE, "", state)
        found = os.fstat(file.fileno())
        saved = Saved((found.st_dev, found.st_ino), file.tell(), file.tell(), state, index.id)
    os.replace(temporary, path)
    return saved


def _write(file: BinaryIO, what: bytes, name: str, data: bytes) -> None:
    raw = name.encode("utf-8", "surrogateescape")
    sum_ = zlib.crc32(data, zlib.crc32(raw))
    file.write(_RECORD.pack(what, len(raw), len(data), sum_) + raw)
    file.write(data)


def _state(index: FileIndex, live: int) -> bytes:
    """Return what says how the index stands; ``live``: the file's length when written anew."""
    told = {"id": index.id, "seq": index.seq, "rules": index.rules, "live": live}
    return json.dumps(told).encode()


def _boot() -> str:
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read(100).strip()
    except (OSError, ValueError):
        return ""
