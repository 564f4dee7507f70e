"""Draws the README's picture, docs/dashboard.svg: the running dashboard over the demo fleet."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.detail import Detail
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo

SIZE = (110, 30)
PROJECT = "tokyo/tokyo-api"
LAST_LINE = "3 passed"


async def draw(path: Path) -> None:
    """Open the dashboard, go into a shell, and write what is on screen to ``path``."""
    app = MnixApp(demo.workbench(), clock=lambda: demo.NOW, home=demo.HOME)
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, MainScreen)
        await pilot.pause()
        screen.query_one(FleetTree).select(PROJECT)
        await pilot.press("2")
        async with asyncio.timeout(10):
            while (
                LAST_LINE not in _terminal(screen) or not screen.query_one(Detail).has_focus_within
            ):
                await pilot.pause(0.05)
        await pilot.pause(0.2)
        picture = app.export_screenshot(title="mnix")
        # A picture in a README must not fetch fonts: the reader's own monospace does.
        picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
        path.write_text(picture.replace("Fira Code, monospace", "monospace"), "utf-8")


def _terminal(screen: MainScreen) -> str:
    from mnix_tui.ui.terminal.view import TerminalView

    return "".join(view.text() for view in screen.query(TerminalView))


if __name__ == "__main__":
    asyncio.run(
        draw(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "dashboard.svg"))
    )
