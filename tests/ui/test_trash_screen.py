"""A trash that holds more than is listed."""

from __future__ import annotations

from dataclasses import replace

from mnix_tui.ui.dialogs.trash import Restoring, TrashScreen
from mnix_tui.ui.workbench import demo
from tests.ui.dashboard import dashboard


async def test_all_of_a_transfer_is_also_what_is_not_listed() -> None:
    bench = demo.workbench()
    kept = bench.trashes["api@tokyo", False]
    bench.trashes["api@tokyo", False] = [replace(kept[0], of=3000), *kept[3:]]
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-api")
        await ui.press("T")
        await ui.wait(lambda: "3,004 files. It is cleared" in ui.text())
        assert "· 3,000 files" in ui.text()
        assert "… and 2999 more: b marks all of it" in ui.text()
        await ui.press("b")
        await ui.wait(lambda: "restores 3,000 files" in ui.text())
        screen = ui.app.screen
        found: list[Restoring] = []
        assert isinstance(screen, TrashScreen)
        screen.dismiss = found.append  # type: ignore[method-assign, assignment]
        screen.action_accept()
        assert [(one.paths, one.count) for one in found] == [({kept[0].id: []}, 3000)]
