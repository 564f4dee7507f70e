"""``python -m mnix_tui.terminal``: a recording's final screen, robust whatever it is given."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mnix_tui.terminal import Emulator, Style, Underline
from mnix_tui.terminal.__main__ import main
from mnix_tui.terminal.sgr import sgr, styled

if TYPE_CHECKING:
    from pathlib import Path


def shown(path: Path, data: bytes, *options: str) -> list[str]:
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "mnix_tui.terminal", *options, str(path)],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    text = done.stdout.decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def test_prints_as_many_lines_as_the_screen_has_rows(tmp_path: Path) -> None:
    file = tmp_path / "recording"
    assert shown(file, b"", "--size", "10x3") == ["", "", ""]
    assert shown(file, b"one   \x1b[2;3Htwo", "--size", "10x3") == ["one", "  two", ""]
    assert shown(file, "a中".encode(), "--size", "1x1") == [""]
    assert len(shown(file, "中文\r\n".encode() * 99)) == 24


def test_prints_the_screen_however_much_scrolled_out_of_sight(tmp_path: Path) -> None:
    data = b"".join(b"line %d\r\n" % number for number in range(50))
    file = tmp_path / "recording"
    assert shown(file, data, "--size", "20x4") == ["line 47", "line 48", "line 49", ""]
    expected = [f"line {number}" for number in range(50)] + [""]
    assert shown(file, data, "--size", "20x4", "--history") == expected
    for rows in (3, 7, 50, 51, 60):
        lines = shown(file, data, "--size", f"20x{rows}", "--history")
        assert lines == expected + [""] * (rows - 51)


def test_the_alternate_screen_has_no_history(tmp_path: Path) -> None:
    data = b"a\r\n" * 50 + b"\x1b[?1049h\x1b[Halt"
    assert shown(tmp_path / "r", data, "--size", "9x2", "--history") == ["alt", ""]


def test_styled_rows_reproduce_the_screen(tmp_path: Path) -> None:
    data = (
        b"\x1b[1;31mred\x1b[0m plain \x1b[4:3;58:2::1:2:3;48;2;9;8;7mcurly\x1b[0m\r\n"
        b"\x1b[44m\x1b[K\x1b[0m\r\n\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\ \x1b[38;5;200mx\x1b[0m  "
        b"\x1b[2;3;5;7;8;9;53my\x1b[21;95;103mz\x1b[0m\r\n"
    )
    lines = shown(tmp_path / "r", data, "--size", "30x5", "--styled")
    assert lines[0] == ("\x1b[1;31mred\x1b[0m plain \x1b[4:3;48;2;9;8;7;58:2::1:2:3mcurly\x1b[0m")
    assert lines[1] == "\x1b[44m" + " " * 30 + "\x1b[0m"
    first, second = Emulator(30, 5), Emulator(30, 5)
    first.feed(data)
    second.feed("\r\n".join(line.replace("\r", "") for line in lines).encode())
    first.frame()
    second.frame()
    for y in (0, 2, 3, 4):
        assert styled(first.row(y)) == styled(second.row(y)) == lines[y]


def test_sgr_names_every_attribute() -> None:
    assert sgr(Style()) == ""
    assert sgr(Style(foreground=3, background=12, underline=Underline.SINGLE)) == "4;33;104"
    assert sgr(Style(foreground=100, underline_colour=7)) == "38;5;100;58:5:7"


@pytest.mark.parametrize(
    "size", ["", "80", "80x", "x24", "0x0", "0x5", "5000x5000", "-1x5", "８x８", "1e9x3"]
)
def test_a_bad_size_is_a_clear_error(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([f"--size={size}", "-"])
    assert raised.value.code == 2
    assert repr(size) in capsys.readouterr().err


def test_a_file_that_can_not_be_read_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "missing")]) == 1
    assert "missing: No such file" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 1
    assert "Is a directory" in capsys.readouterr().err


def test_standard_input_and_a_reader_that_stops(tmp_path: Path) -> None:
    data = b"".join(b"line %d\r\n" % number for number in range(60_000))
    file = tmp_path / "recording"
    file.write_bytes(data)
    script = f"{sys.executable} -m mnix_tui.terminal --history - <{file} | head -n 2"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout == b"line 0\nline 1\n"
    assert done.stderr == b""
