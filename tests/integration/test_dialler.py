"""The process that stays ready to dial: what runs over its connections, and when it ends."""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import HostKeyUnknown, LinkLost, LoginRefused, NotFound, Unreachable
from mnix_tui.link import Link, LinkOptions, open_link
from mnix_tui.link.connection import open_connection
from mnix_tui.link.dialler import client, early, objects, place, words
from mnix_tui.link.dialler.client import DialledConnection
from tests.helpers.settle import asettle, settle
from tests.integration.link_holder import holding
from tests.integration.link_rig import Rig, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture(autouse=True)
def one_place(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep to one socket: pytest changes the environment as it goes. Leave no process behind."""
    path, spawn, spawned = place.socket_path(), os.posix_spawn, []
    monkeypatch.setattr(place, "socket_path", lambda: path)
    monkeypatch.setattr(client, "_left", set())
    monkeypatch.setattr(os, "posix_spawn", lambda *a, **k: spawned.append(spawn(*a, **k)))
    yield
    for each in spawned:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
        os.waitpid(each, 0)


@pytest.fixture
def options(rig: Rig) -> Iterator[LinkOptions]:
    """Options that use a dialler, which is there."""
    wanted = replace(rig.options, dialler=60.0)
    client.leave_one(wanted)
    settle(lambda: pid() is not None, what="a dialler")
    yield wanted
    if (found := pid()) is not None:
        os.kill(found, signal.SIGKILL)


def pid() -> int | None:
    """Return the dialler's process id, where one answers."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(place.socket_path()))
        except OSError:
            return None
        credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", credentials)[0])


def begin(server: Server, options: LinkOptions, *first: str) -> bool:
    """Ask for a connection before it is needed."""
    return early.begin(objects.dial_request(server, options), *first)


async def test_a_command_runs_over_a_connection_that_another_process_made(
    rig: Rig, options: LinkOptions
) -> None:
    server = rig.start().server
    async with open_link(server, options) as link:
        assert link._live is not None
        assert isinstance(link._live.main, DialledConnection)
        assert await link.agent.request("echo", a=1, b="ü") == {"a": 1, "b": "ü"}
        with pytest.raises(NotFound, match="gone"):
            await link.agent.request("fail", code="not-found", message="gone")
        command = await link.command("exec", "--", "sh", "-c", "cat; echo oops >&2; exit 7")
        await command.write(b"\x00\xffbytes")
        await command.write_eof()
        assert await command.read() == b"\x00\xffbytes"
        assert await command.read() == b""
        assert await command.read_stderr() == b"oops\n"
        assert await command.wait() == 7
        killed = await link.command("exec", "--", "sh", "-c", "kill -TERM $$")
        assert await killed.wait() == 128 + 15
        early = await link.command("exec", "--", "cat", early=b"first")
        await early.write_eof()
        assert await early.read() == b"first"


async def test_much_that_nobody_reads_waits_on_both_ways(rig: Rig, options: LinkOptions) -> None:
    async with open_link(rig.start().server, options) as link:
        flood = await link.command("exec", "--", "head", "-c", "30000000", "/dev/zero")
        assert await link.agent.request("echo", a=1) == {"a": 1}
        total = 0
        while data := await flood.read():
            total += len(data)
        assert (total, await flood.wait()) == (30_000_000, 0)
        taken = await link.command("receive", bulk=True)
        for _ in range(300):
            await taken.write(b"x" * 65536)
        await taken.write_eof()
        assert await taken.read() == b"19660800\n"


async def test_a_stream_to_a_job_goes_through(rig: Rig, options: LinkOptions) -> None:
    async with (
        holding(rig.folder) as holder,
        await open_connection(rig.start().server, options) as connection,
    ):
        stream = await connection.unix_socket(str(holder.path))
        await asettle(lambda: holder.opened == 1, what="the holder to be reached")
        await stream.close()


async def test_a_server_that_goes_away_is_lost(rig: Rig, options: LinkOptions) -> None:
    sshd = rig.start()
    async with open_link(sshd.server, options) as link:
        command = await link.command("exec", "--", "cat")
        sshd.stop()
        with pytest.raises(LinkLost):
            await command.wait()
        with pytest.raises(LinkLost):
            await link.agent.request("echo")
    with pytest.raises(Unreachable, match="connection refused"):
        async with open_link(sshd.server, options):
            pass


async def test_a_link_that_is_kept_comes_back(rig: Rig, options: LinkOptions) -> None:
    sshd = rig.start()
    async with Link(sshd.server, options) as link:
        await link.ready(10)
        before = (await link.agent.request("echo"), link.hello and link.hello["pid"])
        sshd.cut()
        await asettle(
            lambda: link.up and bool(link.hello) and link.hello["pid"] != before[1],  # type: ignore[index]
            what="the link to be there again",
        )


async def test_each_command_checks_the_host_key_and_logs_in(rig: Rig, options: LinkOptions) -> None:
    sshd = rig.start()
    with pytest.raises(HostKeyUnknown, match="host key unknown"):
        async with open_link(sshd.server, replace(options, accept_host_keys=False)):
            pass
    async with open_link(sshd.server, options) as link:
        await link.agent.request("echo")
    (sshd.folder / "authorized_keys").write_text("")
    with pytest.raises(LoginRefused):
        async with open_link(sshd.server, options):
            pass


async def test_a_server_that_wants_a_person_is_not_tried_for_nothing_again(
    rig: Rig, options: LinkOptions
) -> None:
    sshd = rig.start()
    async with open_link(sshd.server, options) as link:
        await link.agent.request("echo")  # its host key is known from here on
    (sshd.folder / "authorized_keys").write_text("")

    async def nothing(_: object) -> None:
        return None

    async def attempts() -> int:
        """Return how many connections were refused so far, after one more try."""
        with pytest.raises(LoginRefused):
            async with open_link(sshd.server, replace(options, ask_secret=nothing)):
                pass
        await asettle(lambda: not sshd.children(), what="the connections to end")
        return (sshd.folder / "sshd.log").read_text().count("authenticating user")

    first = await attempts()  # the dialler's, and those of the command itself
    assert await attempts() == first + first - 1  # only the command's


async def test_what_needs_a_person_is_asked_by_the_command(rig: Rig, options: LinkOptions) -> None:
    asked = []

    async def ask(question: object) -> bool:
        asked.append(question)
        return True

    asking = replace(options, accept_host_keys=False, ask_host_key=ask)
    async with open_link(rig.start().server, asking) as link:
        assert await link.agent.request("echo", a=1) == {"a": 1}
    assert len(asked) == 1


async def test_a_connection_is_made_before_it_is_needed(rig: Rig, options: LinkOptions) -> None:
    sshd = rig.start()
    assert begin(sshd.server, options)
    assert not begin(sshd.server, options)  # once is enough
    await asettle(lambda: bool(sshd.children()), what="a connection")
    async with open_link(sshd.server, options) as link:
        assert await link.agent.request("echo", a=1) == {"a": 1}
    await asettle(lambda: not sshd.children(), what="the connection to end")


async def test_the_agent_that_is_about_to_be_wanted_is_started_ahead(
    rig: Rig, options: LinkOptions
) -> None:
    sshd = rig.start()
    assert begin(sshd.server, options, "exec", "--", "cat")
    await asettle(lambda: b"cat" in commands(sshd.children()), what="the agent to be started")
    async with open_link(sshd.server, options) as link:
        command = await link.command("exec", "--", "cat", early=b"first")
        assert await command.read() == b"first"
        assert commands(sshd.children()).count(b"cat") == 1
        another = await link.command("exec", "--", "cat", early=b"second")
        assert await another.read() == b"second"
    assert begin(sshd.server, options, "exec", "--", "cat")
    async with open_link(sshd.server, options) as link:
        await link.agent.request("echo")  # and nobody asks for what was started
    await asettle(lambda: not sshd.children(), what="all of it to end")


def commands(pids: list[int]) -> list[bytes]:
    found = []
    for each in pids:
        with suppress(OSError):
            found.append(Path(f"/proc/{each}/comm").read_bytes().strip())
    return found


async def test_a_connection_is_kept_where_the_users_ssh_keeps_them(
    rig: Rig, options: LinkOptions
) -> None:
    sshd = rig.start()

    def configure(*lines: str) -> None:
        text = "\n ".join(["Host *", *lines]) + "\n"
        (rig.home / ".ssh" / "config").write_text(text)

    async def connection() -> bytes:
        async with open_link(sshd.server, options) as link:
            told = await link.command("exec", "--", "sh", "-c", "echo $SSH_CONNECTION")
            return await told.read()

    configure("ControlMaster auto", "ControlPersist 1m")
    first = await connection()

    async def is_the_first() -> bool:  # the end of a command and the next one may cross
        return await connection() == first

    await asettle(is_the_first, what="the connection to be used again")
    configure("ControlMaster auto", "ControlPersist 1m", "ConnectTimeout 33")
    second = await connection()  # it is another configuration
    assert second != first
    sshd.cut()

    async def another() -> bytes:  # as soon as the dialler has heard of the cut
        with suppress(LinkLost):
            return await connection()
        return b""

    third = await asettle(another, what="another connection")
    assert third not in (first, second)
    configure("ControlMaster no", "ControlPersist 1m")
    await connection()
    await asettle(lambda: not sshd.children(), what="the connection to end")


async def test_a_command_that_goes_away_leaves_no_connection(
    rig: Rig, options: LinkOptions
) -> None:
    sshd = rig.start()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place.socket_path()))
        line.sendall(words.line(objects.dial_request(sshd.server, options)))
        settle(lambda: b'{"line"' in line.recv(100), what="a connection")
        assert sshd.children()
    await asettle(lambda: not sshd.children(), what="the connection to end")


