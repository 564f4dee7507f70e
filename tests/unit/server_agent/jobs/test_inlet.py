"""What a command reads in place of its terminal."""

import os
import selectors
from collections.abc import Callable
from pathlib import Path

from server_agent.jobs.inlet import Inlet


class Loop:
    """The holder's loop, turned by hand."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.due: list[Callable[[], None]] = []

    def later(self, _delay: float, call: Callable[[], None]) -> None:
        self.due.append(call)

    def turn(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()
        for key, mask in self.selector.select(0):
            key.data(mask)


def made(folder: Path) -> tuple[Loop, Path, Inlet]:
    path = folder / "job.in"
    os.mkfifo(path)
    loop = Loop()
    return loop, path, Inlet(str(path), loop.selector, loop.later)


def test_what_came_before_the_command_reads_waits_for_it_and_so_does_the_end(
    tmp_path: Path,
) -> None:
    loop, path, inlet = made(tmp_path)
    inlet.write(b"\x03\x04 as it is")
    inlet.end()
    loop.turn()
    assert inlet.pending
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    loop.turn()
    assert os.read(reader, 100) == b"\x03\x04 as it is"
    assert os.read(reader, 100) == b""
    assert not path.exists()
    os.close(reader)


def test_a_command_that_reads_slowly_gets_everything(tmp_path: Path) -> None:
    loop, path, inlet = made(tmp_path)
    taken: list[int] = []
    inlet.taken = lambda: taken.append(len(inlet.pending))
    data = os.urandom(1 << 20)
    inlet.write(data)
    inlet.end()
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    loop.turn()
    assert inlet.pending
    got = b""
    while piece := os.read(reader, 1 << 20):
        got += piece
        loop.turn()
    assert got == data
    assert taken[-1] == 0
    os.close(reader)


def test_nothing_waits_for_a_command_that_reads_no_more(tmp_path: Path) -> None:
    loop, path, inlet = made(tmp_path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    loop.turn()
    os.close(reader)
    inlet.write(b"in vain")
    inlet.write(b"again")
    assert not inlet.pending
    assert not loop.selector.get_map()


def test_what_took_the_place_of_the_fifo_is_not_written_to(tmp_path: Path) -> None:
    loop, path, inlet = made(tmp_path)
    path.unlink()
    other = tmp_path / "other"
    other.write_bytes(b"")
    path.symlink_to(other)
    inlet.write(b"secret")
    loop.turn()
    assert other.read_bytes() == b""
    assert not inlet.pending
    assert not loop.due


def test_a_job_that_ended_before_it_read_leaves_no_fifo(tmp_path: Path) -> None:
    loop, path, inlet = made(tmp_path)
    inlet.close()
    loop.turn()
    assert not path.exists()
    assert not loop.due
