"""A log of segments: every byte keeps its offset, and no limit is passed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_agent.jobs.log import TAIL, Log, LogReader, bytes_kept, size
from server_agent.jobs.outgoing import Source


def read_all(log: Source, offset: int = 0, step: int = 5000) -> list[tuple[int, bytes]]:
    """Return what is kept, as runs of bytes without a hole between them."""
    runs: list[tuple[int, bytes]] = []
    while offset < log.end:
        at, data = log.read(offset, step)
        if not data:
            break
        if runs and at == offset:
            runs[-1] = (runs[-1][0], runs[-1][1] + data)
        else:
            runs.append((at, data))
        offset = at + len(data)
    return runs


def pattern(length: int) -> bytes:
    return b"".join(b"%07d\n" % n for n in range(length // 8 + 1))[:length]


PATTERN = pattern(2_000_000)


def test_what_was_written_is_read_while_it_grows_and_afterwards(tmp_path: Path) -> None:
    data = pattern(3 * TAIL + 12345)
    log = Log(str(tmp_path / "log"), 64 << 20)
    for at in range(0, len(data), 70_001):
        log.append(data[at : at + 70_001])
        assert log.end == min(at + 70_001, len(data))
    assert read_all(log) == [(0, data)]
    assert read_all(log, len(data) - 10) == [(len(data) - 10, data[-10:])]
    log.close()
    assert read_all(LogReader(str(tmp_path / "log"))) == [(0, data)]
    assert size(str(tmp_path / "log")) == bytes_kept(str(tmp_path / "log")) == len(data)


def test_the_oldest_part_goes(tmp_path: Path) -> None:
    data = pattern(5_000_000)
    log = Log(str(tmp_path / "log"), 1 << 20)
    for at in range(0, len(data), 4096):
        log.append(data[at : at + 4096])
        assert bytes_kept(str(tmp_path / "log")) <= 1 << 20
    log.close()
    [(at, kept)] = read_all(LogReader(str(tmp_path / "log")))
    assert kept == data[at:]
    assert len(kept) > 3 << 18


def test_with_a_head_the_middle_goes(tmp_path: Path) -> None:
    data = pattern(5_000_000)
    log = Log(str(tmp_path / "log"), 1 << 20, head=1 << 19)
    for at in range(0, len(data), 4096):
        log.append(data[at : at + 4096])
    log.close()
    head, tail = read_all(LogReader(str(tmp_path / "log")))
    assert head == (0, data[: len(head[1])])
    assert len(head[1]) >= 1 << 19
    assert tail[1] == data[tail[0] :]
    assert bytes_kept(str(tmp_path / "log")) <= 1 << 20


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 100_000), max_size=20), st.integers(10_000, 200_000))
def test_sizes_of_pieces_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], step: int
) -> None:
    folder = str(tmp_path_factory.mktemp("log"))
    data = PATTERN[: sum(pieces)]
    log = Log(folder, 512 << 10)
    at = 0
    for piece in pieces:
        log.append(data[at : at + piece])
        at += piece
    for start, kept in read_all(log, step=step):
        assert kept == data[start : start + len(kept)]
    log.close()
    assert all(kept == data[s : s + len(kept)] for s, kept in read_all(LogReader(folder)))


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    log = LogReader(str(tmp_path / "none"))
    assert (log.start, log.end, log.read(0, 10)) == (0, 0, (0, b""))
    assert LogReader(str(tmp_path / "none"), end=50).read(10, 10) == (50, b"")


def test_what_cannot_be_written_is_a_hole_and_the_newest_is_still_served(tmp_path: Path) -> None:
    # A process of its own, since the limit on the size of files can't be taken back.
    code = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from server_agent.jobs.log import Log
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
log = Log(sys.argv[1], 64 << 20)
for n in range(5000):
    log.append(b"%07d\\n" % n * 100)
assert log.trouble and log.lost > 1_000_000, (log.trouble, log.lost)
assert log.read(log.end - 8, 100) == (log.end - 8, b"0004999\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.append(b"after\\n")
log.flush(force=True)
assert not log.trouble
log.close()
"""
    root = str(Path(__file__).parents[4])
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "log"), root], check=True)
    head, tail = read_all(LogReader(str(tmp_path / "log")))
    assert (head[0], head[1][:8], len(head[1])) == (0, b"0000000\n", 100_000)
    assert tail[1].endswith(b"0004999\nafter\n")
    assert tail[0] + len(tail[1]) == 5000 * 800 + 6
