"""How the driver leaves the terminal around the app."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from textual.app import App

from mnix_tui.ui.input.driver import TerminalDriver

if TYPE_CHECKING:
    import pytest


class Writer:
    """Stands in for the thread that writes to the terminal."""

    def __init__(self) -> None:
        self.written = ""

    def write(self, data: str) -> None:
        self.written += data


async def test_the_cursor_has_the_users_shape_whenever_the_app_lets_the_terminal_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    driver = TerminalDriver(App[None]())
    writer: Any = Writer()
    driver._writer_thread = writer
    driver.write("\x1b[5 q")
    driver.stop_application_mode()
    assert writer.written.rindex("\x1b[0 q") > writer.written.rindex("\x1b[5 q")
    assert "\x1b[?1049l" in writer.written
