"""What of a large file has to be sent to somebody who has another version of it.

Decided from the block lists of both versions, so that the sender needs no answer: blocks that the
old version has too are copied there. That finds what was overwritten, cut off or added at the end.
After an insertion or deletion the rest of the file lies elsewhere, and blocks begin at other
offsets. So, where the new file can be read, the old blocks are also looked for in it at their own
place shifted by the difference of the sizes.
"""

from __future__ import annotations

from typing import Callable, List, Optional, Tuple

from server_agent.trees.digest import BLOCK, DIGEST, Blocks, block_digest

COPY, DATA = "copy", "data"
Part = Tuple[str, int, int]
"""``("copy", offset in the old file, length)`` or ``("data", offset in the new file, length)``."""
Read = Callable[[int, int], bytes]
"""Reads the new file: offset, length."""


def changed(
    blocks: Blocks, size: int, old_blocks: Blocks, old_size: int, read: Optional[Read] = None
) -> List[Part]:
    """Return the parts of the new file in order, as copies of the old one and as data.

    Block lists that don't fit their sizes are not believed: then all of it is data.
    """
    if not size:
        return []
    if len(blocks) != _length(size) or len(old_blocks) != _length(old_size):
        return [(DATA, 0, size)]
    parts = _aligned(blocks, size, old_blocks, old_size)
    shift = size - old_size
    if read is None or shift % BLOCK == 0:
        return parts
    found: List[Part] = []
    for part in parts:
        for each in (
            [part] if part[0] == COPY else _shifted(part, shift, old_blocks, read, old_size)
        ):
            _add(found, *each)
    return found


def _aligned(blocks: Blocks, size: int, old_blocks: Blocks, old_size: int) -> List[Part]:
    """Find the new file's blocks in the old one: at the same place, else anywhere."""
    old = _split(old_blocks)
    where = {digest: number for number, digest in reversed(list(enumerate(old)))}
    parts: List[Part] = []
    for number, digest in enumerate(_split(blocks)):
        length = min(BLOCK, size - number * BLOCK)
        place = number if number < len(old) and old[number] == digest else where.get(digest)
        if place is None or place * BLOCK + length > old_size:
            _add(parts, DATA, number * BLOCK, length)
        else:
            _add(parts, COPY, place * BLOCK, length)
    return parts


def _shifted(part: Part, shift: int, old_blocks: Blocks, read: Read, old_size: int) -> List[Part]:
    """Find old blocks in one stretch of data, each at its own place and ``shift``."""
    _, begin, length = part
    at, end = begin, begin + length
    parts: List[Part] = []
    old = _split(old_blocks)
    for number in range(max(0, -(-(begin - shift) // BLOCK)), len(old)):
        place = number * BLOCK + shift
        length = min(BLOCK, old_size - number * BLOCK)
        if place + length > end:
            break
        content = read(place, length)
        if len(content) == length and block_digest(content) == old[number]:
            if place > at:
                _add(parts, DATA, at, place - at)
            _add(parts, COPY, number * BLOCK, length)
            at = place + length
    if at < end:
        _add(parts, DATA, at, end - at)
    return parts


def _add(parts: List[Part], what: str, offset: int, length: int) -> None:
    """Add a part, as one with the last if it goes on where that ends."""
    if parts and parts[-1][0] == what and parts[-1][1] + parts[-1][2] == offset:
        length += parts[-1][2]
        offset = parts.pop()[1]
    parts.append((what, offset, length))


def _split(blocks: Blocks) -> List[bytes]:
    return [blocks[at : at + DIGEST] for at in range(0, len(blocks), DIGEST)]


def _length(size: int) -> int:
    return -(-size // BLOCK) * DIGEST
