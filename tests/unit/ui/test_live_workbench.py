"""The real workbench before it has asked anybody."""

import time
from pathlib import Path

from mnix_tui.config import ClientConfig
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.store import Store
from mnix_tui.ui.workbench.live import LiveWorkbench


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
