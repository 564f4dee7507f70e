"""Real programs in the widget show what they show in tmux at the same size."""

from __future__ import annotations

import contextlib
import os
import subprocess
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest

from tests.helpers.settle import asettle
from tests.ui.terminal.demo import DemoApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZES = [(80, 24), (117, 38)]
SHELL = ["bash", "--norc", "--noprofile"]
ENVIRONMENT = {"PS1": "$ ", "HISTFILE": "", "LESS": "", "LC_ALL": "C.UTF-8"}
TMUX_KEYS = {
    "enter": "Enter",
    "escape": "Escape",
    "down": "Down",
    "pagedown": "NPage",
    "space": "Space",
}


class Tmux:
    """The same program in tmux, without its status line."""

    def __init__(self, folder: Path, command: list[str], cols: int, rows: int) -> None:
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TMUX")
        } | ENVIRONMENT
        self._base = ["tmux", "-S", str(folder / "tmux"), "-f", str(folder / "tmux.conf")]
        (folder / "tmux.conf").write_text(
            "set -g status off\nset -g default-terminal xterm-256color\n"
        )
        self._run("new-session", "-d", "-x", str(cols), "-y", str(rows), *command)

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._base, *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def press(self, keys: list[str]) -> None:
        """Type."""
        for key in keys:
            if key in TMUX_KEYS:
                self._run("send-keys", TMUX_KEYS[key])
            else:
                self._run("send-keys", "-l", key)

    def screen(self) -> list[str]:
        """Return what is visible."""
        return [line.rstrip() for line in self._run("capture-pane", "-p").split("\n")[:-1]]

    def close(self) -> None:
        """End it."""
        self._run("kill-server")


@contextlib.contextmanager
def in_tmux(folder: Path, command: list[str], cols: int, rows: int) -> Iterator[Tmux]:
    tmux = Tmux(folder, command, cols, rows)
    try:
        yield tmux
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            tmux.close()


def difference(app: DemoApp, tmux: Tmux) -> str:
    """Where the two screens differ; empty if they don't."""
    pairs = zip_longest(drawn(app), tmux.screen(), fillvalue="(no line)")
    return "\n".join(f"{ours!r} is {theirs!r} in tmux" for ours, theirs in pairs if ours != theirs)


async def same_screen(app: DemoApp, tmux: Tmux, after: object) -> None:
    """Wait until both show the same; fail with the lines that differ."""
    try:
        await asettle(lambda: any(drawn(app)) and not difference(app, tmux), timeout=5)
    except AssertionError as late:
        raise AssertionError(f"after {after}:\n{difference(app, tmux)}") from late


def beside_margin(size: tuple[int, int]) -> tuple[int, int]:
    """How large the widget is whose program has this size."""
    return size[0] + 1, size[1]


def drawn(app: DemoApp) -> list[str]:
    """What the widget draws, line by line."""
    view = app.view
    margin = view.margin_width
    return [view.render_line(y).text[margin:].rstrip() for y in range(view.size.height)]


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    lines = [f"line {number} " + "word " * (number % 30) for number in range(1, 200)]
    lines[2] = "中文 and é and tabs\there\tand there"
    lines[4] = "long " * 60
    path.write_text("\n".join(lines) + "\n")
    return path


KEYS = {
    "less": [["space"], ["/", "line 77", "enter"], ["pagedown"], ["G"]],
    "vim": [
        ["1", "0", "G"],
        ["i", "typed 中", "escape"],
        ["/", "line 42", "enter"],
        [":", "set number", "enter"],
        [":", "split", "enter"],
        ["d", "d"],
    ],
}
COMMANDS = {"less": ["less"], "vim": ["vim", "-n", "-i", "NONE", "-u", "DEFAULTS"]}


