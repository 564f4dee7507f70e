"""Host keys over real OpenSSH servers: ``ssh`` itself says what is right, and what a person sees."""

import asyncio
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import (
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
    MnixError,
    Refused,
)
from mnix_tui.link import HostKeyQuestion, Link, LinkOptions, connect
from tests.helpers.settle import asettle
from tests.integration.link_rig import Rig, Sshd, keygen, rigged
from tests.integration.seen import Seen

pytestmark = pytest.mark.needs("sshd", "ssh")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with rigged(tmp_path, monkeypatch) as made:
        yield made


def replace_key(sshd: Sshd) -> None:
    """Be another machine for who connects from now on."""
    sshd.host_key.unlink()
    keygen(sshd.host_key)


class Client:
    """A home with an alias ``box`` for a server, and what is known of its key."""

    def __init__(self, rig: Rig, sshd: Sshd) -> None:
        self.rig = rig
        self.sshd = sshd
        self.known = rig.home / ".ssh" / "known_hosts"
        self.config = rig.home / ".ssh" / "config"
        self.configure()

    @property
    def server(self) -> Server:
        return Server("box", "box")

    def configure(self, *lines: str) -> None:
        """Write the configuration, with these lines first."""
        user = self.sshd.server.endpoint.split("@")[0]
        rest = ["HostName 127.0.0.1", f"Port {self.sshd.port}", f"User {user}"]
        rest += [f"UserKnownHostsFile {self.known}", "GlobalKnownHostsFile none"]
        rest += [f"IdentityFile {self.rig.home}/.ssh/id_ed25519"]
        self.config.write_text("Host box\n" + "\n".join([*lines, *rest]) + "\n")

    def knows(self, *lines: str | bytes) -> None:
        """Write known_hosts."""
        data = [line if isinstance(line, bytes) else line.encode() for line in lines]
        self.known.write_bytes(b"".join(line + b"\n" for line in data))

    def ssh(self) -> bool:
        """Say whether the real ssh trusts the server, without asking anybody."""
        options = ["StrictHostKeyChecking=yes", "BatchMode=yes", "PreferredAuthentications=none"]
        words = [word for option in options for word in ("-o", option)]
        done = subprocess.run(
            ["ssh", "-F", str(self.config), *words, "box", "true"],
            capture_output=True,
            timeout=20,
            check=False,
        )
        judged = b"Permission denied" in done.stderr  # it went on to the login
        assert judged or b"ost key verification failed" in done.stderr, done.stderr
        return judged

    async def trusts(self) -> bool:
        """Say whether mnix does."""
        try:
            await self.meet()
        except (HostKeyUnknown, HostKeyChanged, HostKeyRevoked):
            return False
        return True

    async def meet(self, options: LinkOptions | None = None) -> None:
        """Connect, and no more."""
        async with connect(self.server, options or LinkOptions(connect_timeout=10)):
            pass

    async def refusal(self, options: LinkOptions | None = None) -> MnixError:
        """Connect; return why not."""
        with pytest.raises(Refused) as caught:
            await self.meet(options)
        return caught.value


def public(path: Path) -> str:
    """Return a public key as known_hosts has it."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def print_of(path: Path) -> str:
    listed = subprocess.run(
        ["ssh-keygen", "-lf", f"{path}.pub"], capture_output=True, text=True, check=True
    )
    return listed.stdout.split()[1]


def certified(authority: Path, key: Path, *options: str, names: str = "127.0.0.1") -> None:
    """Sign a host key; the certificate lies beside it."""
    about = ["-s", str(authority), "-h", "-I", "box", "-z", "7", "-n", names]
    argv = ["ssh-keygen", "-q", *about, *options, f"{key}.pub"]
    subprocess.run(argv, check=True, capture_output=True)


def krl(path: Path, *lines: str, authority: Path | None = None) -> str:
    """Make OpenSSH's binary list of revoked keys; return the line that names it."""
    spec = path.with_suffix(".spec")
    spec.write_text("".join(f"{line}\n" for line in lines))
    signer = ["-s", f"{authority}.pub"] if authority else []
    subprocess.run(
        ["ssh-keygen", "-q", "-k", "-f", str(path), *signer, str(spec)],
        check=True,
        capture_output=True,
    )
    return f"RevokedHostKeys {path}"


