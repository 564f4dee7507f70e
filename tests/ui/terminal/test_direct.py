"""What a view writes past the compositor is what the compositor would have drawn.

The app runs in tmux, whose screen is the judge: it must not change when Textual draws it all anew.
"""

from __future__ import annotations

import os
import random
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.settle import settle
from tests.integration.tmux import Tmux
from tests.ui.terminal.staged import Director

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("tmux")
ROOT = __file__.rsplit("/tests/", 1)[0]
STYLED = (
    "plain \x1b[1;31mred\x1b[0m \x1b[3;4;38;2;10;200;30mtrue\x1b[0m \x1b[7;2mfaint\x1b[0m "
    "\x1b[4:3;58:2::255:0:0mcurly\x1b[0m \x1b[48;5;200;9mpalette\x1b[0m 中文 e\u0301\r\n"
)


class Stage:
    """The app in tmux, and the orders to it."""

    def __init__(self, folder: Path, colours: str, record: Path | None = None) -> None:
        self.director = Director(folder / "orders")
        environment = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PYTEST")
        } | {"PYTHONPATH": ROOT, "COLORTERM": colours}
        argv = [sys.executable, "-m", "tests.ui.terminal.staged", self.director.path]
        if record is not None:
            # Not through tmux's pipe, which has what tmux was told: what the app itself wrote.
            argv = ["script", "-qefc", f"{shlex.join(argv)}; printf 'the end'", str(record)]
        self.tmux = Tmux(argv, cols=100, rows=24, env=environment, cwd=folder)
        self.director.ready()

    def screen(self) -> list[str]:
        """Return the screen with its colours."""
        return self.tmux._run("capture-pane", "-pe").split("\n")

    def cursor(self) -> tuple[int, int] | None:
        """Return where tmux shows the cursor, if it does."""
        x, y, shown = self.tmux._run(
            "display-message", "-p", "#{cursor_x} #{cursor_y} #{cursor_flag}"
        ).split()
        return (int(x), int(y)) if shown == "1" else None

    def resize(self, cols: int, rows: int) -> None:
        """Give the terminal another size."""
        self.tmux._run("resize-window", "-x", str(cols), "-y", str(rows))

    def still(self) -> list[str]:
        """Return the screen once it has all that was drawn, and no longer changes."""
        mark = self.director.mark
        settle(lambda: self.tmux._run("display-message", "-p", "#{pane_title}").strip() == mark)
        last: list[str] = []

        def same() -> list[str]:
            nonlocal last
            last, before = self.screen(), last
            return last if last == before else []

        return settle(same)

    def same_when_repainted(self) -> list[str]:
        """Assert that drawing all anew changes nothing; return the screen."""
        before, cursor = self.still(), self.cursor()
        self.director.do("repaint")
        assert self.still() == before
        assert self.cursor() == cursor
        return before