@pytest.mark.needs("tmux", "vim", "less")
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("program", ["less", "vim"])
async def test_shows_what_tmux_shows(
    program: str, size: tuple[int, int], text_file: Path, tmp_path: Path
) -> None:
    # By its short name: vim's message and ruler share a line, and a long path covers both.
    command = ["env", "-C", str(text_file.parent), *COMMANDS[program], text_file.name]
    app = DemoApp(command, ENVIRONMENT)
    with in_tmux(tmp_path, command, *size) as tmux:
        async with app.run_test(size=beside_margin(size)) as pilot:
            await same_screen(app, tmux, "the start")
            for keys in KEYS[program]:
                for key in keys:
                    await pilot.press(*([key] if key in TMUX_KEYS else list(key)))
                tmux.press(keys)
                await same_screen(app, tmux, keys)


@pytest.mark.needs("tmux")
async def test_bash_edits_lines_as_in_tmux(tmp_path: Path) -> None:
    app = DemoApp(SHELL, ENVIRONMENT)
    with in_tmux(tmp_path, SHELL, 60, 20) as tmux:
        async with app.run_test(size=beside_margin((60, 20))) as pilot:
            await asettle(lambda: drawn(app) == tmux.screen() and drawn(app)[0] == "$")
            typed = "echo one two three; echo " + "long" * 10
            await pilot.press(*typed)
            tmux.press([typed])
            await same_screen(app, tmux, "keys")
            await pilot.press("ctrl+a", "ctrl+right", "ctrl+k", "ctrl+y", "home", "end", "enter")
            for key in ["C-a", "C-Right", "C-k", "C-y", "Home", "End", "Enter"]:
                tmux._run("send-keys", key)
            await same_screen(app, tmux, "keys")
            await pilot.press("up", "ctrl+c", "ctrl+l")
            for key in ["Up", "C-c", "C-l"]:
                tmux._run("send-keys", key)
            await asettle(lambda: drawn(app) == tmux.screen() and drawn(app)[0] == "$")


@pytest.mark.needs("htop")
async def test_htop_runs_takes_keys_and_gives_the_screen_back() -> None:
    app = DemoApp(SHELL, ENVIRONMENT)
    async with app.run_test(size=beside_margin((100, 30))) as pilot:
        await asettle(lambda: drawn(app)[0] == "$")
        await pilot.press(*"htop", "enter")
        await asettle(lambda: app.view.emulator.modes.alternate_screen)
        await asettle(lambda: "F1Help" in drawn(app)[-1], what="the bar of keys")
        await pilot.press("f1")
        await asettle(lambda: "show this help screen" in "".join(drawn(app)), what="the help")
        await pilot.press("space", "f10")
        await asettle(lambda: drawn(app)[:2] == ["$ htop", "$"], what="the prompt")


async def test_program_sees_the_size_and_its_changes() -> None:
    app = DemoApp(SHELL, ENVIRONMENT)
    async with app.run_test(size=beside_margin((70, 20))) as pilot:
        await asettle(lambda: drawn(app)[0] == "$")
        await pilot.press(*"stty size", "enter")
        await asettle(lambda: drawn(app)[1] == "20 70")
        await pilot.resize_terminal(*beside_margin((50, 10)))
        await asettle(lambda: app.view.emulator.cols == 50)
        await pilot.press("ctrl+l", *"stty size", "enter")
        await asettle(lambda: drawn(app)[1] == "10 50")


async def test_keys_get_through_while_output_floods() -> None:
    app = DemoApp(SHELL, ENVIRONMENT)
    async with app.run_test(size=beside_margin((80, 24))) as pilot:
        await asettle(lambda: drawn(app)[0] == "$")
        await pilot.press(*"yes 'a line of a flood'", "enter")
        await asettle(lambda: drawn(app)[5] == "a line of a flood")
        await pilot.press("ctrl+c")
        await pilot.press("ctrl+l", *"echo do''ne", "enter")
        await asettle(lambda: drawn(app)[1] == "done", timeout=30)


async def test_end_of_program_leaves_its_last_screen() -> None:
    app = DemoApp(["bash", "-c", "echo last words"], ENVIRONMENT)
    async with app.run_test(size=beside_margin((40, 5))):
        await asettle(lambda: app.view._dimmed)
        await asettle(lambda: drawn(app)[0] == "last words")
