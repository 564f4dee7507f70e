import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.link.hostkeys import revoked
from mnix_tui.link.hostkeys.known import key_of
from mnix_tui.link.hostkeys.revoked import Certificate, Revoked

pytestmark = pytest.mark.needs("ssh")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("keys")
    made = [folder / str(n) for n in range(3)]
    for path in made:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True
        )
    return made


def public(path: Path) -> str:
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def blob(path: Path) -> bytes:
    kind, text = public(path).split()
    return key_of(kind, text)


def krl(folder: Path, spec: str, authority: Path | None = None) -> Path:
    path, source = folder / "krl", folder / "spec"
    source.write_text(spec)
    signer = ["-s", f"{authority}.pub"] if authority else []
    argv = ["ssh-keygen", "-q", "-k", "-f", str(path), *signer, str(source)]
    subprocess.run(argv, check=True, capture_output=True)
    return path


def says_openssh(path: Path, key: Path) -> bool:
    asked = ["ssh-keygen", "-Q", "-f", str(path), f"{key}.pub"]
    return subprocess.run(asked, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("form", ["{0}", "sha1: {0}", "sha256: {0}", "key: {0}"])
def test_keys_are_found_in_each_form_of_a_binary_list(
    tmp_path: Path, keys: list[Path], form: str
) -> None:
    path = krl(tmp_path, "".join(form.format(public(key)) + "\n" for key in keys[:2]))
    for key, gone in zip(keys, (True, True, False), strict=True):
        assert says_openssh(path, key) is gone
        assert revoked.read(path).has(blob(key)) is gone


def test_certificates_are_found_by_number_range_and_name(tmp_path: Path, keys: list[Path]) -> None:
    spec = "serial: 3\nserial: 10-200\nserial: 1000000\nserial: 1000002\nid: lost box\n"
    found = revoked.read(krl(tmp_path, spec, authority=keys[0]))
    ours = blob(keys[0])
    for serial, gone in {3: True, 4: False, 10: True, 200: True, 201: False}.items():
        assert found.has_certificate(Certificate(ours, serial, "box")) is gone
    for serial in range(999_998, 1_000_005):
        gone = serial in (1_000_000, 1_000_002)
        assert found.has_certificate(Certificate(ours, serial, "box")) is gone
    assert found.has_certificate(Certificate(ours, 0, "lost box"))
    assert not found.has_certificate(Certificate(blob(keys[1]), 3, "lost box"))


def test_a_plain_list_may_have_options_and_comments(tmp_path: Path, keys: list[Path]) -> None:
    text = f"# gone\n{public(keys[0])} me@home\ncert-authority {public(keys[1])}\n\xff garbage\n"
    found = Revoked(text.encode("latin-1"))
    assert [found.has(blob(key)) for key in keys] == [True, True, False]


def test_a_list_that_is_cut_off_is_an_error_and_not_an_empty_one(
    tmp_path: Path, keys: list[Path]
) -> None:
    whole = krl(tmp_path, f"{public(keys[0])}\nserial: 1\n", authority=keys[1]).read_bytes()
    read = 0
    for size in range(9, len(whole)):
        try:
            Revoked(whole[:size])
        except ValueError:
            continue
        read += 1  # it ended between two parts
    assert read <= 2


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for start in (b"", b"SSHKRL\n\0\0\0\0\1" + b"\0" * 32):
        try:
            Revoked(start + data).has(b"x")
        except ValueError:
            pass
