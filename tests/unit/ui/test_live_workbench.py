"""The real workbench before it has asked anybody."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from mnix_tui.config import ClientConfig
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.store import Store
from mnix_tui.ui.workbench.live import LiveWorkbench
from tests.helpers import asettle


async def test_a_server_is_not_called_online_before_it_was_asked(tmp_path: Path) -> None:
    path, seen = tmp_path / "client.db", time.time() - 60
    async with Store.open(path) as store:
        await store.add_server(Server("tokyo", "tokyo.example"))
        await store.put_server_status("tokyo", ServerStatus(ServerState.ONLINE, seen=seen))
    bench = LiveWorkbench(ClientConfig(database_path=path))
    bench.read()
    shown = {view.server.name: view.status for view in bench.snapshot().servers}
    assert shown["tokyo"].state is ServerState.UNKNOWN
    assert shown["tokyo"].seen == seen


async def test_settings_are_there_again_in_the_next_dashboard(tmp_path: Path) -> None:
    path = tmp_path / "client.db"
    bench = LiveWorkbench(ClientConfig(database_path=path))
    bench.read()
    assert bench.setting("layout:tokyo/api") == ""
    bench.keep_setting("layout:tokyo/api", "{}")  # before the store is open
    keeper = asyncio.create_task(bench.keep())
    await asettle(lambda: bench._store is not None, what="the open store")
    bench.keep_setting("layout:tokyo/api", '{"active":"a"}')
    bench.keep_setting("clipboard:tokyo", "never")
    keeper.cancel()  # at once: what was not written yet is written on the way out
    with contextlib.suppress(asyncio.CancelledError):
        await keeper
    again = LiveWorkbench(ClientConfig(database_path=path))
    again.read()
    assert again.setting("layout:tokyo/api") == '{"active":"a"}'
    assert again.setting("clipboard:tokyo") == "never"


async def test_a_server_that_is_removed_and_added_again_is_asked_about_anew(
    tmp_path: Path,
) -> None:
    path = tmp_path / "client.db"
    async with Store.open(path) as store:
        await store.add_server(Server("tokyo", "127.0.0.1:1"))
    bench = LiveWorkbench(ClientConfig(database_path=path))
    bench.read()
    keeper = asyncio.create_task(bench.keep())
    await asettle(lambda: bench._fleet is not None, what="the fleet")
    bench.keep_setting("clipboard:tokyo", "always")
    await bench.remove_server("tokyo", forget=True)
    assert bench.setting("clipboard:tokyo") == ""
    keeper.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeper
    again = LiveWorkbench(ClientConfig(database_path=path))
    again.read()
    assert again.setting("clipboard:tokyo") == ""


async def test_a_setting_that_is_being_written_as_the_dashboard_is_left_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.db"
    bench = LiveWorkbench(ClientConfig(database_path=path))
    bench.read()
    keeper = asyncio.create_task(bench.keep())
    await asettle(lambda: bench._store is not None, what="the open store")
    assert bench._store is not None
    put, begun = bench._store.put_setting, asyncio.Event()

    async def slow(key: str, value: str) -> None:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        await put(key, value)

    monkeypatch.setattr(bench._store, "put_setting", slow)
    bench.keep_setting("layout:tokyo/api", '{"active":"a"}')
    await begun.wait()
    keeper.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeper
    again = LiveWorkbench(ClientConfig(database_path=path))
    again.read()
    assert again.setting("layout:tokyo/api") == '{"active":"a"}'
