"""Files under way when things break: the line at any byte, the agent, clocks that are an hour apart."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mnix_tui import actions
from mnix_tui.actions import sync
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.errors import MnixError
from mnix_tui.link import Link, LinkOptions, open_link
from mnix_tui.store import Store
from tests.fleet import ClientHome, Fleet, FleetServer

pytestmark = [pytest.mark.fleet, pytest.mark.needs("sshd", "ssh")]
CUTS = 20
Tree = dict[str, bytes]


class Scissors:
    """A port that leads to a server, until a number of bytes has gone there."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.left: float = 0.0
        """Bytes until the cut."""
        self.sent = 0
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        back = asyncio.ensure_future(self._back(there_reader, writer))
        try:
            while data := await reader.read(16 << 10):
                data = data[: int(min(self.left, len(data)))]
                self.left -= len(data)
                self.sent += len(data)
                there_writer.write(data)
                await there_writer.drain()
                if self.left <= 0:
                    break
        except OSError:
            pass
        finally:
            for each in (there_writer, writer):
                each.transport.abort()
            back.cancel()
            await asyncio.wait([back])

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(16 << 10):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass


@dataclass
class Desk:
    """A client, its folder, and the workspace on a real server."""

    store: Store
    server: FleetServer
    project: Project
    folder: Path

    @property
    def workspace(self) -> Path:
        return self.server.home / f".local/share/mnix/projects/{self.project.remote_id}/workspace"

    def here(self) -> Tree:
        return files(self.folder)

    def there(self) -> Tree:
        return files(self.workspace)


def files(root: Path) -> Tree:
    found = {}
    for folder, names, inside in os.walk(root):
        if folder == str(root) and ".mnix" in names:
            names.remove(".mnix")
        for name in inside:
            path = Path(folder, name)
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


@asynccontextmanager
async def linked(name: str = "tokyo") -> AsyncIterator[Link]:
    async with open_link(Server(name, name), LinkOptions(connect_timeout=10)) as link:
        yield link


@pytest.fixture
async def desk(fleet: Fleet, client_home: ClientHome, tmp_path: Path) -> AsyncIterator[Desk]:
    tokyo = fleet.server("tokyo", images=())
    client_home.add(tokyo)
    folder = tmp_path / "garden"
    (folder / "beds").mkdir(parents=True)
    (folder / "flake.nix").write_text("{ outputs = { self }: { }; }\n")
    chance = random.Random(3)
    for number in range(40):
        (folder / f"beds/row{number:02}").write_bytes(chance.randbytes(chance.randrange(20_000)))
    async with Store.open(tmp_path / "client.db") as store:
        await store.add_server(Server("tokyo", "tokyo"))
        async with linked() as link:
            project = await actions.new_project(
                store, link, name="garden", folder=folder, isolation="host"
            )
        yield Desk(store, tokyo, project, folder)


def change(folder: Path, chance: random.Random) -> None:
    """Change, add and delete a few files."""
    rows = sorted((folder / "beds").iterdir())
    for path in chance.sample(rows, 4):
        path.write_bytes(chance.randbytes(chance.randrange(60_000)))
    chance.choice(rows).unlink()
    (folder / "beds" / f"new{chance.randrange(1 << 30)}").write_bytes(chance.randbytes(30_000))
    (folder / "large").write_bytes(chance.randbytes(400_000))


