"""One pass gives a file's digest and its blocks, in whatever pieces it comes."""

import base64
import hashlib
import os
from pathlib import Path

import pytest

from server_agent.trees import digest
from server_agent.trees.digest import BLOCK, DIGEST

SIZES = [0, 1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 7]


@pytest.mark.parametrize("size", SIZES)
def test_all_ways_agree(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "f"
    path.write_bytes(content)
    wanted = digest.of_bytes(content), digest.blocks_of(content)
    for piece in (1 << 20, 65_537, BLOCK):
        hasher = digest.Hasher()
        for at in range(0, size, piece):
            hasher.update(content[at : at + piece])
        assert (hasher.digest(), hasher.blocks, hasher.size) == (*wanted, size)
    assert digest.hash_file(str(path)) == wanted
    with path.open("rb") as file:
        file.seek(size // 2)
        for hint in (size, 0, size + 1, 1 << 40):
            assert digest.hash_file(file.fileno(), hint) == wanted
    assert len(wanted[0]) == 32
    assert len(wanted[1]) == (-(-size // BLOCK) * DIGEST if size > BLOCK else 0)


def test_a_large_file_is_the_same_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "_PARALLEL", BLOCK)
    monkeypatch.setattr(digest, "_cores", lambda: 3)
    for size in (2 * BLOCK, 13 * BLOCK + 5, 29 * BLOCK):
        content = os.urandom(size)
        (tmp_path / "f").write_bytes(content)
        wanted = digest.of_bytes(content), digest.blocks_of(content)
        assert digest.hash_file(str(tmp_path / "f")) == wanted


def test_a_small_file_has_the_sha256_of_its_content() -> None:
    text = base64.urlsafe_b64encode(hashlib.sha256(b"hello").digest()[:24]).decode()
    assert digest.of_bytes(b"hello") == text


def test_a_small_file_can_not_be_made_to_look_like_a_large_one() -> None:
    content = os.urandom(3 * BLOCK)
    assert digest.of_bytes(digest.blocks_of(content)) != digest.of_bytes(content)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "link").symlink_to("f")
    with pytest.raises(OSError, match="symbolic link"):
        digest.hash_file(str(tmp_path / "link"))


def test_a_sparse_file_has_the_digest_of_its_zeros(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    for size, written in (
        (40 << 20, ()),
        ((17 << 20) + 5, (0, 9 << 20)),
        (3 << 20, ((3 << 20) - 9,)),
    ):
        with path.open("wb") as file:
            file.truncate(size)
            for at in written:
                file.seek(at)
                file.write(b"content")
        found = digest.hash_file(str(path))
        assert found == (digest.of_bytes(path.read_bytes()), digest.blocks_of(path.read_bytes()))
