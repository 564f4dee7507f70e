import base64
import subprocess
from pathlib import Path

import asyncssh
import pytest

from mnix_tui.domain.servers import Endpoint
from mnix_tui.errors import HostKeyChanged, HostKeyRevoked, Refused
from mnix_tui.link.hostkeys.keys import HostKeys
from mnix_tui.link.hostkeys.known import append
from mnix_tui.link.sshconfig import config as sshconfig


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def known(home: Path) -> Path:
    return home / ".ssh" / "known_hosts"


@pytest.fixture
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
def other() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def keys(host: str = "box", port: int = 22) -> HostKeys:
    return HostKeys(sshconfig.load(Endpoint(host, port=port)))


def trusts(found: HostKeys, key: asyncssh.SSHKey) -> bool:
    good, _, bad = found.trusted("", "", None)
    return key.convert_to_public() in good and key.convert_to_public() not in bad


def test_a_host_that_nobody_knows_is_asked_about(home: Path, key: asyncssh.SSHKey) -> None:
    found = keys()
    assert found.trusted("", "", None) == ([], [], [])
    assert found.algorithms()[0] == "ssh-ed25519"
    found.show(key.convert_to_public().public_data)
    question = found.verdict("tokyo")
    assert question is not None
    assert (question.server, question.host, question.key_type) == ("tokyo", "box", "ssh-ed25519")
    assert question.fingerprint == key.get_fingerprint()
    assert "[ED25519 256]" in question.randomart


def test_a_yes_is_remembered(home: Path, known: Path, key: asyncssh.SSHKey) -> None:
    keys().accept(key)
    assert trusts(keys(), key)
    assert known.stat().st_mode & 0o777 == 0o600


def test_another_port_is_another_host(
    home: Path, key: asyncssh.SSHKey, other: asyncssh.SSHKey
) -> None:
    keys(port=2222).accept(key)
    assert trusts(keys(port=2222), key)
    assert not trusts(keys(port=22), key)
    assert not trusts(keys(port=2223), key)


def test_a_key_known_for_the_host_is_good_at_its_other_ports(
    home: Path, known: Path, key: asyncssh.SSHKey, other: asyncssh.SSHKey
) -> None:
    known.write_text(f"box {line(key)}\n")
    found = keys(port=2222)
    assert trusts(found, key)
    found.show(other.convert_to_public().public_data)
    question = found.verdict("tokyo")
    assert question is not None
    assert question.host == "[box]:2222"  # unknown there, not changed


def test_a_changed_key_names_both_fingerprints_and_the_line(
    home: Path, known: Path, key: asyncssh.SSHKey, other: asyncssh.SSHKey
) -> None:
    known.write_text(f"# mine\n\nbox,10.0.0.1 {line(key)}\n")
    found = keys()
    found.show(other.convert_to_public().public_data)
    with pytest.raises(HostKeyChanged) as caught:
        found.verdict("tokyo")
    for part in (key.get_fingerprint(), other.get_fingerprint(), f"{known}:3"):
        assert part in caught.value.detail
    assert f"ssh-keygen -R box -f {known}" in caught.value.hint
    assert "known for other hosts too" in caught.value.hint  # the line has an address, too
    assert caught.value.fix == f"ssh-keygen -R box -f {known}"


