"""The link over a real sshd: connecting, host keys, login, commands, streams."""

import asyncio
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import (
    AgentUnusable,
    ConfigError,
    HostKeyChanged,
    HostKeyUnknown,
    LinkLost,
    LoginRefused,
    NotFound,
    Unreachable,
)
from mnix_tui.link import HostKeyQuestion, Link, LinkOptions, connect, open_link
from mnix_tui.link.live import LiveLink
from mnix_tui.link.ssh import SshConnection
from tests.helpers.settle import asettle
from tests.integration.link_holder import holding
from tests.integration.link_rig import Rig, Sshd, free_port, keygen, rigged

pytestmark = pytest.mark.needs("sshd", "ssh")

Start = Callable[..., Sshd]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def home(rig: Rig) -> Path:
    return rig.home


@pytest.fixture
def start(rig: Rig) -> Start:
    return rig.start


@pytest.fixture
def binary(rig: Rig) -> str:
    return rig.binary


@pytest.fixture
def options(rig: Rig) -> LinkOptions:
    return rig.options


async def test_requests_are_answered_and_errors_raised(start: Start, options: LinkOptions) -> None:
    async with open_link(start().server, options) as link:
        assert await link.agent.request("echo", a=1, b="ü") == {"a": 1, "b": "ü"}
        with pytest.raises(NotFound, match="gone"):
            await link.agent.request("fail", code="not-found", message="gone")
        assert link.hello is not None
        assert link.hello["version"] == "test"


async def test_a_command_has_its_input_outputs_and_exit_code(
    start: Start, options: LinkOptions
) -> None:
    async with open_link(start().server, options) as link:
        script = "cat; echo oops >&2; exit 7"
        command = await link.command("exec", "--", "sh", "-c", script)
        await command.write(b"\x00\xffbytes")
        await command.write_eof()
        assert await command.read() == b"\x00\xffbytes"
        assert await command.read() == b""
        assert await command.read_stderr() == b"oops\n"
        assert await command.wait() == 7


async def test_a_signal_that_ends_a_command_is_an_exit_code(
    start: Start, options: LinkOptions
) -> None:
    async with open_link(start().server, options) as link:
        command = await link.command("exec", "--", "sh", "-c", "kill -TERM $$")
        assert await command.wait() == 128 + 15


async def test_arguments_arrive_as_they_were(start: Start, options: LinkOptions) -> None:
    args = ["it's", "two\nlines", "$HOME", "ü", "", "!!", "x" * 2000]
    async with open_link(start().server, options) as link:
        command = await link.command("exec", "--", "printf", "%s\\n", *args)
        data = b""
        while part := await command.read():
            data += part
        assert data.decode() == "".join(f"{arg}\n" for arg in args)


async def test_a_flood_that_nobody_reads_stops_at_the_window(
    start: Start, options: LinkOptions
) -> None:
    async with open_link(start().server, options) as link:
        flood = await link.command("exec", "--", "head", "-c", "30000000", "/dev/zero")
        assert await link.agent.request("echo", a=1) == {"a": 1}
        total = 0
        while data := await flood.read():
            total += len(data)
        assert total == 30_000_000
        assert await flood.wait() == 0


async def test_a_transfer_beside_shells_has_a_connection_of_its_own(
    start: Start, options: LinkOptions
) -> None:
    sshd = start()
    async with open_link(sshd.server, options) as link:  # one command: no shells
        await link.agent.request("echo")
        await (await link.command("receive", bulk=True)).close()
        alone = sum("sshd" in name for name in names(sshd.children()))
    async with Link(sshd.server, options) as link:
        await link.ready(10)
        upload = await link.command("receive", bulk=True)
        connections = sum("sshd" in name for name in names(sshd.children()))
        for _ in range(200):
            await upload.write(b"x" * 65536)
        await upload.write_eof()
        assert await upload.read() == b"13107200\n"
        assert connections > alone