async def test_what_ssh_trusts_is_trusted_and_nothing_else(rig: Rig) -> None:
    authority, other = keygen(rig.folder / "ca"), keygen(rig.folder / "other")
    sshd = rig.start()
    ecdsa, ed25519 = keygen(sshd.folder / "host_ecdsa", "ecdsa"), sshd.host_key
    certified(authority, ed25519)
    sshd.stop()
    sshd.options += [f"HostKey {ecdsa}", f"HostCertificate {ed25519}-cert.pub"]
    sshd.start()
    client = Client(rig, sshd)
    host, key, ca = sshd.name, public(ed25519), public(authority)
    text_list = rig.folder / "revoked"
    text_list.write_text(f"# gone\n{key}\n")
    sealed = [krl(rig.folder / f"k{n}", line) for n, line in enumerate([key, f"sha256: {key}"])]
    by_number = krl(rig.folder / "kn", "serial: 5-9", authority=authority)
    cases: list[tuple[str, list[str | bytes], list[str], bool]] = [
        ("nothing", [], [], False),
        ("the key", [f"{host} {key}"], [], True),
        ("another key", [f"{host} {public(other)}"], [], False),
        ("the plain host's key", [f"127.0.0.1 {key}"], [], True),
        ("another port's key", [f"[127.0.0.1]:1 {key}"], [], False),
        ("a pattern", [f"[127.0.0.?]:* {key}"], [], True),
        ("a pattern that leaves it out", [f"[127.0.0.*]:*,!{host} {key}"], [], False),
        ("the other kind alone", [f"{host} {public(ecdsa)}"], [], True),
        ("both kinds", [f"{host} {public(ecdsa)}", f"{host} {key} me@home"], [], True),
        ("garbage around it", [b"\xff\xfe\0", b"x" * 9000, "@odd a b c", "|1|x|y z", f"{host} {key}"],
         [], True),
        ("two of a kind", [f"{host} {public(other)}", f"{host} {key}"], [], True),
        ("a revoked one", [f"{host} {key}", f"@revoked * {key}"], [], False),
        ("an authority", [f"@cert-authority {host} {ca}"], [], True),
        ("a revoked authority", [f"@cert-authority * {ca}", f"@revoked * {ca}"], [], False),
        ("somebody else's authority", [f"@cert-authority 10.* {ca}"], [], False),
        ("another authority, and the key", [f"@cert-authority * {public(other)}", f"{host} {key}"],
         [], True),
        ("an alias", [f"vault {key}"], ["HostKeyAlias vault"], True),
        ("an alias that is unknown", [f"{host} {key}"], ["HostKeyAlias vault"], False),
        ("a list of revoked keys", [f"{host} {key}"], [f"RevokedHostKeys {text_list}"], False),
        ("a sealed list", [f"{host} {key}"], [sealed[0]], False),
        ("a sealed list of prints", [f"{host} {key}"], [sealed[1]], False),
        ("a list of numbers", [f"@cert-authority * {ca}"], [by_number], False),
        ("kinds left out", [f"{host} {key}"], ["HostKeyAlgorithms -ssh-ed25519*"], False),
        ("kinds named", [f"{host} {public(ecdsa)}"], ["HostKeyAlgorithms ecdsa-*"], True),
        ("a command", [], [f"KnownHostsCommand /bin/echo %H {key}"], True),
    ]  # fmt: skip
    for what, lines, options, right in cases:
        client.configure(*options)
        client.knows(*lines)
        assert client.ssh() is right, f"ssh and {what}"
        assert await client.trusts() is right, what
    client.configure()
    client.knows(f"{host} {key}")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(client.known)], check=True)
    assert client.ssh()
    assert await client.trusts(), "a hashed name"
    for options, right in ((["-V", "-2d:-1d"], False), (["-V", "+1d:+2d"], False)):
        certified(authority, ed25519, *options)
        sshd.stop()
        sshd.start()
        client.knows(f"@cert-authority * {ca}")
        assert (client.ssh(), await client.trusts()) == (right, right)
        client.knows(f"@cert-authority * {ca}", f"{host} {key}")
        assert (client.ssh(), await client.trusts()) == (True, True)


