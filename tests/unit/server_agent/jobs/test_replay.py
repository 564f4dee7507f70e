"""Where a fresh client starts in the log, and what its terminal is told before."""

import pytest

from server_agent.jobs.log import Log
from server_agent.jobs.replay import REPLAY, Replay

LINE = b"a line of a log that is long enough to fill eight megabytes soon\r\n"


class Job:
    """A log and its replay, fed as a holder does it."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.replay = Replay(log, pty=True)

    def prints(self, data: bytes, piece: int = 4096) -> None:
        for at in range(0, len(data), piece):
            self.log.append(data[at : at + piece])
            self.replay.output(data[at : at + piece])

    def begins_with(self, size: int = 40) -> bytes:
        """Return the first bytes that a fresh client is sent."""
        return self.log.read(self.replay.at()[0], size)[1]


@pytest.fixture
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(Log(str(tmp_path_factory.mktemp("log")), 64 << 20))


def test_a_short_log_is_sent_whole(job: Job) -> None:
    job.prints(b"\x1b[?2004h" + LINE * 1000)
    assert job.replay.at() == (0, b"")


def test_a_long_one_begins_at_a_line_within_the_last_8_mib(job: Job) -> None:
    job.prints(b"\x1b[1;35m\x1b[?2004h" + LINE * 200_000, piece=5000)
    offset, preamble = job.replay.at()
    assert job.log.end - REPLAY <= offset < job.log.end - REPLAY + 200_000
    assert job.begins_with(len(LINE)) == LINE
    assert preamble == b"\x1b[?2004h"


def test_the_colour_of_the_text_goes_on(job: Job) -> None:
    job.prints((b"\x1b[35mpurple " * 3 + LINE) * 120_000)
    assert job.replay.at()[1] == b"\x1b[35m"


def test_no_character_and_no_sequence_is_cut_without_lines(job: Job) -> None:
    job.prints("日本語\x1b[3;3H".encode() * 700_000, piece=4099)
    assert job.begins_with(3) in ("日".encode(), "本".encode(), "語".encode(), b"\x1b[3")


def test_no_picture_is_cut(job: Job) -> None:
    job.prints(
        LINE * 100_000 + b"\x1bP0q" + b"#0;2;0;0;0~~@@vv\r\n" * 300_000 + b"\x1b\\" + LINE * 90_000
    )
    assert job.begins_with(len(LINE)) == LINE


def test_the_primary_screen_is_shown_below_a_full_screen_program(job: Job) -> None:
    job.prints(LINE * 2000 + b"\x1b[32m$ vim one\r\n\x1b[?1049h" + b"one" + b"\x1b[?1049l")
    job.prints(b"$ vim two\r\n\x1b[?1049h\x1b[?25l" + b"\x1b[Htwo\r\n" * 1_300_000)
    offset, preamble = job.replay.at()
    assert offset > 2000 * len(LINE)
    shown, _, rest = preamble.partition(b"\x1b[?1049h")
    assert shown.endswith(b"$ vim one\r\n$ vim two\r\n\x1b[<16u")
    assert b"\r\n" + LINE in shown
    assert rest.endswith(b"\x1b[?25l")
    assert job.replay.at(primary=False)[1].startswith(b"\x1b[?1049h\x1b[?25l")
    assert len(preamble) < 80_000
