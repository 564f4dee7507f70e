"""Mouse and copy mode in a real outer terminal: what is copied reaches its clipboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.settle import settle
from tests.integration.tmux import Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs("tmux")
ROOT = Path(__file__).parents[3]


class Outer(Tmux):
    """A terminal with a clipboard and a mouse."""

    def clipboard(self) -> str:
        """Return what was copied last."""
        return self._run("show-buffer") if self._run("list-buffers") else ""

    def mouse(self, *reports: str) -> None:
        """Send what a mouse makes a terminal send."""
        for report in reports:
            sent = f"\x1b[<{report}".encode()
            self._run("send-keys", "-H", *(f"{byte:x}" for byte in sent))


@pytest.fixture
def outer(tmp_path: Path) -> Iterator[Outer]:
    """A demo around bash, after 200 lines of output."""
    script = "for n in $(seq 200); do echo line $n; done; exec cat"
    argv = [sys.executable, "-m", "tests.ui.terminal.demo", "bash", "-c", script]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    one = Outer(argv, cols=80, rows=20, env=env, cwd=ROOT)
    try:
        one._run("set-option", "-g", "set-clipboard", "on")
        one.wait_for("line 200")
        yield one
    finally:
        one.close()


def test_mouse_selection_reaches_the_clipboard(outer: Outer) -> None:
    screen = outer.screen().splitlines()
    row = screen.index(" line 190") + 1
    outer.mouse(f"0;2;{row}M", f"32;6;{row + 2}M", f"0;6;{row + 2}m")
    settle(lambda: outer.clipboard() == "line 190\nline 191\nline ".rstrip())
    outer.wait_for("3 lines copied")
    outer.mouse(f"0;3;{row}M", f"0;3;{row}m", f"0;3;{row}M", f"0;3;{row}m")
    settle(lambda: outer.clipboard() == "line")
    outer.wait_gone("copied")


def test_wheel_scrolls_and_a_key_follows_again(outer: Outer) -> None:
    outer.mouse("64;5;5M", "64;5;5M")
    outer.wait_for("6 lines below")
    outer.type("typed")
    outer.wait_gone("lines below")
    outer.wait_for("typed")


def test_copy_mode_searches_selects_and_copies(outer: Outer) -> None:
    outer.keys("C-\\")
    outer.type("[")
    outer.wait_for("COPY  line")
    outer.type("?line 42$")
    outer.wait_for("1 of 1")
    outer.keys("Enter")
    outer.wait_for("line 42 of 201")
    outer.type("Vjj")
    outer.wait_for("LINES")
    outer.type("y")
    settle(lambda: outer.clipboard() == "line 42\nline 43\nline 44")
    outer.wait_gone("COPY")
    outer.type("after")
    screen = outer.wait_for("after")
    assert "[" not in screen
