"""The dashboard over a fleet in memory, with a clock that stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.helpers import asettle


class Dashboard:
    """The running app with the questions that tests ask of it."""

    def __init__(self, app: MnixApp, pilot: Pilot[int], bench: MemoryWorkbench) -> None:
        self.app = app
        self.pilot = pilot
        self.bench = bench

    @property
    def main(self) -> MainScreen:
        """The main screen, also below a dialog."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def tree(self) -> FleetTree:
        """The fleet tree."""
        return self.main.query_one(FleetTree)

    @property
    def detail(self) -> Detail:
        """The right side."""
        return self.main.query_one(Detail)

    async def press(self, *keys: str) -> None:
        """Press keys and let the app come to rest."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def go(self, key: str) -> None:
        """Select a row of the fleet."""
        assert self.tree.select(key), [row.key for row in self.tree.rows]
        await self.pilot.pause()

    async def wait(self, probe: Any, what: str = "") -> None:
        """Wait for a state of the app."""
        await asettle(probe, what=what)
        await self.pilot.pause()

    def text(self) -> str:
        """Return what is on screen, as plain text."""
        return screen_text(self.app)


def screen_text(app: MnixApp) -> str:
    """Return what is on screen, as plain text."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


@asynccontextmanager
async def dashboard(
    bench: MemoryWorkbench | None = None, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[Dashboard]:
    """Run the app over ``bench`` (default: the demo fleet)."""
    bench = bench or demo.workbench()
    app = MnixApp(bench, clock=lambda: demo.NOW, home=demo.HOME, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Dashboard(app, pilot, bench)
