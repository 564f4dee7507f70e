"""Logging in to real servers, with questions to a person: keys with passphrases, passwords, codes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import LoginRefused
from mnix_tui.link import LinkOptions, Stage, connect
from mnix_tui.link.login.secrets import MEMORY
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.login_rig import PASSWORD, Someone, asking, code, let_in, make_key

pytestmark = pytest.mark.needs("sshd", "ssh")
ASKS = ("PasswordAuthentication yes", "KbdInteractiveAuthentication no")
PAM_ASKS = ("UsePAM yes", "KbdInteractiveAuthentication yes")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    MEMORY.forget()
    with rigged(tmp_path, monkeypatch) as made:
        yield made
    MEMORY.forget()


async def enter(server: Server | Sshd, rig: Rig, someone: Someone | None, **more: object) -> None:
    """Connect, and leave again."""
    to = server.server if isinstance(server, Sshd) else server
    options = replace(rig.options, ask_secret=someone, **more)  # type: ignore[arg-type]
    async with connect(to, options):
        pass


def config(rig: Rig, text: str) -> None:
    path = rig.home / ".ssh" / "config"
    path.write_text(text)
    path.chmod(0o600)


async def test_a_passphrase_is_asked_for_once_and_only_for_a_key_that_opens(rig: Rig) -> None:
    useless = make_key(rig.home / ".ssh" / "useless", "secret")
    key = make_key(rig.home / ".ssh" / "locked", "open sesame")
    first, second = rig.start(), rig.start()
    for sshd in (first, second):
        let_in(sshd, key)
    config(rig, f"IdentityFile {useless}\nIdentityFile ~/.ssh/locked\n")
    someone = Someone(["wrong", "open sesame"])
    for sshd in (first, second, first):
        await enter(sshd, rig, someone)
    assert someone.kinds == [("passphrase", 1), ("passphrase", 2)]
    assert {each.about for each in someone.asked} == {"~/.ssh/locked"}
    assert someone.asked[0].prompts == (("Passphrase for ~/.ssh/locked", False),)


@pytest.mark.parametrize("way", ["old format", "alone"])
async def test_a_locked_key_whose_public_half_is_not_beside_it(rig: Rig, way: str) -> None:
    more = ("-m", "PEM", "-t", "ecdsa") if way == "old format" else ()
    key = make_key(rig.home / ".ssh" / "lonely", "sesame", *more)
    sshd = rig.start()
    let_in(sshd, key)
    Path(f"{key}.pub").unlink()
    config(rig, "IdentityFile ~/.ssh/lonely\n")
    someone = Someone(["wrong", "sesame"])
    await enter(sshd, rig, someone)
    assert someone.kinds == [("passphrase", 1), ("passphrase", 2)]


async def test_a_passphrase_that_is_not_given_or_thrice_wrong_ends_the_login(rig: Rig) -> None:
    key = make_key(rig.home / ".ssh" / "locked", "open sesame")
    sshd = rig.start()
    let_in(sshd, key)
    config(rig, "IdentityFile ~/.ssh/locked\n")
    with pytest.raises(LoginRefused, match=r"nobody gave the passphrase of ~/\.ssh/locked"):
        await enter(sshd, rig, Someone([None]))
    someone = Someone(["no", "no", "no"])
    with pytest.raises(LoginRefused, match="wrong 3 times"):
        await enter(sshd, rig, someone)
    assert [each.attempt for each in someone.asked] == [1, 2, 3]
    with pytest.raises(LoginRefused, match="the passphrase of ~") as caught:
        await enter(sshd, rig, None)
    assert "ssh-add" in caught.value.hint


async def test_what_is_wrong_with_key_files_spoils_nothing_and_is_named(rig: Rig) -> None:
    ssh = rig.home / ".ssh"
    (ssh / "garbage").write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\n\xff\xfe\n-----END")
    (ssh / "cut").write_bytes((ssh / "id_ed25519").read_bytes()[:100])
    (ssh / "folder").mkdir()
    names = "".join(
        f"IdentityFile ~/.ssh/{name}\n" for name in ("gone", "garbage", "cut", "folder")
    )
    config(rig, names)
    sshd = rig.start()
    with pytest.raises(LoginRefused) as caught:
        await enter(sshd, rig, None)
    for each in ("gone: there is no such file", "garbage: ", "cut: "):
        assert f"~/.ssh/{each}" in caught.value.detail
    config(rig, names + "IdentityFile ~/.ssh/id_ed25519\n")
    await enter(sshd, rig, None)


@pytest.mark.needs("root", "unshare", "openssl")
async def test_a_password_is_asked_for_once_and_kept_only_if_it_was_right(rig: Rig) -> None:
    sshd = asking(rig, *ASKS)
    let_in(sshd)
    someone = Someone(["wrong", PASSWORD])
    for _ in range(2):
        await enter(sshd, rig, someone)
    assert someone.kinds == [("password", 1), ("password", 2)]
    assert someone.asked[0].about == sshd.server.endpoint.rpartition(":")[0]
    MEMORY.forget()
    with pytest.raises(LoginRefused, match="nobody gave the password"):
        await enter(sshd, rig, Someone([None]))
    with pytest.raises(LoginRefused, match="wrong 3 times"):
        await enter(sshd, rig, Someone(["a", "b", "c"]))
    with pytest.raises(LoginRefused, match="wants the password of"):
        await enter(sshd, rig, None)
    config(rig, "BatchMode yes\n")
    with pytest.raises(LoginRefused) as caught:
        await enter(sshd, rig, Someone([]))
    assert "BatchMode" in caught.value.hint
    assert not MEMORY.passwords


@pytest.mark.needs("root", "unshare", "openssl")
async def test_the_answer_of_a_slow_person_is_used_by_the_next_connection(rig: Rig) -> None:
    sshd = asking(rig, *ASKS, "LoginGraceTime 1")
    let_in(sshd)
    someone = Someone([PASSWORD], wait=lambda: not sshd.children())
    await enter(sshd, rig, someone, connect_timeout=5.0)
    assert someone.kinds == [("password", 1)]


@pytest.mark.needs("root", "unshare", "openssl", "pam-codes")
async def test_codes_are_asked_for_each_time_after_a_key_or_a_password(rig: Rig) -> None:
    after_key = asking(
        rig, *PAM_ASKS, "AuthenticationMethods publickey,keyboard-interactive:pam", rules="codes"
    )
    someone = Someone(["000000", code, code])
    for _ in range(2):
        await enter(after_key, rig, someone)
    assert someone.kinds == [("codes", 1), ("codes", 2), ("codes", 1)]
    assert someone.asked[0].prompts == (("Verification code:", False),)
    both = asking(rig, *PAM_ASKS, "AuthenticationMethods keyboard-interactive:pam", rules="both")
    someone = Someone([PASSWORD, code, code])
    for _ in range(2):
        await enter(both, rig, someone)
    assert someone.kinds == [("password", 1), ("codes", 1), ("codes", 1)]
    in_turn = asking(
        rig,
        *ASKS[:1],
        *PAM_ASKS,
        "AuthenticationMethods password,keyboard-interactive:pam",
        rules="password",
    )
    someone = Someone(["wrong", PASSWORD])
    await enter(in_turn, rig, someone)  # what was right once is not asked for again
    assert someone.kinds == [("password", 1), ("password", 2)]
    with pytest.raises(LoginRefused, match="nobody answered “Verification code:”"):
        await enter(both, rig, Someone([None]))
    MEMORY.forget()
    with pytest.raises(LoginRefused, match="wants a password or a code"):
        await enter(both, rig, None)


@pytest.mark.needs("root", "unshare", "openssl")
async def test_a_jump_host_asks_for_its_own_and_tells_its_steps(rig: Rig) -> None:
    hop, target = asking(rig, *ASKS), rig.start()
    let_in(hop)
    config(
        rig,
        f"Host gate\n HostName 127.0.0.1\n Port {hop.port}\n PubkeyAuthentication no\n"
        f"Host inner\n HostName 127.0.0.1\n Port {target.port}\n ProxyJump gate\n",
    )
    someone, stages = Someone([PASSWORD]), list[Stage]()
    await enter(Server("box", "inner"), rig, someone, stage=stages.append)
    assert [(each.kind, each.jump) for each in someone.asked] == [("password", "gate")]
    for said in ("via gate", ""):
        keys = dict.fromkeys(each.key for each in stages if each.said == said)
        assert [key for key in keys if key != "resolve"] == [
            "config",
            "connect",
            "hostkey",
            "login",
        ]


@pytest.mark.needs("root", "unshare", "openssl")
async def test_many_servers_behind_one_jump_host_ask_for_its_password_once(rig: Rig) -> None:
    hop, targets = asking(rig, *ASKS, "LoginGraceTime 2"), [rig.start(), rig.start()]
    ports = [sshd.port for sshd in targets]
    lines = [f"Host inner{at}\n HostName 127.0.0.1\n Port {ports[at]}\n" for at in (0, 1)]
    for sshd in (hop, *targets):
        await enter(sshd, rig, None)  # their host keys are known from here on
    config(
        rig,
        f"Host gate\n HostName 127.0.0.1\n Port {hop.port}\n PubkeyAuthentication no\n"
        + "".join(lines)
        + "Host inner*\n ProxyJump gate\n",
    )
    someone = Someone([PASSWORD], wait=lambda: not hop.children())  # both were cut off meanwhile
    await asyncio.gather(*(enter(Server("box", f"inner{at}"), rig, someone) for at in (0, 1)))
    assert someone.kinds == [("password", 1)]


async def test_two_servers_that_want_the_same_passphrase_ask_once(rig: Rig) -> None:
    key = make_key(rig.home / ".ssh" / "locked", "sesame")
    sshds = [rig.start(), rig.start()]
    for sshd in sshds:
        await enter(sshd, rig, None)  # its host key is known from here on
        let_in(sshd, key)
    config(rig, "IdentityFile ~/.ssh/locked\n")
    for answer in (None, "sesame"):
        turn = MEMORY.turn(str(key))
        someone = Someone([answer], wait=lambda turn=turn: bool(turn._waiters))  # type: ignore[misc]
        done = await asyncio.gather(
            *(enter(sshd, rig, someone) for sshd in sshds), return_exceptions=True
        )
        assert len(someone.asked) == 1
        assert [type(each) for each in done] == [LoginRefused if answer is None else type(None)] * 2


class Changing(asyncssh.SSHServer):
    """Takes passwords; what came is noted, and what is right may change."""

    def __init__(self, right: list[str], came: list[str]) -> None:
        self._right, self._came = right, came

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._came.append(password)
        return password in self._right


async def test_a_password_is_for_the_host_key_it_was_given_for_and_gone_once_refused(
    rig: Rig,
) -> None:
    config(rig, "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n")
    right, came, port = ["one"], list[str](), 0
    for said in ("one", "two"):  # two machines, one after the other, at the same address
        someone = Someone([said])
        key = asyncssh.generate_private_key("ssh-ed25519")
        server = await asyncssh.listen(
            "127.0.0.1", port, server_host_keys=[key], server_factory=lambda: Changing(right, came)
        )
        port = server.get_port()
        box = Server("box", f"ann@127.0.0.1:{port}")
        try:
            right[:] = [said]
            for _ in range(2):
                await enter(box, rig, someone)
            assert (someone.kinds, came) == ([("password", 1)], [said, said])
            came.clear()
            right[:] = ["changed"]
            for _ in range(2):
                with pytest.raises(LoginRefused):
                    await enter(box, rig, None)
            assert came == [said]
            came.clear()
            right[:] = [said]
            await enter(
                box, rig, Someone([said])
            )  # it is remembered while the next one stands here
            came.clear()
        finally:
            server.close()
            await server.wait_closed()


Challenge = tuple[str, str, str, Sequence[tuple[str, bool]]]


class Coded(asyncssh.SSHServer):
    """Takes one code, and lets through."""

    def begin_auth(self, username: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Challenge:
        return "", "", "", [("Code:", False)]

    def validate_kbdint_response(self, username: str, responses: object) -> bool:
        return responses == ["123"]

    def connection_requested(self, *where: object) -> bool:
        return True


async def test_a_connection_knows_whether_another_one_would_ask_a_person_again(rig: Rig) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], server_factory=Coded)
    target = rig.start()
    gate = f"ann@127.0.0.1:{server.get_port()}"
    config(rig, f"Host far\n HostName 127.0.0.1\n Port {target.port}\n ProxyJump {gate}\n")
    try:
        for endpoint in (gate, "far"):
            options = replace(rig.options, ask_secret=Someone(["wrong", "123"]))
            async with connect(Server("box", endpoint), options) as connection:
                assert connection.asks
        make_key(rig.home / ".ssh" / "locked", "sesame")
        let_in(target, rig.home / ".ssh" / "locked")
        config(rig, "IdentityFile ~/.ssh/locked\n")
        options = replace(rig.options, ask_secret=Someone(["sesame"]))
        async with connect(target.server, options) as connection:
            assert not connection.asks  # what a passphrase opened stays open
    finally:
        server.close()
        await server.wait_closed()


async def test_a_server_that_asks_nothing_is_let_ask_once(rig: Rig) -> None:
    sshd = rig.start("KbdInteractiveAuthentication yes")
    let_in(sshd)
    with pytest.raises(LoginRefused, match="accepts none of: ~") as caught:
        await enter(sshd, rig, Someone([]))
    assert "ssh-copy-id" in caught.value.hint
    log = (sshd.folder / "sshd.log").read_text()
    assert "authentication failures" not in log
    assert "maximum authentication attempts" not in log


async def test_options_of_the_link_name_what_a_person_could_do(rig: Rig) -> None:
    sshd = rig.start("KbdInteractiveAuthentication no")
    let_in(sshd)
    with pytest.raises(LoginRefused) as caught:
        async with connect(sshd.server, LinkOptions(accept_host_keys=True)):
            pass
    assert "accepts none of: ~/.ssh/id_ed25519" in caught.value.detail
    assert "ssh-copy-id" in caught.value.hint
