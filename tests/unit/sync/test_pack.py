"""The archive: what comes out is what was there, or an error; never something else."""

import hashlib
import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from mnix_tui.errors import SyncError
from mnix_tui.sync import scan
from mnix_tui.sync.pack import FileChanged, Packer
from server_agent.protocol.frames import FrameReader, Type


def unpack(packer: Packer) -> tuple[tarfile.TarFile, dict[str, object]]:
    reader, data, end = FrameReader(), b"", None
    for raw in packer.frames():
        for frame in reader.feed(raw):
            assert end is None
            if frame.type is Type.CHUNK:
                data += frame.payload
            else:
                assert frame.type is Type.END
                end = frame.json()
    assert end is not None
    assert end["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(data) == packer.length
    return tarfile.open(fileobj=io.BytesIO(data)), end


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/run").write_bytes(b"#!x\n" * 1000)
    (tmp_path / "sub/run").chmod(0o755)
    (tmp_path / "empty").touch()
    (tmp_path / ("long" * 50)).write_text("x")
    (tmp_path / "日本").write_text("j")
    (tmp_path / "link").symlink_to("sub/run")
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff\n", os.O_CREAT))
    found = scan(tmp_path)
    archive, end = unpack(Packer(str(tmp_path), found.entries))
    members = {member.name: member for member in archive}
    assert members.keys() == {entry.path for entry in found.entries}
    assert end["members"] == len(members)
    assert members["sub/run"].mode == 0o755
    file = archive.extractfile("sub/run")
    assert file is not None
    assert file.read() == (tmp_path / "sub/run").read_bytes()
    assert members["link"].linkname == "sub/run"
    assert {member.uid for member in archive} == {0}


def test_pypi_hole_7_memory_does_not_grow_with_the_tree(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(64 << 20)
    packer = Packer(str(tmp_path), scan(tmp_path).entries)
    tracemalloc.start()
    try:
        length = sum(len(frame) for frame in packer.frames())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert length > 64 << 20
    assert peak < 4 << 20


def test_a_file_that_becomes_shorter_is_never_padded(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * (1 << 20))
    packer = Packer(str(tmp_path), scan(tmp_path).entries, strict=False)
    frames = packer.frames()
    next(frames)
    os.truncate(big, 10)
    with pytest.raises(FileChanged, match="shorter"):
        list(frames)


@pytest.mark.parametrize("strict", [True, False])
def test_a_file_that_grows_is_an_error_or_its_first_state(tmp_path: Path, strict: bool) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (1 << 20))
    packer = Packer(str(tmp_path), scan(tmp_path).entries, strict=strict)
    frames = packer.frames()
    next(frames)
    with log.open("ab") as file:
        file.write(b"more")
    if strict:
        with pytest.raises(FileChanged, match="changed while"):
            list(frames)
    else:
        list(frames)
        assert packer.changed == ["log"]
        assert packer.done == 1 << 20


def test_a_file_that_vanished_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    entries = scan(tmp_path).entries
    (tmp_path / "a").unlink()
    archive, end = unpack(Packer(str(tmp_path), entries))
    assert archive.getnames() == ["b"]
    assert end["members"] == 1


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    entries = scan(tmp_path).entries
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("/etc/passwd")
    with pytest.raises(SyncError, match="can't be read"):
        list(Packer(str(tmp_path), entries).frames())


def test_a_file_that_became_a_fifo_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    entries = scan(tmp_path).entries
    (tmp_path / "a").unlink()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(FileChanged):
        list(Packer(str(tmp_path), entries).frames())