async def test_a_question_shows_the_key_and_a_yes_is_written_as_ssh_writes_it(rig: Rig) -> None:
    sshd = rig.start()
    client = Client(rig, sshd)
    asked: list[HostKeyQuestion] = []

    async def yes(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    for hashed, names in (("no", sshd.name), ("yes", "|1|")):
        client.known.unlink(missing_ok=True)
        client.configure(f"HashKnownHosts {hashed}")
        for _ in range(2):
            await client.meet(LinkOptions(ask_host_key=yes))
        assert client.known.read_text().startswith(names)
        assert client.ssh()
    assert len(asked) == 2
    drawn = subprocess.run(
        ["ssh-keygen", "-lvf", f"{sshd.host_key}.pub"], capture_output=True, text=True, check=True
    )
    assert asked[0].randomart == drawn.stdout.split("\n", 1)[1].rstrip("\n")
    assert (asked[0].key_type, asked[0].fingerprint) == ("ssh-ed25519", print_of(sshd.host_key))
    assert (asked[0].others, asked[0].hint) == ((), "")
    client.knows(f"elsewhere.example {public(sshd.host_key)}")
    await client.meet(LinkOptions(ask_host_key=yes))
    assert asked[-1].hint == f"the same key is known as elsewhere.example ({client.known}:1)"


async def test_strict_host_key_checking_is_honoured(rig: Rig) -> None:
    sshd = rig.start()
    client = Client(rig, sshd)
    asked: list[HostKeyQuestion] = []

    async def yes(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    client.configure("StrictHostKeyChecking yes")
    refused = await client.refusal(LinkOptions(ask_host_key=yes, accept_host_keys=True))
    assert isinstance(refused, HostKeyUnknown)
    assert refused.title == "box: host key unknown"
    assert print_of(sshd.host_key) in refused.detail
    assert "StrictHostKeyChecking yes" in refused.hint
    for word in ("accept-new", "no", "off"):
        client.known.unlink(missing_ok=True)
        client.configure(f"StrictHostKeyChecking {word}")
        await client.meet()
        assert client.ssh()
        client.knows(f"{sshd.name} {public(keygen(rig.folder / word))}")
        changed = await client.refusal(LinkOptions(ask_host_key=yes, accept_host_keys=True))
        assert isinstance(changed, HostKeyChanged)
        assert "StrictHostKeyChecking is about new keys" in changed.hint
    assert not asked
    # Nothing is kept there: a person is asked all the same only once by one program.
    client.configure("UserKnownHostsFile /dev/null", "StrictHostKeyChecking ask")
    for _ in range(3):
        await client.meet(LinkOptions(ask_host_key=yes))
    assert len(asked) == 1
    client.configure("UserKnownHostsFile none", "StrictHostKeyChecking no")
    await client.meet()


async def test_a_changed_key_is_named_with_its_line_and_the_command_that_removes_it(
    rig: Rig,
) -> None:
    sshd = rig.start()
    client = Client(rig, sshd)
    old = keygen(rig.folder / "old")
    client.knows("# mine", f"{sshd.name} {public(old)}", f"nas {public(old)}")
    changed = await client.refusal()
    assert isinstance(changed, HostKeyChanged)
    assert changed.title == "box: host key changed"
    assert changed.detail == (
        f"{sshd.name} shows ED25519 {print_of(sshd.host_key)};"
        f" known is ED25519 {print_of(old)} ({client.known}:2)"
    )
    command = changed.hint.partition("remove the old one: ")[2]
    assert command == f"ssh-keygen -R '{sshd.name}' -f {client.known}"
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    assert isinstance(await client.refusal(), HostKeyUnknown)
    await client.meet(LinkOptions(accept_host_keys=True))
    assert "nas" in client.known.read_text()


async def test_a_host_that_shows_another_kind_of_key_is_for_a_person_to_judge(rig: Rig) -> None:
    sshd = rig.start()
    client = Client(rig, sshd)
    old = keygen(rig.folder / "old", "ecdsa")
    client.knows(f"{sshd.name} {public(old)}")
    for options in (LinkOptions(), LinkOptions(accept_host_keys=True)):
        assert isinstance(await client.refusal(options), HostKeyChanged)
    client.configure("StrictHostKeyChecking accept-new")
    assert isinstance(await client.refusal(), HostKeyChanged)
    asked: list[HostKeyQuestion] = []

    async def no(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return False

    client.configure()
    assert isinstance(await client.refusal(LinkOptions(ask_host_key=no)), HostKeyUnknown)
    assert asked[0].others == (f"ECDSA {print_of(old)} ({client.known}:1)",)
    assert "did not show them" in asked[0].hint


async def test_a_revoked_key_is_named_with_who_revokes_it(rig: Rig) -> None:
    sshd = rig.start()
    client = Client(rig, sshd)
    key, good = public(sshd.host_key), keygen(rig.folder / "good")
    client.knows(f"@revoked * {key}", f"{sshd.name} {key}", f"{sshd.name} {public(good)}")
    by_line = await client.refusal(LinkOptions(accept_host_keys=True))
    assert isinstance(by_line, HostKeyRevoked)
    assert by_line.title == "box: host key revoked"
    assert by_line.detail == (
        f"{sshd.name} shows ED25519 {print_of(sshd.host_key)}, which {client.known}:1 revokes;"
        f" known is ED25519 {print_of(good)} ({client.known}:3)"
    )
    assert "ask whoever runs the server" in by_line.hint
    client.knows(f"{sshd.name} {key}")
    client.configure(krl(rig.folder / "krl", key))
    by_list = await client.refusal()
    assert isinstance(by_list, HostKeyRevoked)
    assert f"{rig.folder}/krl (RevokedHostKeys) revokes" in by_list.detail
    client.configure(f"RevokedHostKeys {rig.folder}/gone")
    with pytest.raises(MnixError, match="without it no host key can be trusted"):
        await client.meet()


async def test_a_certificate_that_is_no_good_is_said_where_the_key_is_unknown(rig: Rig) -> None:
    sshd = rig.start()
    authority = keygen(rig.folder / "ca")
    certified(authority, sshd.host_key, names="somewhere.example")
    sshd.stop()
    sshd.options.append(f"HostCertificate {sshd.host_key}-cert.pub")
    sshd.start()
    client = Client(rig, sshd)
    client.knows(f"@cert-authority * {public(authority)}")
    asked: list[HostKeyQuestion] = []

    async def no(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return False

    assert isinstance(await client.refusal(LinkOptions(ask_host_key=no)), HostKeyUnknown)
    assert "certificate can't be used: Certificate principal mismatch" in asked[0].hint
    assert asked[0].fingerprint == print_of(sshd.host_key)


async def test_a_server_that_can_only_sign_as_in_the_past_is_for_who_configures_it(
    rig: Rig,
) -> None:
    sshd = rig.start()
    old = keygen(sshd.folder / "host_rsa", "rsa")
    sshd.stop()
    sshd.options += [f"HostKey {old}", "HostKeyAlgorithms ssh-rsa"]
    sshd.start()
    client = Client(rig, sshd)
    client.knows(f"{sshd.name} {public(old)}")
    refused = await client.refusal()
    assert refused.title == "box: no common kind of host key"
    assert refused.detail.endswith("has only these: ssh-rsa")
    assert "HostKeyAlgorithms +ssh-rsa" in refused.hint
    client.configure("HostKeyAlgorithms +ssh-rsa")
    await client.meet()


async def test_a_server_whose_key_changes_while_it_is_connected_is_refused_and_left_alone(
    rig: Rig,
) -> None:
    sshd, neighbour = rig.start("LogLevel VERBOSE"), rig.start()
    before = print_of(sshd.host_key)
    log = sshd.folder / "sshd.log"
    async with Link(sshd.server, rig.options) as link, Link(neighbour.server, rig.options) as other:
        seen, beside = Seen(link), Seen(other)
        await link.ready(10)
        await other.ready(10)
        sshd.stop()
        replace_key(sshd)
        size = len(log.read_text())
        sshd.start()
        link.retry_now()
        await asettle(lambda: seen.state is ServerState.REFUSED)
        assert seen.texts[-1] == "refused: host key changed"
        assert "ssh-keygen -R" in link.status.hint
        for part in (before, print_of(sshd.host_key), "known_hosts:"):
            assert part in link.error.detail
        # It stays so, and not a byte of a login went there.
        with pytest.raises(HostKeyChanged):
            await link.ready(1.5)
        said = log.read_text()[size:]
        assert said.count("Connection from") - said.count("kex_exchange_identification") == 1
        assert "publickey" not in said
        assert await other.agent.request("echo", a=1) == {"a": 1}
        assert beside.texts[-1] == "online"


async def test_what_is_open_goes_on_while_a_further_connection_is_refused(rig: Rig) -> None:
    sshd = rig.start()
    async with Link(sshd.server, rig.options) as link:
        seen = Seen(link)
        await link.ready(10)
        await link.agent.request("echo")
        sshd.relisten(replace_key)
        with pytest.raises(HostKeyChanged):
            await link.command("receive", bulk=True)  # a transfer has a connection of its own
        assert await link.agent.request("echo", a=1) == {"a": 1}
        assert seen.texts[-1] == "online"


async def test_who_is_asked_keeps_nobody_waiting_whose_key_needs_no_asking(rig: Rig) -> None:
    asked, open_end = asyncio.Event(), asyncio.Event()

    async def think(_: HostKeyQuestion) -> bool:
        asked.set()
        await open_end.wait()
        return True

    slow, quick = rig.start(), rig.start()
    (rig.home / ".ssh" / "config").write_text(
        f"Match originalhost quick\n  HostName 127.0.0.1\n  Port {quick.port}\n"
        "  StrictHostKeyChecking accept-new\n"
    )
    options = LinkOptions(ask_host_key=think, connect_timeout=2)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
        first = tasks.create_task(meet(slow.server, options))
        await asked.wait()
        for _ in range(2):
            await meet(Server("quick", "quick"), options)
        assert not first.done()
        open_end.set()


async def meet(server: Server, options: LinkOptions) -> None:
    async with connect(server, options):
        pass


async def test_many_servers_behind_one_host_ask_once_about_its_key(rig: Rig) -> None:
    hop, target = rig.start(), rig.start()
    user = hop.server.endpoint.split("@")[0]
    config = rig.home / ".ssh" / "config"
    config.write_text(
        f"Host inner*\n  HostName 127.0.0.1\n  Port {target.port}\n  User {user}\n"
        f"  ProxyJump {user}@127.0.0.1:{hop.port}\n"
    )
    asked: list[str] = []
    answers: dict[str, bool] = {hop.name: False}

    async def answer(question: HostKeyQuestion) -> bool:
        asked.append(question.host)
        await asyncio.sleep(0)
        return answers.get(question.host, True)

    options = LinkOptions(ask_host_key=answer, connect_timeout=10)

    async def one(number: int) -> str:
        try:
            async with connect(Server(f"s{number}", f"inner{number}"), options):
                return ""
        except HostKeyUnknown as error:
            return error.host

    assert await asyncio.gather(*map(one, range(6))) == [hop.name] * 6
    assert asked == [hop.name]  # nothing was asked of what is behind it
    answers[hop.name] = True
    asked.clear()
    assert await asyncio.gather(*map(one, range(6))) == [""] * 6
    assert asked == [hop.name, target.name]