async def test_a_push_that_is_cut_anywhere_leaves_the_old_files_or_the_new_ones(
    desk: Desk, client_home: ClientHome
) -> None:
    chance = random.Random(11)
    scissors = Scissors(desk.server.port)
    async with scissors.open():
        text = desk.server.ssh_config_text("cut", known_hosts=client_home.known_hosts)
        with client_home.ssh_config.open("a") as config:
            config.write(text.replace(f"Port {desk.server.port}", f"Port {scissors.port}"))
        with client_home.known_hosts.open("a") as known:
            line = desk.server.known_hosts_line
            known.write(line.replace(f":{desk.server.port} ", f":{scissors.port} "))
        scissors.left = float("inf")
        change(desk.folder, chance)
        async with linked("cut") as link:
            await sync.push(desk.store, link, desk.project)
        whole = scissors.sent
        cut_off = 0
        async with linked() as again:
            for number in range(CUTS):
                assert desk.there() == desk.here()
                change(desk.folder, chance)
                old, new = desk.there(), desk.here()
                scissors.left = int(whole * (number + chance.random()) / CUTS)
                try:
                    async with linked("cut") as link:
                        await sync.push(desk.store, link, desk.project)
                except MnixError:
                    cut_off += 1
                await sync.push(desk.store, again, desk.project, dry_run=True)  # somebody looks
                assert desk.there() in (old, new)
                await sync.push(desk.store, again, desk.project)
    assert cut_off >= CUTS // 2


async def test_an_agent_that_is_killed_leaves_the_old_files_or_the_new_ones(desk: Desk) -> None:
    chance = random.Random(12)
    async with linked() as again:
        killed = 0
        for number in range(6):
            change(desk.folder, chance)
            (desk.folder / "large").write_bytes(chance.randbytes(8_000_000))
            old, new = desk.there(), desk.here()
            async with linked() as link:
                push = asyncio.ensure_future(sync.push(desk.store, link, desk.project))
                await asyncio.wait([push], timeout=0.02 + number * 0.06)
                for pid in desk.server.processes("sync --nonce"):
                    os.kill(pid, 9)
                    killed += 1
                await asyncio.wait([push])
                assert push.exception() is None or isinstance(push.exception(), MnixError)
            await sync.push(desk.store, again, desk.project, dry_run=True)
            assert desk.there() in (old, new)
            await sync.push(desk.store, again, desk.project)
            assert desk.there() == desk.here()
        assert killed >= 3


async def test_clocks_that_are_an_hour_apart_change_nothing(desk: Desk) -> None:
    for path in desk.workspace.rglob("*"):
        found = path.stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 3600 * 10**9))
    (desk.workspace / "beds/row01").write_bytes(b"changed there, an hour ahead")
    os.utime(desk.workspace / "beds/row01", (2**31, 2**31))
    (desk.folder / "beds/row02").write_bytes(b"changed here")
    os.utime(desk.folder / "beds/row02", (1, 1))
    async with linked() as link:
        report = await sync.push(desk.store, link, desk.project)
        assert report.sent == ("beds/row02",)
        assert not report.conflicts
        await sync.pull(desk.store, link, desk.project)
    assert desk.here() == desk.there()
    assert desk.here()["beds/row01"] == b"changed there, an hour ahead"
    assert desk.there()["beds/row02"] == b"changed here"


async def test_two_clients_lose_nothing_of_each_other(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    async with Store.open(tmp_path / "other.db") as store, linked() as link:
        await store.add_server(Server("tokyo", "tokyo"))
        info = await link.agent.project(desk.project.remote_id)
        project, _ = await sync.adopt(store, link, info, other)
        second = replace(desk, store=store, project=project, folder=other)
        assert second.here() == desk.here()
        (desk.folder / "beds/row01").write_bytes(b"one person's")
        (other / "beds/row01").write_bytes(b"the other person's")
        (other / "beds/row02").write_bytes(b"only the other's")
        await sync.push(desk.store, link, desk.project)
        report = await sync.push(store, link, project)
        assert [conflict.path for conflict in report.conflicts] == ["beds/row01"]
        assert desk.there()["beds/row01"] == b"one person's"
        await sync.resolve(store, link, project, {"beds/row01": "both"})
        await sync.push(store, link, project)
        await sync.pull(desk.store, link, desk.project)
    assert desk.here() == desk.there() == second.here()
    assert {b"one person's", b"the other person's", b"only the other's"} <= set(
        desk.there().values()
    )
