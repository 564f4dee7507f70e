"""The link to this machine: the same agent, as a subprocess."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mnix_tui.domain.servers import LOCAL, Server
from mnix_tui.errors import LinkLost, NotFound
from mnix_tui.link import Link, LinkOptions, local, open_link
from mnix_tui.link.connection import SocketRefused
from tests.helpers.settle import asettle
from tests.integration.link_holder import holding
from tests.integration.link_rig import AGENT, descendants

HERE = Server(LOCAL, "")


@pytest.fixture
def options(tmp_path: Path) -> LinkOptions:
    script = tmp_path / "agent"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {AGENT} "$@"\n')
    script.chmod(0o755)
    return LinkOptions(remote_binary=str(script), connect_timeout=10)


async def test_the_real_agent_answers() -> None:
    async with open_link(HERE, LinkOptions()) as link:
        state = await link.agent.state()
        assert state.projects == ()
        with pytest.raises(NotFound):
            await link.agent.project("nonesuch")
        assert link.hello is not None
        assert link.hello["pid"] in descendants(os.getpid())


async def test_the_real_agent_tells_its_state_unasked() -> None:
    events: list[object] = []
    async with Link(HERE, LinkOptions()) as link:
        link.subscribe(events.append)
        await link.ready(10)
        await asettle(lambda: {type(event).__name__ for event in events} >= {"StateSnapshot"})


async def test_a_folder_of_that_name_is_not_taken_for_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server_agent").mkdir()
    (tmp_path / "server_agent" / "__init__.py").write_text("raise SystemExit('hostile')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with open_link(HERE, LinkOptions()) as link:
        await link.agent.state()


async def test_a_command_has_its_input_outputs_and_exit_code(options: LinkOptions) -> None:
    async with open_link(HERE, options) as link:
        command = await link.command("exec", "--", "sh", "-c", "cat; echo oops >&2; exit 7")
        await command.write(b"bytes")
        await command.write_eof()
        assert await command.read() == b"bytes"
        assert await command.read() == b""
        assert await command.read_stderr() == b"oops\n"
        assert await command.wait() == 7


async def test_a_flood_stops_at_the_window(options: LinkOptions) -> None:
    async with open_link(HERE, options) as link:
        flood = await link.command("exec", "--", "head", "-c", "20000000", "/dev/zero")
        total = 0
        while data := await flood.read():
            total += len(data)
        assert total == 20_000_000


async def test_a_slow_reader_holds_the_writer(
    options: LinkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "GRACE", 0.1)
    async with open_link(HERE, options) as link:
        command = await link.command("exec", "--", "sleep", "1000")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await command.write(b"x" * (1 << 20))


async def test_a_program_that_ends_on_a_signal(options: LinkOptions) -> None:
    async with open_link(HERE, options) as link:
        command = await link.command("exec", "--", "sh", "-c", "kill -KILL $$")
        assert await command.wait() == 137
        assert await command.read() == b""
        with pytest.raises(LinkLost):
            await command.write(b"x")


async def test_ctrl_c_in_the_terminal_is_not_for_the_agent(options: LinkOptions) -> None:
    async with open_link(HERE, options) as link:
        await link.agent.request("echo")
        command = await link.command("exec", "--", "sh", "-c", "ps -o pgid= -p $$")
        assert int(await command.read()) != os.getpgid(0)


async def test_a_stream_reaches_a_unix_socket(options: LinkOptions, tmp_path: Path) -> None:
    async with holding(tmp_path) as holder, open_link(HERE, options) as link:
        stream = await link.open_stream(holder.job)
        await asettle(lambda: holder.opened == 1)
        await stream.close()


async def test_a_socket_that_is_not_there_is_refused(options: LinkOptions, tmp_path: Path) -> None:
    async with open_link(HERE, options) as link:
        assert link._live is not None
        with pytest.raises(SocketRefused):
            await link._live.main.unix_socket(str(tmp_path / "none"))


async def test_nothing_is_left_when_a_link_is_closed(
    options: LinkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "GRACE", 0.1)
    tasks = asyncio.all_tasks()
    others = set(descendants(os.getpid()))  # servers that the whole run shares, say
    async with Link(HERE, options) as link:
        await link.ready(10)
        await link.command("exec", "--", "sh", "-c", "trap '' TERM; cat; sleep 1000")
        assert set(descendants(os.getpid())) - others
    assert asyncio.all_tasks() == tasks
    await asettle(lambda: not set(descendants(os.getpid())) - others)
    await asettle(lambda: not [t for t in threading.enumerate() if "waitpid" in t.name])


@pytest.mark.parametrize("module", ["mnix_tui.link", "mnix_tui.sessions", "mnix_tui.fleet"])
def test_importing_it_loads_no_ssh(module: str) -> None:
    check = f"import sys, {module}; sys.exit('asyncssh' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