def test_hashed_names_are_found(home: Path, known: Path, key: asyncssh.SSHKey) -> None:
    known.write_text(f"box {line(key)}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert "box" not in known.read_text()
    assert trusts(keys(), key)


def test_a_known_kind_of_key_is_asked_for_first(home: Path) -> None:
    keys().accept(asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    assert keys().algorithms()[0] == "ecdsa-sha2-nistp256"
    assert "ssh-ed25519" in keys().algorithms()


def test_wildcards_and_negation_are_honoured(home: Path, known: Path, key: asyncssh.SSHKey) -> None:
    known.write_text(f"*.lab,!evil.lab {line(key)}\n")
    assert trusts(keys("a.lab"), key)
    assert not trusts(keys("evil.lab"), key)


def test_a_revoked_key_is_refused_and_no_other_taken_for_it(
    home: Path, known: Path, key: asyncssh.SSHKey, other: asyncssh.SSHKey
) -> None:
    known.write_text(f"@revoked * {line(key)}\nbox {line(key)}\n")
    assert not trusts(keys(), key)
    assert not trusts(keys(), other)
    found = keys()
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        found.show(key.convert_to_public().public_data)
    with pytest.raises(HostKeyRevoked) as caught:
        found.verdict("tokyo")
    assert caught.value.detail == (
        f"box shows ED25519 {key.get_fingerprint()}, which {known}:1 revokes"
    )


def test_a_line_that_revokes_everywhere_is_named_once(
    home: Path, known: Path, key: asyncssh.SSHKey
) -> None:
    known.write_text(f"@revoked * {line(key)}\n")
    found = keys(port=2222)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        found.show(key.convert_to_public().public_data)
    with pytest.raises(HostKeyRevoked) as caught:
        found.verdict("tokyo")
    assert caught.value.detail.count(str(known)) == 1


def test_an_authority_vouches_for_its_hosts(home: Path, known: Path, key: asyncssh.SSHKey) -> None:
    known.write_text(f"@cert-authority *.lab {line(key)}\n")
    assert keys("a.lab").trusted("", "", None)[1] == [key.convert_to_public()]
    assert not trusts(keys("a.lab"), key)


def test_bad_lines_and_bytes_spoil_nothing(home: Path, known: Path, key: asyncssh.SSHKey) -> None:
    known.write_bytes(b"\xff\xfe\nbox\n@odd box x y\n|1|bad|=\n" + f"box {line(key)}\n".encode())
    assert trusts(keys(), key)


def test_keys_that_make_no_sense_spoil_nothing(
    home: Path, known: Path, key: asyncssh.SSHKey
) -> None:
    kind = "ecdsa-sha2-nistp256"
    blob = asyncssh.generate_private_key(kind).public_data
    bad = [blob[:-9] + bytes(9), blob.replace(b"nistp256\0", b"nistp2\xff6\0"), blob[:30]]
    texts = [base64.b64encode(each).decode() for each in bad]
    known.write_text("".join(f"* {kind} {text}\n" for text in texts) + f"box {line(key)}\n")
    found = keys()
    assert trusts(found, key)
    assert "ssh-ed25519" in found.algorithms()
    for each in bad:
        found.show(each)
        with pytest.raises(Refused, match="none that can be read"):
            found.verdict("tokyo")
    nobody = keys("else")
    nobody.show(blob)
    assert nobody.verdict("tokyo") is not None  # unknown, and not changed


def test_files_that_are_not_there_are_no_files(home: Path) -> None:
    (home / ".ssh" / "config").write_text("UserKnownHostsFile ~/.ssh/none ~/.ssh/nothing\n")
    assert keys().trusted("", "", None) == ([], [], [])


def test_the_users_own_file_is_read_and_written(home: Path, key: asyncssh.SSHKey) -> None:
    (home / ".ssh" / "config").write_text(
        "Host box\n  UserKnownHostsFile ~/hosts\n  HashKnownHosts no\n"
    )
    keys().accept(key)
    assert (home / "hosts").read_text() == f"box {line(key)}\n"
    assert trusts(keys(), key)


def test_an_alias_is_known_by_its_alias(home: Path, key: asyncssh.SSHKey) -> None:
    (home / ".ssh" / "config").write_text("Host box\n  HostKeyAlias vault\n")
    found = keys(port=2222)
    found.accept(key)
    assert found.name == "vault"
    assert trusts(keys(port=2222), key)


def test_a_file_without_a_final_newline_is_not_spoilt(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "known_hosts"
    append(path, "a ssh-ed25519 AAAA")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append(path, "b ssh-ed25519 BBBB")
    assert path.read_text() == "a ssh-ed25519 AAAA\nb ssh-ed25519 BBBB\n"
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_that_can_not_be_saved_counts_until_the_end(home: Path, key: asyncssh.SSHKey) -> None:
    (home / ".ssh" / "config").write_text(f"UserKnownHostsFile {home}/.ssh/config/x\n")
    found = keys()
    found.show(key.convert_to_public().public_data)
    question = found.verdict("tokyo")
    assert question is not None
    assert question.hint == f"{home}/.ssh/config/x can't be written: a yes counts until mnix ends"
    found.accept(key.convert_to_public())
    assert found.forgetful  # who is asked is asked once
    assert found.unsaved == f"not kept: {home}/.ssh/config/x can't be written"
    assert trusts(found, key)


def test_a_file_that_is_not_there_yet_can_be_written(home: Path, key: asyncssh.SSHKey) -> None:
    (home / ".ssh" / "config").write_text(f"UserKnownHostsFile {home}/.ssh/deep/new/x\n")
    found = keys()
    found.show(key.convert_to_public().public_data)
    question = found.verdict("tokyo")
    assert question is not None
    assert question.hint == ""


def test_what_a_command_says_is_removed_by_no_command(
    home: Path, key: asyncssh.SSHKey, other: asyncssh.SSHKey
) -> None:
    (home / ".ssh" / "config").write_text(f"KnownHostsCommand /bin/echo box {line(key)}\n")
    found = keys()
    assert trusts(found, key)
    found.show(other.convert_to_public().public_data)
    with pytest.raises(HostKeyChanged) as caught:
        found.verdict("tokyo")
    assert "(KnownHostsCommand:1)" in caught.value.detail
    assert (caught.value.hint, caught.value.fix) == ("someone may be listening in", "")


@pytest.mark.parametrize(
    ("how", "config", "good"),
    [
        ("rsa-sha2-512", "", True),
        ("ssh-rsa", "", False),  # SHA-1: two texts with one signature can be made
        ("ssh-rsa", "CASignatureAlgorithms +ssh-rsa\n", True),
        ("rsa-sha2-512", "CASignatureAlgorithms ssh-ed25519\n", False),
        ("rsa-sha2-256", "CASignatureAlgorithms -rsa-sha2-256\n", False),
    ],
)
def test_a_certificate_counts_where_it_may_be_signed_like_that(
    home: Path, key: asyncssh.SSHKey, how: str, config: str, good: bool
) -> None:
    (home / ".ssh" / "config").write_text(config)
    authority = asyncssh.generate_private_key("ssh-rsa")
    shown = authority.generate_host_certificate(key, "id", principals=["box"], sig_alg=how)
    found = keys()
    if good:
        found.show(shown.public_data)
        return
    with pytest.raises(asyncssh.HostKeyNotVerifiable) as caught:
        found.show(shown.public_data)
    assert found.verdict("tokyo", caught.value.reason) is None  # the key alone is asked for
    assert not [each for each in found.algorithms() if "-cert-" in each]
    found.show(key.convert_to_public().public_data)
    question = found.verdict("tokyo")
    assert question is not None
    assert f"CASignatureAlgorithms doesn't allow {how}" in question.hint
