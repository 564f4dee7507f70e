"""The text that people see, at any width and height."""

import re

import pytest

from mnix_tui.nixlog import Build, durations, render
from mnix_tui.nixlog.cells import cells
from mnix_tui.nixlog.render import bytes_text, seconds_text
from mnix_tui.nixlog.text import plain
from tests.unit.nixlog.logs import (
    error,
    nix,
    ours,
    out,
    read,
    recorded,
    result,
    start,
    started,
    stop,
)


def halfway(name: str, share: float = 0.7) -> Build:
    """A rebuild of which so much has come."""
    data = recorded("nix28", name)
    earlier, _ = read(recorded("nix28", "forest"))
    build = Build(expected=durations(earlier))
    build.feed(data[: int(len(data) * share)])
    return build


@pytest.mark.parametrize("name", ["forest", "fallen-keep-going"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_line_is_too_wide_and_there_are_never_too_many(
    name: str, share: float, width: int
) -> None:
    build = halfway(name, share)
    for height in (None, 1, 2, 3, 5, 10, 24, 60):
        lines = render(build, width=width, height=height)
        assert len(lines) <= (height or 1000)
        assert all(cells(line) <= width for line in lines)
        coloured = render(build, width=width, height=height, colour=True)
        assert [plain(line).rstrip() for line in coloured] == [line.rstrip() for line in lines]
        assert "\x1b" not in "".join(lines)


def test_a_rebuild_at_work() -> None:
    lines = render(halfway("forest"), width=80, height=24)
    assert len(lines) == 24
    assert re.fullmatch(
        r"━+─* +\d+%  building · ● \d+ built  ◐ \d  ○ \d+ waiting · \d+s · ~\d+s left", lines[-1]
    )
    assert re.fullmatch(r"… (\d+ more (waiting|done|not built)(, )?)+", lines[-2])
    running = [line for line in lines if "◐" in line and "⋯" not in line][:-1]
    assert len(running) == 4
    assert all(re.search(r"◐ \S+ [a-z]+Phase", line) for line in running)
    few = render(halfway("forest"), width=80, height=7)
    assert sum("◐" in line for line in few[:-1]) == 4


def test_failures_come_first_with_their_last_lines_and_what_to_do() -> None:
    build, _ = read(recorded("nix28", "fallen-keep-going"))
    lines = render(build, width=100)
    assert lines[0] == "✕ gnutls-3.8.4 failed to build (exit code 2)"
    assert lines[13] == "  │ make: *** [Makefile:17: build/gnutls-2.o] Error 1"
    assert lines[14].startswith("  → ")
    assert lines[-1].startswith("✕ failed · ✕ 2 failed  ● 30 built  ⊘ 5 not built · ")
    short = render(build, width=80, height=14)
    assert short[0] == lines[0]
    assert any("✕ gnutls-3.8.4 exit code 2" in line for line in short)
    without = render(build, width=80, problems=False)
    assert without[0].startswith("⊘ forest-shell-env")


def test_an_evaluation_error_shows_the_place_and_the_code() -> None:
    build, _ = read(recorded("nix226", "attr"))
    assert render(build, width=80)[:5] == [
        "✕ there is no attribute “b”  flake.nix:22:12",
        "  │     21|     undefined = import ./undef.nix;",
        "  │     22|     attr = { a = 1; }.b;",
        "  │       |            ^",
        '  │     23|     throws = builtins.throw "you must set something";',
    ]


def test_a_download_shows_its_bytes() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(nix(start(2, 100, out("gcc-13.2"), "https://c", "local")))
    build.feed(nix(result(2, 105, 12 << 20, 100 << 20, 0, 0)))
    assert render(build, width=60) == [
        "↓ gcc-13.2" + "12.0 MiB / 100 MiB".rjust(50),
        "━───────────  12%  downloading · ↓ 0/1 downloaded",
    ]


def test_the_end_says_what_came_of_it() -> None:
    done, _ = read(recorded("nix226", "forest"))
    assert re.fullmatch(r"● generation 13 is ready · ● 37 built · \d+s", render(done, width=80)[-1])
    empty, _ = read(ours({"action": "result", "ok": True, "generation": 4, "changed": False}))
    assert render(empty, width=80) == ["● generation 4 is ready"]
    failed, _ = read(nix(error("odd")))
    assert render(failed, width=80)[-1] == "✕ failed"


def test_wide_names_keep_the_columns() -> None:
    build = Build(clock=lambda: 0.0)
    build.feed(ours({"action": "at", "time": 5}) + nix(started(1, "日本語" * 30), started(2, "a")))
    build.feed(ours({"action": "at", "time": 8}) + nix(stop(9)))
    assert [cells(line) for line in render(build, width=41)[:2]] == [41, 41]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59.9, "59s"), (61, "1m01s"), (3600, "1h00m"), (90061, "25h01m")],
)
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1024, "1.0 KiB"), (150 << 20, "150 MiB"), (5 << 40, "5.0 TiB")],
)
def test_sizes(number: int, text: str) -> None:
    assert bytes_text(number) == text