async def test_a_transfer_that_is_dialled_while_the_link_is_left_ends_as_a_lost_one(
    start: Start, options: LinkOptions
) -> None:
    live = LiveLink(start().server, options, lambda event: None)
    async with live:
        await live.control()
        dialling = asyncio.ensure_future(live.command("receive", bulk=True))
        await asettle(live._opening.locked, what="a second connection being dialled")
    with pytest.raises(LinkLost, match="closed"):
        await dialling


async def test_more_transfers_than_one_connection_lets_run(
    start: Start, options: LinkOptions
) -> None:
    async with open_link(start("MaxSessions 2").server, options) as link:
        await link.agent.request("echo")
        running = [await link.command("exec", "--", "cat", bulk=True) for _ in range(5)]
        for number, each in enumerate(running):
            await each.write(b"%d" % number)
            await each.write_eof()
            assert await each.read() == b"%d" % number
        assert await link.agent.request("echo", a=1) == {"a": 1}


async def test_a_stream_reaches_a_unix_socket(
    start: Start, options: LinkOptions, tmp_path: Path
) -> None:
    async with holding(tmp_path) as holder, open_link(start().server, options) as link:
        stream = await link.open_stream(holder.job)
        await asettle(lambda: holder.opened == 1)
        await stream.close()


async def test_an_unknown_host_key_is_asked_about_and_saved(
    start: Start, options: LinkOptions, home: Path, binary: str
) -> None:
    sshd = start()
    asked: list[HostKeyQuestion] = []

    async def yes(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    for _ in range(2):
        async with open_link(sshd.server, LinkOptions(ask_host_key=yes, remote_binary=binary)):
            pass
    listing = subprocess.run(
        ["ssh-keygen", "-lf", f"{sshd.host_key}.pub"], capture_output=True, text=True, check=True
    )
    assert [(q.server, q.host, q.key_type) for q in asked] == [("box", sshd.name, "ssh-ed25519")]
    assert asked[0].fingerprint == listing.stdout.split()[1]
    found = subprocess.run(
        ["ssh-keygen", "-F", sshd.name, "-f", str(home / ".ssh" / "known_hosts")],
        capture_output=True,
        check=False,
    )
    assert found.returncode == 0  # where OpenSSH finds it too


async def test_an_unknown_host_key_is_refused_where_nobody_can_be_asked(start: Start) -> None:
    with pytest.raises(HostKeyUnknown) as caught:
        async with open_link(start().server, LinkOptions()):
            pass
    assert caught.value.fingerprint.startswith("SHA256:")
    assert "--accept-host-key" in caught.value.hint


async def test_a_no_is_a_no(start: Start, home: Path) -> None:
    async def no(_: HostKeyQuestion) -> bool:
        return False

    with pytest.raises(HostKeyUnknown):
        async with open_link(start().server, LinkOptions(ask_host_key=no)):
            pass
    assert not (home / ".ssh" / "known_hosts").exists()


async def test_a_changed_host_key_is_refused_even_if_new_ones_are_accepted(
    start: Start, options: LinkOptions, home: Path
) -> None:
    sshd = start()
    async with open_link(sshd.server, options):
        pass
    before = (home / ".ssh" / "known_hosts").read_text()
    sshd.stop()
    sshd.host_key.unlink()
    keygen(sshd.host_key)
    sshd.start()
    with pytest.raises(HostKeyChanged) as caught:
        async with open_link(sshd.server, options):
            pass
    assert caught.value.detail.count("SHA256:") == 2
    assert "known_hosts:1" in caught.value.detail
    assert (home / ".ssh" / "known_hosts").read_text() == before


async def test_a_host_that_lost_its_known_kind_of_key_is_a_changed_one(
    start: Start, options: LinkOptions
) -> None:
    sshd = start()
    async with open_link(sshd.server, options):
        pass
    sshd.stop()
    sshd.host_key.unlink()
    keygen(sshd.host_key, "ecdsa")
    sshd.start()
    with pytest.raises(HostKeyChanged):
        async with open_link(sshd.server, options):
            pass


async def test_a_refused_login_names_the_user_and_the_keys(
    start: Start, options: LinkOptions
) -> None:
    sshd = start()
    (sshd.folder / "authorized_keys").write_text("")
    with pytest.raises(LoginRefused) as caught:
        async with open_link(sshd.server, options):
            pass
    assert sshd.server.endpoint.split("@")[0] + "@127.0.0.1" in caught.value.detail
    assert "id_ed25519" in caught.value.detail
    assert "ssh-copy-id" in caught.value.hint


async def test_a_refused_login_is_not_tried_again(start: Start, options: LinkOptions) -> None:
    sshd = start()
    (sshd.folder / "authorized_keys").write_text("")
    async with Link(sshd.server, options) as link:
        with pytest.raises(LoginRefused):
            await link.ready(10)
        assert link.status.state is ServerState.REFUSED
        log = (sshd.folder / "sshd.log").read_text().count("Connection closed by authenticating")
        (sshd.folder / "authorized_keys").write_text(
            (sshd.folder.parent / "home" / ".ssh" / "id_ed25519.pub").read_text()
        )
        assert log <= 1
        link.retry_now()
        await link.ready(10)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [("127.0.0.1:{port}", "connection refused"), ("nobody.invalid", "unknown host")],
)
async def test_an_unreachable_host_says_why(home: Path, endpoint: str, reason: str) -> None:
    server = Server("lab", endpoint.format(port=free_port()))
    with pytest.raises(Unreachable) as caught:
        async with open_link(server, LinkOptions()):
            pass
    assert caught.value.title == f"lab: {reason}"
    assert caught.value.hint


