"""The library's own description is compared with what the adapter was written for."""

from __future__ import annotations

import copy
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.errors import TerminalUnavailable
from mnix_tui.terminal import __main__ as command
from mnix_tui.terminal.native import library


@pytest.fixture
def published() -> dict[str, Any]:
    loaded = library.library()
    layout: dict[str, Any] = json.loads(loaded.ffi.string(loaded.lib.ghostty_type_json()))
    return layout


def test_the_installed_library_fits(published: dict[str, Any]) -> None:
    library.check_layout(published, library.library().ffi)


@pytest.mark.parametrize(
    "path",
    [
        ("types", "GhosttyCell", "bits", "style_id", "lsb"),
        ("types", "GhosttyStyle", "fields", "underline", "offset"),
        ("types", "GhosttyRenderStateCursor", "size"),
    ],
)
def test_another_layout_is_refused(published: dict[str, Any], path: tuple[str, ...]) -> None:
    changed = copy.deepcopy(published)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] += 1
    with pytest.raises(ValueError, match="unexpected"):
        library.check_layout(changed, library.library().ffi)


def test_a_missing_library_is_an_error_with_a_next_step() -> None:
    script = (
        "import sys; sys.modules['pyghostty'] = None; sys.modules['pyghostty._ffi'] = None\n"
        "from mnix_tui.errors import TerminalUnavailable\n"
        "from mnix_tui.terminal import Emulator\n"
        "try: Emulator(80, 24)\n"
        "except TerminalUnavailable as error: print(error.title, '|', error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("The embedded terminal can't start | use `mnix shell`")
    assert issubclass(TerminalUnavailable, Exception)


def test_importing_the_package_loads_neither_textual_nor_the_library() -> None:
    script = (
        "import sys, mnix_tui.terminal; "
        "print([name for name in ('textual', 'rich', 'pyghostty') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_one_module_knows_the_library() -> None:
    root = Path(str(importlib.import_module("mnix_tui").__file__)).parent
    users = [path for path in root.rglob("*.py") if "pyghostty" in path.read_text()]
    assert [path.relative_to(root).as_posix() for path in users] == ["terminal/native/library.py"]


def test_command_shows_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "recording"
    recording.write_bytes(b"one\x1b[2;3Htwo")
    assert command.main(["--size", "10x3", str(recording)]) == 0
    assert capsys.readouterr().out == "one\n  two\n\n"
    assert command.main([str(tmp_path / "missing")]) == 1
    assert "missing" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["--size", "big", str(recording)])
