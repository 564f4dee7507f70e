from pathlib import Path

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnix_tui.link.login.keyfiles import KeyFile, WrongPassphrase, read_keys, read_public


@pytest.fixture(scope="module")
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def write(path: Path, key: asyncssh.SSHKey, passphrase: str | None = None) -> Path:
    data = key.export_private_key(passphrase=passphrase, rounds=1, ignore_few_rounds=True)
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, key: asyncssh.SSHKey) -> bytes:
    return write(tmp_path_factory.mktemp("keys") / "locked", key, "x").read_bytes()


def read(path: Path) -> tuple[list[KeyFile], list[str]]:
    problems: list[str] = []
    return read_keys([str(path)], [], problems, []), problems


def test_the_public_half_of_a_locked_key_is_read_without_its_passphrase(
    tmp_path: Path, key: asyncssh.SSHKey
) -> None:
    path = write(tmp_path / "key", key, "sesame")
    [found], problems = read(path)
    assert not problems
    assert found.encrypted
    assert found.public is not None
    assert found.public.public_data == key.public_data
    with pytest.raises(WrongPassphrase):
        found.open("wrong")
    assert found.open("sesame").public_data == key.public_data
    public = read_public(str(path))
    assert public is not None
    assert public.public_data == key.public_data


def test_a_public_key_in_place_of_a_private_one_names_one_in_the_agent(
    tmp_path: Path, key: asyncssh.SSHKey
) -> None:
    (tmp_path / "key.pub").write_bytes(key.export_public_key())
    assert read(tmp_path / "key.pub") == ([], [])
    for name in ("key", "key.pub"):
        public = read_public(str(tmp_path / name))
        assert public is not None
        assert public.public_data == key.public_data


def test_a_certificate_of_another_key_is_left_alone(tmp_path: Path, key: asyncssh.SSHKey) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    certificate = key.generate_user_certificate(other.convert_to_public(), "me")
    path = write(tmp_path / "key", key)
    (tmp_path / "key-cert.pub").write_bytes(certificate.export_certificate())
    [found], problems = read(path)
    assert (found.certificates, problems) == ([], [])
    (tmp_path / "key-cert.pub").write_text("ssh-garbage")
    _, problems = read(path)
    assert "key-cert.pub" in problems[0]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 500), put=st.binary(max_size=40), cut=st.booleans())
def test_whatever_is_in_a_key_file_it_is_read_or_named(
    tmp_path: Path, locked: bytes, at: int, put: bytes, cut: bool
) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(locked[:at] + put + (b"" if cut else locked[at + len(put) :]))
    found, problems = read(path)
    assert len(found) + len(problems) <= 1 or found[0].public is not None
    assert all(text.isprintable() for text in problems)
    read_public(str(path))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_key_that_others_may_read_is_left_out_and_named(
    tmp_path: Path, key: asyncssh.SSHKey, mode: int
) -> None:
    path = write(tmp_path / "key", key)
    path.chmod(mode)
    problems: list[str] = []
    exposed: list[str] = []
    assert read_keys([str(path)], [], problems, exposed) == []
    assert exposed == [str(path)]
    assert f"others may read it (mode {mode:04o})" in problems[0]
    assert read_public(str(path)) is not None  # the agent's own is meant by it all the same
