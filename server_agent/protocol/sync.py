"""What `mnix-server sync` and its client say to each other, in frames: no I/O.

Files travel either way in the same frames, and small ones share them. JSON payloads may be packed;
what is unpacked is bounded, whoever sent it.

==========  ====  ==================================================================================
HELLO       C→A   index, seq, watch, client, dot_git, extra
STATE       A→C   changed [[path, *state]…], gone [path…]: as many as it takes
READY       A→C   index, seq, full, files, bytes, free, parts {digest: bytes}, notes
REFRESH     C→A   seq; answered by STATE… and READY
DIRTY       A→C   something changed there (while it watches)
DIGEST      C→A   paths, end; answered by DIGESTS
DIGESTS     A→C   digests {path: digest or null}, end
BATCH       both  u32 length, JSON [[op, path, …]…], then what its files contain, one after the other
FILE        both  path, mode, mtime, size, digest, expect, basis, offset; then PIECE and COPY, and
                  FILE_END, or FILE_DROP when it changed while it was read
COMMIT      C→A   items, by, empty; answered by APPLIED
APPLIED     A→C   applied, skipped [[path, reason, state]…], trashed, trash, cleared, index, seq
FETCH       C→A   items [[path, digest, basis, offset]…], end; answered by files, and then SENT
SENT        A→C   missing [[path, reason]…]
FAILED      A→C   error
==========  ====  ==================================================================================

The operations of a BATCH: ``["f", path, mode, mtime, size, digest, expect]`` a file,
``["l", path, target, mtime, expect]`` a link, ``["d", path, mode, expect]`` a folder,
``["m", path, mode, expect]`` a file's permissions alone, ``["x", path, expect]`` nothing is there.
``expect`` is the state that must be there when it is applied, and null where nothing must be.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Union

from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.frames import MAX_PAYLOAD, Frame, Type, frame

SMALL = 64 << 10
"""Bytes of the largest file that shares a BATCH; a larger one is a FILE of its own."""
PIECE = MAX_PAYLOAD
"""Bytes of the longest PIECE."""
MAX_JSON = 4 << 20
"""Bytes of the longest JSON payload, unpacked."""
MAX_FILE = 1 << 50
"""Bytes of the largest file."""
MAX_ITEMS = 2_000_000
"""Items of one transfer, either way."""

_LENGTH = struct.Struct(">I")
_RANGE = struct.Struct(">QQ")
_PACK_FROM = 512
_ROWS = 500

Json = dict[str, Any]
Buffer = Union[bytes, memoryview]


def message(kind: Type, value: Json) -> bytes:
    """Encode a frame with a JSON payload, packed when that makes it shorter."""
    data = json.dumps(value, separators=(",", ":")).encode()
    if len(data) > MAX_JSON:
        raise ProtocolError(f"a {kind.name} message of {len(data)} bytes is longer than {MAX_JSON}")
    if len(data) >= _PACK_FROM:
        packed = b"z" + zlib.compress(data, 1)
        if len(packed) < len(data):
            data = packed
    return frame(kind, data)


def read(found: Frame) -> Json:
    """Return the JSON object that a frame holds, packed or not; raise ``ProtocolError``."""
    payload = found.payload
    if payload[:1] == b"z":
        payload = _unpacked(found, payload[1:], MAX_JSON)
    return Frame(found.type, payload).json()


def rows(kind: Type, key: str, items: Iterable[Any], **rest: Any) -> Iterator[bytes]:
    """Encode a list that may be long: as many frames as it takes, none for an empty one."""
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) >= _ROWS:
            yield from _split(kind, key, part, rest)
            part = []
    if part:
        yield from _split(kind, key, part, rest)


def _split(kind: Type, key: str, part: list[Any], rest: Json) -> Iterator[bytes]:
    try:
        yield message(kind, {key: part, **rest})
    except ProtocolError:
        if len(part) == 1:
            raise
        half = len(part) // 2
        yield from _split(kind, key, part[:half], rest)
        yield from _split(kind, key, part[half:], rest)


def failed(error: AgentError) -> bytes:
    """Encode the error that ends a conversation."""
    return message(Type.FAILED, {"error": error.to_wire()})


def batch(head: bytes, contents: Iterable[bytes], *, pack: bool = False) -> bytes:
    """Encode a BATCH: ``head`` is the JSON list of its operations."""
    payload = b"".join((_LENGTH.pack(len(head)), head, *contents))
    return _packed(Type.BATCH, Type.BATCH_Z, payload, pack)


def read_batch(found: Frame) -> tuple[list[Any], memoryview]:
    """Return the operations of a BATCH, unchecked, and what its files contain."""
    payload = found.payload
    if found.type is Type.BATCH_Z:
        payload = _unpacked(found, payload, MAX_PAYLOAD)
    if len(payload) < _LENGTH.size:
        raise ProtocolError("a BATCH frame is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(payload)[0]
    if end > len(payload):
        raise ProtocolError("a BATCH frame is shorter than its operations")
    try:
        operations = json.loads(payload[_LENGTH.size : end])
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a BATCH frame's operations are no JSON") from error
    if not isinstance(operations, list):
        raise ProtocolError("a BATCH frame's operations are no list")
    return operations, memoryview(payload)[end:]


def piece(data: bytes, *, pack: bool = False) -> bytes:
    """Encode the next bytes of a FILE."""
    return _packed(Type.PIECE, Type.PIECE_Z, data, pack)


def read_piece(found: Frame) -> bytes:
    """Return the bytes of a PIECE."""
    if found.type is Type.PIECE_Z:
        return _unpacked(found, found.payload, MAX_PAYLOAD)
    return found.payload


def copy(offset: int, length: int) -> bytes:
    """Encode that the next bytes of a FILE are these of its basis."""
    return frame(Type.COPY, _RANGE.pack(offset, length))


def read_copy(found: Frame) -> tuple[int, int]:
    """Return offset and length of a COPY."""
    if len(found.payload) != _RANGE.size:
        raise ProtocolError("a COPY frame has the wrong length")
    offset, length = _RANGE.unpack(found.payload)
    if offset + length > MAX_FILE:
        raise ProtocolError("a COPY frame leads out of every file")
    return int(offset), int(length)


def _packed(plain: Type, packed: Type, payload: bytes, pack: bool) -> bytes:
    if pack and len(payload) >= _PACK_FROM:
        shorter = zlib.compress(payload, 1)
        if len(shorter) < len(payload):
            return frame(packed, shorter)
    return frame(plain, payload)


def _unpacked(found: Frame, data: bytes, most: int) -> bytes:
    unpack = zlib.decompressobj()
    try:
        plain = unpack.decompress(data, most + 1)
    except zlib.error as error:
        raise ProtocolError(f"a {found.type.name} frame can't be unpacked") from error
    if len(plain) > most or not unpack.eof or unpack.unused_data:
        raise ProtocolError(f"a {found.type.name} frame is not what it was packed from")
    return plain
