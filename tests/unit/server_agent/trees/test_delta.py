"""The parts of a delta rebuild the new file, and are few where little changed."""

from hypothesis import given
from hypothesis import strategies as st

from server_agent.trees import delta, digest
from server_agent.trees.digest import BLOCK

PIECES = st.binary(min_size=1, max_size=40).map(lambda seed: (seed * 40_000)[: len(seed) * 9001])
EDITS = st.lists(
    st.tuples(st.sampled_from(["write", "insert", "cut"]), st.integers(0, 10**9), PIECES),
    max_size=4,
)


def content(seed: int, size: int) -> bytes:
    import random

    return random.Random(seed).randbytes(size)


def rebuilt(parts: list[delta.Part], old: bytes, new: bytes) -> bytes:
    at = 0
    pieces = []
    for what, offset, length in parts:
        assert length > 0
        source = old if what == delta.COPY else new
        assert what == delta.COPY or offset == at
        pieces.append(source[offset : offset + length])
        at += length
    return b"".join(pieces)


def changed(old: bytes, new: bytes, *, reading: bool = True) -> list[delta.Part]:
    return delta.changed(
        digest.blocks_of(new),
        len(new),
        digest.blocks_of(old),
        len(old),
        (lambda offset, length: new[offset : offset + length]) if reading else None,
    )


def sent(parts: list[delta.Part]) -> int:
    return sum(length for what, _, length in parts if what == delta.DATA)


@given(st.integers(0, 5), st.integers(1, 6 * BLOCK), EDITS, st.booleans())
def test_parts_rebuild_the_new_file(
    seed: int, size: int, edits: list[tuple[str, int, bytes]], reading: bool
) -> None:
    old = content(seed, size)
    new = old
    for what, at, piece in edits:
        at %= len(new) + 1
        end = at if what == "insert" else at + len(piece)
        new = new[:at] + (b"" if what == "cut" else piece) + new[end:]
    assert rebuilt(changed(old, new, reading=reading), old, new) == new


def test_a_change_in_the_middle_sends_the_blocks_that_it_touches() -> None:
    old = content(1, 40 * BLOCK + 17)
    new = old[: 10 * BLOCK + 5] + b"changed" + old[10 * BLOCK + 12 :]
    assert changed(old, new) == [
        ("copy", 0, 10 * BLOCK),
        ("data", 10 * BLOCK, BLOCK),
        ("copy", 11 * BLOCK, 29 * BLOCK + 17),
    ]


def test_an_insertion_sends_two_blocks_where_the_file_can_be_read() -> None:
    old = content(2, 30 * BLOCK + 99)
    new = old[: 7 * BLOCK + 1] + b"inserted" + old[7 * BLOCK + 1 :]
    parts = changed(old, new)
    assert rebuilt(parts, old, new) == new
    assert sent(parts) <= 2 * BLOCK
    assert sent(changed(old, new, reading=False)) > 20 * BLOCK


def test_a_deletion_sends_two_blocks_where_the_file_can_be_read() -> None:
    old = content(3, 30 * BLOCK + 99)
    new = old[: 7 * BLOCK + 1] + old[9 * BLOCK + 77 :]
    parts = changed(old, new)
    assert rebuilt(parts, old, new) == new
    assert sent(parts) <= 2 * BLOCK


def test_whole_blocks_that_moved_are_copied() -> None:
    old = content(4, 8 * BLOCK)
    new = old[3 * BLOCK :] + old[: 3 * BLOCK]
    assert sent(changed(old, new)) == 0


def test_lists_that_do_not_fit_their_sizes_are_not_believed() -> None:
    blocks = digest.blocks_of(content(5, 3 * BLOCK))
    assert delta.changed(blocks, 2 * BLOCK, blocks, 3 * BLOCK) == [("data", 0, 2 * BLOCK)]
    assert delta.changed(blocks, 3 * BLOCK, blocks[:-1], 3 * BLOCK) == [("data", 0, 3 * BLOCK)]
    assert delta.changed(b"", 0, blocks, 3 * BLOCK) == []
