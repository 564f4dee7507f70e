"""Keys from the SSH agent, certificates, and ways to a server: as OpenSSH's users have them."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import ConfigError, LoginRefused, MnixError, Unreachable
from mnix_tui.link import connect
from mnix_tui.link.login.secrets import MEMORY
from tests.helpers.needs import SECURITY_KEY
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd, descendants, rigged
from tests.integration.login_rig import KeyAgent, Someone, agent_running, let_in, make_key

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    MEMORY.forget()
    with rigged(tmp_path, monkeypatch) as made:
        yield made
    MEMORY.forget()


@pytest.fixture
def agent(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyAgent]:
    with agent_running(rig.folder) as running:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(running.socket))
        yield running


async def enter(
    server: Server | Sshd, rig: Rig, someone: Someone | None = None, seconds: float = 10
) -> None:
    to = server.server if isinstance(server, Sshd) else server
    async with connect(to, replace(rig.options, ask_secret=someone, connect_timeout=seconds)):
        pass


def config(rig: Rig, text: str) -> None:
    path = rig.home / ".ssh" / "config"
    path.write_text(text)
    path.chmod(0o600)


async def test_the_right_one_of_nine_keys_in_the_agent_is_found(rig: Rig, agent: KeyAgent) -> None:
    keys = [make_key(rig.folder / f"key{number}") for number in range(9)]
    agent.add(*keys)
    sshd = rig.start()
    (rig.home / ".ssh" / "id_ed25519").unlink()
    let_in(sshd, keys[-1])
    await enter(sshd, rig)  # though sshd gives up after six: the others are for another connection
    log = sshd.folder / "sshd.log"
    assert "Too many authentication failures" in log.read_text()
    # A configuration that names the key, even by its public half alone, needs no second one.
    begin = len(log.read_text())
    for named in (keys[-1], Path(f"{keys[-1]}.pub")):
        for only in ("yes", "no"):
            config(rig, f"IdentityFile {named}\nIdentitiesOnly {only}\n")
            await enter(sshd, rig)
    assert "Too many" not in log.read_text()[begin:]
    config(rig, "IdentityFile ~/.ssh/none-there\nIdentitiesOnly yes\n")
    with pytest.raises(LoginRefused, match="none-there: there is no such file"):
        await enter(sshd, rig)


async def test_an_agent_that_hangs_costs_two_seconds_and_no_login(
    rig: Rig, agent: KeyAgent
) -> None:
    sshd = rig.start()
    agent.hang()
    begin = time.monotonic()
    await enter(sshd, rig)
    assert 1.5 < time.monotonic() - begin < 6
    let_in(sshd)
    with pytest.raises(LoginRefused, match="the SSH agent does not answer"):
        await enter(sshd, rig)


async def test_an_opened_key_is_given_to_the_agent_where_that_is_wanted(
    rig: Rig, agent: KeyAgent
) -> None:
    key = make_key(rig.home / ".ssh" / "locked", "sesame")
    sshd = rig.start()
    let_in(sshd, key)
    for wanted, answers, kept in (
        ("no", ["sesame"], 0),
        ("ask", ["sesame", None], 0),
        ("ask", ["sesame", ()], 1),
        ("yes", [], 1),  # the agent has it now
        ("10m", [], 1),
    ):
        MEMORY.forget()
        config(rig, f"IdentityFile ~/.ssh/locked\nAddKeysToAgent {wanted}\n")
        someone = Someone(list(answers))  # type: ignore[arg-type]
        await enter(sshd, rig, someone)
        assert len(agent.listed()) == kept, wanted
        assert not someone.answers, wanted


@pytest.mark.needs("security-key")
async def test_a_security_key_works_through_the_agent_and_is_named_without(
    rig: Rig, agent: KeyAgent
) -> None:
    key = make_key(rig.home / ".ssh" / "touch", "", "-t", "ed25519-sk", "-w", str(SECURITY_KEY))
    sshd = rig.start()
    let_in(sshd, key)
    config(rig, "IdentityFile ~/.ssh/touch\nIdentitiesOnly yes\n")
    with pytest.raises(LoginRefused, match=r"~/\.ssh/touch: a security key needs the SSH agent"):
        await enter(sshd, rig)
    agent.add(key, provider=SECURITY_KEY)
    await enter(sshd, rig)


@pytest.mark.parametrize("held", ["file", "locked file", "agent"])
async def test_a_certificate_lets_one_in_where_no_key_does(
    rig: Rig, agent: KeyAgent, held: str
) -> None:
    authority = make_key(rig.folder / "authority")
    key = make_key(rig.home / ".ssh" / "mine", "sesame" if held == "locked file" else "")
    user = rig.start(f"TrustedUserCAKeys {authority}.pub").server.endpoint.split("@")[0]
    subprocess.run(
        ["ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", user, f"{key}.pub"], check=True
    )
    sshd = rig.sshds[-1]
    let_in(sshd)
    if held == "agent":  # the certificate elsewhere, the key in the agent alone
        agent.add(key)
        Path(f"{key}-cert.pub").rename(rig.folder / "elsewhere")
        key.unlink()
        config(rig, f"IdentityFile ~/.ssh/mine\nCertificateFile {rig.folder / 'elsewhere'}\n")
    else:
        config(rig, "IdentityFile ~/.ssh/mine\nIdentitiesOnly yes\n")
    await enter(sshd, rig, Someone(["sesame"] if held == "locked file" else []))
    assert "Accepted publickey" in (log := (sshd.folder / "sshd.log").read_text())
    assert "ED25519-CERT" in log


async def test_a_proxy_command_is_the_way_and_what_it_says_is_no_part_of_it(rig: Rig) -> None:
    others = set(descendants(os.getpid()))  # of tests before, and servers that all of them share
    sshd = rig.start()
    relay = rig.folder / "relay"
    relay.write_text(
        "#!/bin/bash\necho noise >&2\nexec 3<>/dev/tcp/$1/$2 || exit 1\ncat <&3 &\ncat >&3\n"
    )
    relay.chmod(0o755)
    config(
        rig,
        f"Host far\n HostName 127.0.0.1\n Port {sshd.port}\n ProxyCommand {relay} '%h' %p # %%\n"
        "Host broken\n ProxyCommand echo 'no gate \x1b[31mtoday' >&2; exit 3\n"
        "Host missing\n ProxyCommand /nowhere/at-all %h\n"
        "Host odd\n ProxyCommand nc %y\n"
        "Host silent\n ProxyCommand sleep 30\n",
    )
    await enter(Server("box", "far"), rig)
    for host, kind, said in (
        ("broken", Unreachable, "the ProxyCommand says: no gate .*today"),
        ("missing", Unreachable, "/nowhere/at-all"),
        ("odd", ConfigError, "%y means nothing here"),
    ):
        with pytest.raises(kind, match=said) as caught:
            await enter(Server("box", host), rig)
        assert str(caught.value).isprintable()
    with pytest.raises(Unreachable):
        await enter(Server("box", "silent"), rig, seconds=0.5)
    ours = {pid for sshd in rig.sshds for pid in sshd.children()}
    await asettle(lambda: not set(descendants(os.getpid())) - others - ours - listening(rig))


def listening(rig: Rig) -> set[int]:
    return {sshd._process.pid for sshd in rig.sshds if sshd._process is not None}


async def test_jump_hosts_that_lead_in_a_circle_are_named_with_the_remedy(rig: Rig) -> None:
    config(rig, "Host *\n ProxyJump gate\n")
    with pytest.raises(ConfigError, match="circle") as caught:
        await enter(Server("box", "far"), rig)
    assert "config:2" in caught.value.detail
    assert "ProxyJump none" in caught.value.hint


async def test_the_agent_is_lent_to_the_server_where_the_configuration_says_so(
    rig: Rig, agent: KeyAgent
) -> None:
    agent.add(rig.home / ".ssh" / "id_ed25519")
    sshd = rig.start()
    for lent in ("no", "yes", str(agent.socket), "$SSH_AUTH_SOCK"):
        config(rig, f"ForwardAgent {lent}\n")
        async with connect(sshd.server, rig.options) as connection:
            script = "ssh-add -l || true"
            command = await connection.agent("exec", "--", "sh", "-c", script)
            said = await command.read()
            await command.close()
            assert (b"SHA256:" in said) is (lent != "no"), lent


class Greedy(asyncssh.SSHServer):
    """Wants the keys of whoever logs in, without having been asked to run anything."""

    def __init__(self, came: list[str]) -> None:
        self._came = came

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn

    def begin_auth(self, username: str) -> bool:
        return False

    def auth_completed(self) -> None:
        self._taking = asyncio.ensure_future(self._take())

    async def _take(self) -> None:
        try:
            await self._conn.create_agent_channel().open(asyncssh.stream.SSHUNIXStreamSession)
        except asyncssh.ChannelOpenError:
            self._came.append("refused")
        else:
            self._came.append("lent")

    def connection_requested(self, *where: object) -> bool:
        return True


async def test_a_jump_host_gets_nothing_of_an_agent_that_is_lent(rig: Rig, agent: KeyAgent) -> None:
    agent.add(rig.home / ".ssh" / "id_ed25519")
    came: list[str] = []
    jump = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        server_factory=lambda: Greedy(came),
    )
    gate = f"ann@127.0.0.1:{jump.get_port()}"
    target = rig.start()
    config(
        rig,
        "ForwardAgent yes\n"
        f"Host far\n HostName 127.0.0.1\n Port {target.port}\n ProxyJump {gate}\n",
    )
    options = replace(rig.options, forward_agent=True)
    try:
        for to, said in ((gate, "lent"), ("far", "refused")):
            async with connect(Server("box", to), options):
                await asettle(lambda: came, what="the agent's channel")
            assert came == [said], to
            came.clear()
    finally:
        jump.close()
        await jump.wait_closed()


Challenge = tuple[str, str, str, Sequence[tuple[str, bool]]]


class Nosy(asyncssh.SSHServer):
    """Asks for whatever comes to mind."""

    def __init__(self, name: str, prompts: list[tuple[str, bool]]) -> None:
        self._challenge: Challenge = (
            name,
            f"\x1b]0;title\x07do\nas told {'x' * 5000}",
            "",
            prompts,
        )

    def begin_auth(self, username: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Challenge:
        return self._challenge

    def validate_kbdint_response(self, username: str, responses: object) -> Challenge:
        return self._challenge  # and once more


@pytest.mark.parametrize(
    "prompts",
    [
        [],
        [("\x1b[2JCode\u202e\x07: " + "y" * 9000, True)],
        [(f"question {number}", True) for number in range(500)],
    ],
)
async def test_a_server_that_asks_without_end_gets_few_answers_and_nothing_unclean(
    rig: Rig, prompts: list[tuple[str, bool]]
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=lambda: Nosy("\x1b[31mboss", prompts)
    )
    someone = Someone([("an answer",)] * 50)
    try:
        with pytest.raises(MnixError, match="asks without end"):
            await enter(Server("box", f"ann@127.0.0.1:{server.get_port()}"), rig, someone)
    finally:
        server.close()
        await server.wait_closed()
    assert len(someone.asked) <= 20
    for question in someone.asked:
        for text in (*(text for text, _ in question.prompts), *question.instructions.splitlines()):
            assert text.isprintable()
            assert len(text) <= 1000
