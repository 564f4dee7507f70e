"""The link when things break: the agent, the login, the server's disk, the connection."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.domain.servers import LOCAL, Server
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import AgentUnusable, LinkLost, MnixError
from mnix_tui.link import Link, LinkOptions, StatusChanged, delivery, open_link
from tests.helpers.settle import asettle
from tests.integration.impostors import __file__ as impostors_file
from tests.integration.link_agent import __file__ as agent_file
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.seen import Seen

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


def delivered(timeout: float = 10) -> LinkOptions:
    return LinkOptions(accept_host_keys=True, connect_timeout=timeout)


def installed(rig: Rig, script: str, timeout: float = 10) -> LinkOptions:
    """Options for an agent that is this shell script."""
    path = rig.folder / "odd-agent"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return LinkOptions(remote_binary=str(path), accept_host_keys=True, connect_timeout=timeout)


def real(rig: Rig) -> str:
    return f'exec {sys.executable} -I -S {agent_file} "$@"'


async def fault(sshd: Sshd, options: LinkOptions) -> MnixError:
    with pytest.raises(AgentUnusable) as caught:
        async with open_link(sshd.server, options) as link:
            await link.agent.state()
    return caught.value


async def test_a_banner_and_a_noisy_start_file_are_skipped(rig: Rig) -> None:
    banner = rig.folder / "banner"
    banner.write_text("Unauthorized access is prohibited.\n" * 50)
    sshd = rig.start(f"Banner {banner}")
    options = installed(rig, f"echo 'You have mail.'; printf '\\033[2J\\377\\n'; {real(rig)}")
    async with open_link(sshd.server, options) as link:
        assert await link.agent.request("echo", a=1) == {"a": 1}


async def test_sixty_five_kibibytes_of_noise_are_too_much(rig: Rig) -> None:
    options = installed(rig, f"yes 'welcome to the box' | head -c 67000; {real(rig)}")
    error = await fault(rig.start(), options)
    assert "welcome to the box" in error.detail
    assert ".bashrc" in error.hint


async def test_sixty_kibibytes_of_noise_are_not(rig: Rig) -> None:
    options = installed(rig, f"yes 'welcome to the box' | head -c 60000; {real(rig)}")
    async with open_link(rig.start().server, options) as link:
        assert await link.agent.request("echo") == {}


async def test_a_garbage_preface_is_refused(rig: Rig) -> None:
    error = await fault(rig.start(), installed(rig, 'echo "MNIX/1 $3 {not json"'))
    assert "can't be understood" in error.title


async def test_a_login_that_waits_for_ever_is_given_up(rig: Rig) -> None:
    error = await fault(rig.start(), installed(rig, "echo 'Your code?'; exec cat", timeout=2))
    assert "Your code?" in error.detail


async def test_a_login_that_ends_at_once_says_what_it_said(rig: Rig) -> None:
    error = await fault(rig.start(), installed(rig, "echo 'Account expired' >&2; exit 1"))
    assert "Account expired" in error.detail


async def test_a_server_that_runs_no_programs_says_so(rig: Rig) -> None:
    error = await fault(rig.start("ForceCommand /bin/false"), delivered())
    assert error.title == "The agent did not start"


async def test_a_server_without_room_says_so(rig: Rig) -> None:
    sshd = rig.start()
    tiny = sshd.data
    tiny.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tiny)], check=True)
    try:
        error = await fault(sshd, delivered())
        assert error.title == "box: no room for the agent"
        assert "free a few megabytes" in error.hint
        assert not list(tiny.rglob("*.new"))
    finally:
        subprocess.run(["umount", str(tiny)], check=True)


async def test_a_home_that_can_not_be_written_is_named(rig: Rig) -> None:
    sshd = rig.start()
    sshd.data.write_text("a file in the way")
    error = await fault(sshd, delivered())
    assert "can't be written" in error.title
    assert str(sshd.data) in error.detail


async def test_an_agent_whose_python_went_away_is_delivered_again(rig: Rig) -> None:
    sshd = rig.start()
    async with open_link(sshd.server, delivered()) as link:
        await link.agent.state()
    (note,) = (sshd.data / "mnix" / "agent").glob("*/python")
    note.write_text("/nix/store/collected/bin/python3\n")
    async with open_link(sshd.server, delivered()) as link:
        await link.agent.state()
    assert "collected" not in note.read_text()


async def test_clients_that_come_at_once_deliver_once_whole(rig: Rig) -> None:
    sshd = rig.start()

    async def one() -> None:
        async with open_link(sshd.server, delivered()) as link:
            await link.agent.state()

    await asyncio.gather(*(one() for _ in range(4)))
    assert [path.name for path in (sshd.data / "mnix" / "agent").iterdir()] == [delivery.name()]


async def test_a_killed_agent_is_started_again_and_streams_go_on(rig: Rig) -> None:
    sshd = rig.start()
    events: list[object] = []
    async with Link(sshd.server, rig.options) as link:
        link.subscribe(events.append)
        await link.ready(10)
        command = await link.command("exec", "--", "cat")
        assert sshd.kill_agents() == 1
        await asettle(lambda: states(events)[-2:] == ["reconnecting", "online"])
        await command.write(b"still here")
        assert await command.read() == b"still here"
        assert await link.agent.request("echo") == {}


async def test_an_agent_that_dies_again_and_again_does_not_burn_the_processor(rig: Rig) -> None:
    count = rig.folder / "count"
    script = f'echo x >> {count}; echo "MNIX/1 $3 {{\\"protocol\\":1}}"; read -r l; exit 1'
    async with Link(rig.start().server, installed(rig, script)) as link:
        try:
            async with asyncio.timeout(2.5):
                await link.ready()
        except TimeoutError:
            pass
        assert link.status.state is not ServerState.ONLINE
    assert 2 <= len(count.read_text().split()) <= 6


def stumbling(rig: Rig, stumble: str, timeout: float = 10) -> tuple[LinkOptions, Path]:
    """Options for an agent that does something else while a file is there, once."""
    flag = rig.folder / "stumble"
    script = f"if rm {flag} 2>/dev/null; then {stumble}; fi; {real(rig)}"
    return installed(rig, script, timeout), flag


async def test_a_server_that_was_slow_once_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnix_tui.link.policy.SLOW", 0.1)
    options, flag = stumbling(rig, "exec sleep 60", timeout=2)
    flag.touch()
    events: list[object] = []
    link = Link(rig.start().server, options)
    link.subscribe(events.append)
    async with link:
        await asettle(lambda: states(events)[-1:] == ["online"])
    assert "offline" in states(events)


async def test_an_agent_that_stumbles_takes_no_open_stream_with_it(rig: Rig) -> None:
    said = '{\\"id\\":2,\\"error\\":{\\"code\\":\\"error\\",\\"message\\":\\"Stale file handle\\"}}'
    odd = 'echo "MNIX/1 $3 {\\"protocol\\":1}"; read -r l; read -r l; '
    odd += f'echo "{{\\"id\\":1,\\"result\\":{{}}}}"; echo "{said}"; exec cat'
    options, flag = stumbling(rig, odd)
    sshd = rig.start()
    events: list[object] = []
    async with Link(sshd.server, options) as link:
        link.subscribe(events.append)
        await link.ready(10)
        command = await link.command("exec", "--", "cat")
        flag.touch()
        assert sshd.kill_agents() == 1
        await asettle(lambda: not flag.exists())
        await asettle(lambda: states(events)[-2:] == ["reconnecting", "online"])
        await command.write(b"still here")
        assert await command.read() == b"still here"
        assert "offline" not in states(events)
        assert await link.agent.request("echo") == {}


async def test_a_request_under_way_hears_that_the_agent_died(rig: Rig) -> None:
    async with open_link(rig.start().server, rig.options) as link:
        with pytest.raises(LinkLost, match="dying as told"):
            await link.agent.request("die")
        assert await link.agent.request("echo", again=1) == {"again": 1}


async def test_an_agent_that_talks_nonsense_is_replaced(rig: Rig) -> None:
    async with open_link(rig.start().server, rig.options) as link:
        with pytest.raises(LinkLost, match="oh no"):
            await link.agent.request("garbage")
        assert await link.agent.request("echo") == {}


IMPOSTORS = {
    "nothing": ("no answer", "takes the connection and says nothing"),
    "closing": ("connection closed", "takes the connection and closes it without a word"),
    "web": ("not an SSH server", "names no SSH version; it says: HTTP/1.1 400 Bad Request"),
    "banner": ("not an SSH server", "it says: Welcome to the finest of all boxes"),
    "one_line": ("not an SSH server", "it says: welcome welcome"),
    "noise": ("not an SSH server", "names no SSH version"),
    "drip": ("not an SSH server", "it says: one moment please"),
    "broken": ("not an SSH server", "calls itself SSH-2.0-Broken_1.0, and sends what is not SSH"),
    "odd_name": ("not an SSH server", "and sends what is not SSH"),
    "odd_packet": ("not an SSH server", "calls itself SSH-2.0-Odd_1.0, and sends what is not SSH"),
    "frozen": ("no answer", "SSH-2.0-Frozen_1.0 fell silent"),
}


@contextmanager
def impostors(*kinds: str) -> Iterator[dict[str, Server]]:
    """Start programs that listen where an SSH server is expected."""
    with subprocess.Popen(
        [sys.executable, impostors_file, *kinds], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            ports = {kind: int(process.stdout.readline()) for kind in kinds}
            yield {kind: Server(kind, f"127.0.0.1:{port}") for kind, port in ports.items()}
        finally:
            process.kill()


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def test_ports_that_are_not_ssh_are_named_and_disturb_nobody(rig: Rig) -> None:
    options = LinkOptions(connect_timeout=2)
    with impostors(*IMPOSTORS) as servers:
        async with AsyncExitStack() as stack:
            good = await stack.enter_async_context(Link(rig.start().server, rig.options))
            await good.ready(10)
            before, slowest = resident(), 0.0
            links = {
                kind: await stack.enter_async_context(Link(server, options))
                for kind, server in servers.items()
            }
            began = time.monotonic()
            while not all(link.status.reason for link in links.values()):
                asked = time.monotonic()
                assert await good.agent.request("echo", a=1) == {"a": 1}
                slowest = max(slowest, time.monotonic() - asked)
                assert time.monotonic() - began < 15, {k: v.status for k, v in links.items()}
            assert resident() - before < 32 << 20
            assert slowest < 2, slowest
            for kind, (title, detail) in IMPOSTORS.items():
                link = links[kind]
                assert (str(link.status.state), link.status.reason) == ("offline", title), kind
                assert detail in link.error.detail, kind
                assert link.error.detail.isprintable()
                assert link.status.hint


async def test_a_stopped_sshd_is_said_to_be_silent_and_goes_on_when_it_does(rig: Rig) -> None:
    sshd, neighbour = rig.start(), rig.start()
    options = replace(rig.options, keepalive_interval=1.0, connect_timeout=2)
    async with Link(sshd.server, options) as link, Link(neighbour.server, options) as other:
        seen, beside = Seen(link), Seen(other)
        await link.ready(10)
        await other.ready(10)
        await asettle(lambda: seen.texts[-1] == beside.texts[-1] == "online")
        with sshd.stopped():
            # First the open connection is missed, then no other one comes about.
            await asettle(lambda: "online, no answer" in seen.texts)
            await asettle(lambda: seen.texts[-1] == "reconnecting: no answer", timeout=15)
            assert link.error.detail.endswith("takes the connection and says nothing")
            assert "sshd hangs there" in link.status.hint
            assert await other.agent.request("echo", a=1) == {"a": 1}
        await asettle(lambda: seen.texts[-1] == "online", timeout=15)
        assert await link.agent.request("echo", a=1) == {"a": 1}
        assert set(beside.texts) <= {"connecting", "online"}


async def test_a_restarted_sshd_is_found_again(rig: Rig) -> None:
    sshd = rig.start()
    events: list[object] = []
    async with Link(sshd.server, rig.options) as link:
        link.subscribe(events.append)
        await link.ready(10)
        sshd.stop()
        await asettle(lambda: "connection refused" in reasons(events))
        with pytest.raises(MnixError, match="refused"):
            await link.ready(0.01)
        with pytest.raises(MnixError, match="refused"):
            await link.agent.state()
        sshd.start()
        link.retry_now()
        await link.ready(10)
        assert await link.agent.request("echo") == {}
        await asettle(lambda: states(events)[-1] == "online")


async def test_a_silent_server_is_found_out(rig: Rig) -> None:
    sshd = rig.start()
    options = LinkOptions(
        remote_binary=rig.binary,
        accept_host_keys=True,
        keepalive_interval=0.1,
        keepalive_count=2,
    )
    async with open_link(sshd.server, options) as link:
        await link.agent.request("echo")
        for pid in sshd.children():
            subprocess.run(["kill", "-STOP", str(pid)], check=True)
        with pytest.raises(LinkLost):
            async with asyncio.timeout(5):
                await link.agent.request("echo")
        for pid in sshd.children():
            subprocess.run(["kill", "-CONT", str(pid)], check=False)


@pytest.mark.needs("root", "useradd")
@pytest.mark.parametrize("shell", ["fish", "tcsh", "csh", "zsh"])
async def test_any_login_shell_will_do(rig: Rig, shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    name = f"mnix-l{os.getpid()}-{shell}"
    make = ["useradd", "-M", "-d", str(rig.folder / "far"), "-s", path, "-p", "*", name]
    subprocess.run(make, check=True, capture_output=True)
    try:
        user = pwd.getpwnam(name)
        far = rig.folder / "far"
        far.mkdir(mode=0o755)
        shutil.chown(far, user.pw_uid, user.pw_gid)
        for folder in (*rig.folder.parents[:2], rig.folder):
            folder.chmod(0o755)
        sshd = rig.start("SetEnv NOTHING=1")
        sshd.folder.chmod(0o755)
        (sshd.folder / "authorized_keys").chmod(0o644)
        options = delivered()
        server = Server("box", f"{name}@127.0.0.1:{sshd.port}")
        async with open_link(server, options) as link:
            await link.agent.state()
            assert link.hello is not None
            assert link.hello["user"] == name
    finally:
        for sshd in rig.sshds:
            sshd.stop()
        remove = ["userdel", name]  # refused while a process of its is still ending
        await asettle(lambda: subprocess.run(remove, capture_output=True).returncode == 0)  # noqa: PLW1510


async def test_a_broken_installation_of_our_own_is_named(rig: Rig) -> None:
    options = LinkOptions(remote_binary="/nowhere/mnix-server")
    with pytest.raises(AgentUnusable, match="/nowhere/mnix-server"):
        async with open_link(Server(LOCAL, ""), options) as link:
            await link.agent.state()


def states(events: list[object]) -> list[str]:
    return [str(event.status.state) for event in events if isinstance(event, StatusChanged)]


def reasons(events: list[object]) -> list[str]:
    return [event.status.reason for event in events if isinstance(event, StatusChanged)]
