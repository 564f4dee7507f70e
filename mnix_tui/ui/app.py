"""The application: opens everything in order, shows the main screen, closes everything."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from mnix_tui.ui import styles, themes
from mnix_tui.ui.palette import Actions
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.workbench.port import Workbench


class MnixApp(App[int], inherit_bindings=False):
    """Shows a workbench. What it needs is given to it: it opens no file and no connection."""

    TITLE = "mnix"
    CSS_PATH = styles.sheets()  # noqa: RUF012 - Textual's own way to say it
    COMMANDS: ClassVar = {Actions}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = []
    NOTIFICATION_TIMEOUT = 4

    def __init__(
        self,
        bench: Workbench,
        *,
        theme: str = "",
        leader: str = "ctrl+backslash",
        clock: Callable[[], float] = time.time,
        home: str | None = None,
    ) -> None:
        super().__init__()
        self.bench = bench
        for one in themes.load():
            self.register_theme(one)
        self.theme = themes.resolve(theme, self.available_themes)
        self._leader = leader
        self._clock = clock
        self._home = str(Path.home()) if home is None else home

    def get_default_screen(self) -> MainScreen:
        """Return the main screen: it is there from the first paint on."""
        return MainScreen(self.bench, self._clock, leader=self._leader, home=self._home)