async def test_without_a_dialler_a_command_dials_by_itself(rig: Rig, options: LinkOptions) -> None:
    found = pid()
    assert found is not None
    os.kill(found, signal.SIGKILL)
    await asettle(lambda: pid() is None, what="the dialler to end")
    async with open_link(rig.start().server, options) as link:
        assert await link.agent.request("echo", a=1) == {"a": 1}
    client._left.clear()  # another command
    client.leave_one(options)  # the old one's socket still lies there
    await asettle(lambda: pid() is not None, what="a new dialler")


async def test_a_dialler_that_dies_takes_its_connections_with_it(
    rig: Rig, options: LinkOptions
) -> None:
    sshd = rig.start()
    found = pid()
    assert found is not None
    async with open_link(sshd.server, options) as link:
        command = await link.command("exec", "--", "cat")
        os.kill(found, signal.SIGKILL)
        with pytest.raises(LinkLost):
            await command.wait()
    await asettle(lambda: not sshd.children(), what="the connection to end")


async def test_a_dialler_that_hangs_keeps_nobody_waiting(rig: Rig, options: LinkOptions) -> None:
    found = pid()
    assert found is not None
    os.kill(found, signal.SIGSTOP)
    async with open_link(rig.start().server, options) as link:
        assert await link.agent.request("echo", a=1) == {"a": 1}