class Impostor(asyncio.Protocol):
    """Listens where an SSH server is expected, and says what it is told to."""

    def __init__(self, says: bytes) -> None:
        self.says = says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self.says:
            transport.write(self.says)
            transport.close()


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\nnonsense"]
)
async def test_what_is_no_ssh_server_is_given_up(home: Path, says: bytes) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Impostor(says), "127.0.0.1", 0)
    server = Server("lab", f"127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    try:
        with pytest.raises(Unreachable, match=r"no answer|not an SSH server"):
            async with open_link(server, LinkOptions(connect_timeout=0.5)):
                pass
    finally:
        listener.close()
        await listener.wait_closed()


async def test_a_server_may_be_named_by_the_users_configuration(
    start: Start, options: LinkOptions, home: Path
) -> None:
    sshd = start()
    key = home / ".ssh" / "special"
    (home / ".ssh" / "id_ed25519").rename(key)
    (home / ".ssh" / "config").write_text(
        f"Host tokyo\n  HostName 127.0.0.1\n  Port {sshd.port}\n  ServerAliveInterval 1m\n"
        f"  User {sshd.server.endpoint.split('@')[0]}\n"
        "  IdentityFile ~/.ssh/gone\n  IdentityFile ~/.ssh/special\n"
    )
    async with open_link(Server("box", "tokyo"), options) as link:
        assert await link.agent.request("echo") == {}


async def test_a_jump_host_is_gone_through_and_its_key_is_asked_about(
    start: Start, options: LinkOptions, home: Path, binary: str
) -> None:
    hop, target = start(), start()
    user = hop.server.endpoint.split("@")[0]
    (home / ".ssh" / "config").write_text(
        f"Host inner\n  HostName 127.0.0.1\n  Port {target.port}\n  User {user}\n"
        f"  ProxyJump {user}@127.0.0.1:{hop.port}\n"
    )
    asked: list[str] = []

    async def yes(question: HostKeyQuestion) -> bool:
        asked.append(question.host)
        return True

    opened = LinkOptions(ask_host_key=yes, remote_binary=binary)
    async with open_link(Server("box", "inner"), opened) as link:
        assert await link.agent.request("echo", n=1) == {"n": 1}
    assert asked == [hop.name, target.name]


async def test_a_broken_configuration_names_its_line(home: Path) -> None:
    (home / ".ssh" / "config").write_text("Host box\n  Port ten\n")
    with pytest.raises(ConfigError, match="line 2"):
        async with open_link(Server("box", "box"), LinkOptions()):
            pass


async def test_an_agent_socket_that_is_gone_hinders_nobody(
    start: Start, options: LinkOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    async with open_link(start().server, options) as link:
        assert await link.agent.request("echo") == {}


async def test_a_missing_installed_agent_is_said_to_be_missing(start: Start) -> None:
    options = LinkOptions(remote_binary="/opt/none/mnix-server", accept_host_keys=True)
    async with open_link(start().server, options) as link:
        with pytest.raises(AgentUnusable, match="/opt/none/mnix-server"):
            await link.agent.state()


async def test_an_agent_of_another_protocol_is_refused(start: Start, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\necho "MNIX/1 $3 {\\"protocol\\":0}"\nexec cat\n')
    old.chmod(0o755)
    options = LinkOptions(remote_binary=str(old), accept_host_keys=True)
    async with open_link(start().server, options) as link:
        with pytest.raises(AgentUnusable, match="protocol 0"):
            await link.agent.state()


@pytest.mark.parametrize("there", ["nothing", "an older mnix-server"])
async def test_our_own_agent_takes_the_place_of_an_unfit_one(
    start: Start, tmp_path: Path, there: str
) -> None:
    old = tmp_path / "mnix-server"
    if there != "nothing":
        old.write_text("#!/bin/sh\necho 'Error: No such command: serve' >&2\nexit 2\n")
        old.chmod(0o755)
    options = LinkOptions(
        remote_binary=str(old), deliver_otherwise=True, accept_host_keys=True, connect_timeout=10
    )
    async with open_link(start().server, options) as link:
        assert "cpus" in await link.agent.info()


async def test_twenty_links_at_once_all_come_up(start: Start, options: LinkOptions) -> None:
    sshd = start("MaxStartups 10:30:100")

    async def one(number: int) -> object:
        async with open_link(sshd.server, options) as link:
            return await link.agent.request("echo", n=number)

    assert await asyncio.gather(*map(one, range(20))) == [{"n": n} for n in range(20)]


async def test_nothing_is_left_when_a_link_is_closed(start: Start, options: LinkOptions) -> None:
    sshd = start()
    tasks = asyncio.all_tasks()
    async with Link(sshd.server, options) as link:
        await link.ready(10)
        await link.command("exec", "--", "cat")
        assert sshd.children()
    assert asyncio.all_tasks() == tasks
    await asettle(lambda: not sshd.children(), what="the server's processes to end")
    assert [t.name for t in threading.enumerate() if t.name.startswith("waitpid")] == []


async def test_a_cancelled_connect_leaves_nothing(start: Start, options: LinkOptions) -> None:
    sshd = start()
    tasks = asyncio.all_tasks()
    for seconds in (0.001, 0.01, 0.02, 0.04):
        try:
            async with asyncio.timeout(seconds), open_link(sshd.server, options) as link:
                await link.agent.state()
        except TimeoutError:
            pass
    assert asyncio.all_tasks() == tasks


async def test_a_lost_connection_is_no_exit_code(start: Start, options: LinkOptions) -> None:
    sshd = start()
    async with open_link(sshd.server, options) as link:
        command = await link.command("exec", "--", "cat")
        sshd.cut()
        with pytest.raises(LinkLost):
            await command.wait()
        with pytest.raises(LinkLost):
            await link.agent.state()


def names(pids: list[int]) -> list[str]:
    found = []
    for pid in pids:
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_text())
        except OSError:
            continue
    return found


async def test_commands_that_have_ended_are_forgotten(start: Start, options: LinkOptions) -> None:
    async with connect(start().server, options) as connection:
        assert isinstance(connection, SshConnection)
        for _ in range(4):
            channel = await connection.agent("exec", "--", "true")
            assert await channel.wait() == 0
            await channel.close()
        assert len(connection._channels) == 1


async def test_a_raw_connection_can_be_had(start: Start, options: LinkOptions) -> None:
    async with connect(start().server, options) as connection:
        channel = await connection.agent("exec", "--", "true")
        assert await channel.wait() == 0
        await channel.close()
