"""What was typed while the link is down, and is given up by closing its tab or by leaving."""

from mnix_tui.sessions import LinkDown, LinkUp
from tests.ui.dashboard import Dashboard, dashboard


async def _typed(ui: Dashboard) -> None:
    """Open a shell and type into it while its link is down."""
    await ui.go("tokyo/tokyo-api")
    await ui.press("2")
    await ui.wait(lambda: ui.detail.shell and ui.detail.shell.has_focus_within)
    pane = ui.detail.shell
    assert pane is not None
    await ui.wait(lambda: pane.job.id in ui.bench.streams)
    stream = ui.bench.streams[pane.job.id]
    stream.tell(LinkDown("gone"))
    await ui.press("l", "s")
    await ui.wait(lambda: pane.link.unsent == 2)


async def test_a_closed_tab_says_what_was_not_sent() -> None:
    async with dashboard() as ui:
        await _typed(ui)
        await ui.press("ctrl+backslash", "q")
        await ui.wait(
            lambda: "2 bytes that were typed were not sent" in " ".join(ui.text().split())
        )


async def test_leaving_says_what_was_not_sent() -> None:
    async with dashboard() as ui:
        await _typed(ui)
        await ui.app.action_quit()
        (said,) = ui.app._exit_renderables
        assert "2 bytes that were typed were not sent" in str(said)


async def test_what_was_sent_after_all_is_not_told() -> None:
    async with dashboard() as ui:
        await _typed(ui)
        pane = ui.detail.shell
        assert pane is not None
        ui.bench.streams[pane.job.id].tell(LinkUp())
        await ui.wait(lambda: pane.link.unsent == 0)
        await ui.app.action_quit()
        assert "typed" not in str(ui.app._exit_renderables)