@pytest.fixture(params=["truecolor", ""], ids=["true colours", "256 colours"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    one = Stage(tmp_path, request.param)
    try:
        yield one
    finally:
        one.tmux.close()
        one.director.close()


def test_styles_are_the_same_both_ways(stage: Stage) -> None:
    said = stage.director.feed(STYLED * 3)
    assert said["painted"], "nothing was written past the compositor"
    stage.same_when_repainted()
    stage.director.feed("\x1b[2;7Hchanged\x1b[K\x1b[9;5H")
    assert any("changed" in line for line in stage.same_when_repainted())


def test_both_terminals_draw_and_one_has_the_cursor(stage: Stage) -> None:
    stage.director.feed("left\x1b[3;4H")
    stage.director.feed("right", "right")
    screen = stage.same_when_repainted()
    assert "left" in screen[0]
    assert "right" in screen[0]
    assert stage.cursor() == (1 + 3, 2)
    stage.director.do("focus", on="#right")
    settle(lambda: stage.cursor() == (1 + 55, 0))
    stage.director.do("focus", on="Input")
    settle(lambda: stage.cursor() is None)
    stage.same_when_repainted()


def test_toast_stays_in_front(stage: Stage) -> None:
    stage.director.feed("before")
    stage.director.do("toast")
    settle(lambda: any("a toast" in line for line in stage.screen()))
    stage.director.feed("\x1b[H" + "\r\n".join(f"line {n} " + "x" * 30 for n in range(18)), "right")
    assert any("a toast" in line for line in stage.same_when_repainted())
    stage.director.do("no toast")
    settle(lambda: not any("a toast" in line for line in stage.screen()))
    stage.director.feed("after", "right")
    assert any("xafter" in line for line in stage.same_when_repainted())


def test_modal_takes_the_cursor_and_is_not_painted_over(stage: Stage) -> None:
    stage.director.feed("\x1b[5;5H")
    settle(lambda: stage.cursor() == (1 + 4, 4))
    stage.director.do("modal")
    settle(lambda: any("a question" in line for line in stage.screen()))
    settle(lambda: stage.cursor() is None)
    stage.director.feed("\x1b[H" + "y" * 49 * 20)
    assert any("a question" in line for line in stage.still())
    stage.director.do("no modal")
    settle(lambda: not any("a question" in line for line in stage.screen()))
    settle(lambda: stage.cursor() is not None)
    assert stage.same_when_repainted()[10].count("y") >= 49


def test_sizes_themes_zoom_and_dimming(stage: Stage) -> None:
    stage.director.feed(STYLED * 5)
    for cols, rows in [(61, 13), (120, 30), (100, 24)]:
        stage.resize(cols, rows)
        settle(lambda rows=rows: stage.director.feed("")["size"][1] == rows - 3)
        stage.director.feed("\r\x1b[1;32mresized\x1b[0m")
        stage.same_when_repainted()
    stage.director.do("theme", name="textual-light")
    stage.director.feed("\r\nlight " + STYLED)
    stage.same_when_repainted()
    stage.director.do("zoom", on=True)
    settle(lambda: stage.director.feed("")["size"][0] > 90)
    stage.director.feed("wide " * 30)
    stage.same_when_repainted()
    stage.director.do("dim", on=True)
    stage.director.feed("under the veil")
    assert any("under the veil" in line for line in stage.same_when_repainted())
    assert stage.cursor() is None
    stage.director.do("dim", on=False)
    settle(lambda: stage.cursor() is not None)
    stage.same_when_repainted()


def test_any_output_is_the_same_both_ways(stage: Stage) -> None:
    chance = random.Random(7)
    for _ in range(12):
        said = stage.director.feed("".join(_piece(chance) for _ in range(60)))
        assert said["size"] == [49, 21]
        stage.same_when_repainted()


def _piece(chance: random.Random) -> str:
    number: Any = chance.randint
    return chance.choice(
        [
            f"\x1b[{number(1, 22)};{number(1, 52)}H",
            f"\x1b[{chance.choice([0, 1, 2, 3, 4, 7, 9, 21, 53])}m",
            f"\x1b[38;2;{number(0, 255)};{number(0, 255)};{number(0, 255)}m",
            f"\x1b[4{number(0, 7)}m",
            f"\x1b[38;5;{number(0, 255)}m",
            "some words ",
            "日本語",
            "e\u0301 ü ─│█ ",
            "\x1b[K",
            f"\x1b[{number(1, 3)}L",
            f"\x1b[{number(1, 3)}P",
            "\r\n" * 4,
            "\x1b[?25l" if number(0, 3) == 0 else "\x1b[?25h",
        ]
    )


def test_cursor_is_the_users_own_again_at_the_end(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    one = Stage(tmp_path, "truecolor", record=raw)
    try:
        one.director.feed("\x1b[5 q")
        settle(lambda: b"\x1b[5 q" in raw.read_bytes(), what="a blinking bar")
        one.director.do("leave")
        settle(lambda: b"the end" in raw.read_bytes(), what="the end")
        shapes = raw.read_bytes().split(b" q")
        assert shapes[-2].endswith(b"\x1b[0")
        assert raw.read_bytes().rindex(b"\x1b[?25h") > raw.read_bytes().rindex(b"\x1b[?25l")
    finally:
        one.tmux.close()
        one.director.close()