async def test_a_link_connects_anew_when_its_dialler_is_not_to_be_found_any_more(
    rig: Rig, options: LinkOptions
) -> None:
    async with Link(rig.start().server, options) as link:
        await link.ready(10)
        place.socket_path().unlink()
        with pytest.raises(LinkLost):
            await link.command("exec", "--", "true")

        async def works() -> bool:
            with suppress(LinkLost):
                return await (await link.command("exec", "--", "true")).wait() == 0
            return False

        await asettle(works, what="a command over another connection")


def test_what_a_command_holds_open_does_not_live_on(
    rig: Rig, tmp_path: Path, options: LinkOptions
) -> None:
    found = pid()
    assert found is not None
    os.kill(found, signal.SIGKILL)
    settle(lambda: pid() is None, what="the dialler to end")
    client._left.clear()
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        client.leave_one(options)
        new = settle(pid, what="a dialler")
        handles = [os.readlink(each) for each in Path(f"/proc/{new}/fd").iterdir()]
        assert lock.name not in handles


def test_another_environment_has_another_dialler(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place._key()
    monkeypatch.setenv("PWD", "/elsewhere")
    assert place._key() == before
    monkeypatch.setenv("WHERE", "b")
    assert place._key() != before


async def test_it_ends_when_nobody_needs_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    client.leave_one(replace(rig.options, dialler=0.1))
    await asettle(lambda: pid() is not None, what="a dialler")
    path = place.socket_path()
    lock = path.with_name(f"{path.name}.lock")
    await asettle(lambda: not path.exists() and not lock.exists(), what="the dialler to end")


async def test_it_serves_nobody_else_and_survives_nonsense(rig: Rig, options: LinkOptions) -> None:
    assert place.socket_path().parent.stat().st_mode & 0o077 == 0
    for nonsense in (
        b"",
        b"\xff\n",
        b"{}\n",
        b"[1]\n",
        b'{"do":"agent","line":7}\n',
        b"x" * 3000000,
    ):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(place.socket_path()))
            line.settimeout(10)
            try:
                line.sendall(nonsense)
                line.shutdown(socket.SHUT_WR)
                line.recv(1000)
            except (BrokenPipeError, ConnectionResetError):
                pass
    async with open_link(rig.start().server, options) as link:
        assert await asyncio.wait_for(link.agent.request("echo", a=1), 10) == {"a": 1}


async def test_a_delivery_is_told_to_the_command_that_caused_it(
    rig: Rig, options: LinkOptions
) -> None:
    told: list[Any] = []
    asking = replace(options, remote_binary="", audit=told.append)
    async with open_link(rig.start().server, asking) as link:
        await link.agent.info()
    assert [(each.server, each.what, each.result) for each in told] == [
        ("box", "connect", "ok"),
        ("box", "deliver", "ok"),
    ]
