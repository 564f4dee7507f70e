import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.link.hostkeys import known as knownhosts
from mnix_tui.link.hostkeys.known import KnownHosts

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFG6CPwkxHRphqq8w0KpUKUFdj7MQZZmghTL3XsHVgX8"


def lines(text: str | bytes, name: str) -> list[int]:
    data = text if isinstance(text, bytes) else text.encode()
    return [found.line for found in KnownHosts(Path("kh"), data).match(name)]


def test_names_ports_patterns_and_cases() -> None:
    text = f"""# a comment
box,10.0.0.1 {KEY}
[box]:2222 {KEY} me@home
*.lab,!evil.lab {KEY}
UPPER {KEY}
  \tindented   {KEY}
@revoked * {KEY}
"""
    assert lines(text, "box") == [2, 7]
    assert lines(text, "BOX") == [2, 7]
    assert lines(text, "10.0.0.1") == [2, 7]
    assert lines(text, "[box]:2222") == [3, 7]
    assert lines(text, "a.lab") == [4, 7]
    assert lines(text, "evil.lab") == [7]
    assert lines(text, "upper") == [5, 7]
    assert lines(text, "indented") == [6, 7]


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe\x00",
        b"box",
        b"box ssh-ed25519",
        b"box ssh-ed25519 no-base64!",
        b"box ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFG6",
        b"@odd box " + KEY.encode(),
        b"|1|bad|= " + KEY.encode(),
        b"|2|YWJj|YWJj " + KEY.encode(),
        b"box 1024 35 1234567890",
        b"box ssh-ed25519 " + b"A" * 40000,
        b"\r",
    ],
)
def test_a_bad_line_spoils_no_other(bad: bytes) -> None:
    good = f"box {KEY}".encode()
    assert lines(good + b"\n" + bad + b"\n" + good + b"\r\n", "box") == [1, 3]


@given(st.binary(max_size=400), st.text(max_size=20))
def test_no_bytes_break_the_reader(data: bytes, name: str) -> None:
    for found in KnownHosts(Path("kh"), data).match(name):
        assert found.fingerprint


@pytest.mark.needs("ssh")
def test_hashed_names_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{knownhosts.hashed('[Box]:2222')} {KEY}\n")
    find = ["ssh-keygen", "-f", str(path), "-F", "[box]:2222"]
    assert subprocess.run(find, capture_output=True, check=False).returncode == 0
    assert "ox" not in path.read_text().replace(KEY, "")
    assert [found.line for found in knownhosts.read(path).match("[box]:2222")] == [1]


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    knownhosts.append(path, f"one {KEY}")
    first = knownhosts.read(path)
    assert knownhosts.read(path) is first
    knownhosts.append(path, f"two {KEY}")
    assert knownhosts.read(path).match("two")


def test_what_is_no_file_is_read_as_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", tmp_path / "gone", Path("/dev/zero")):
        assert knownhosts.read(path).lines == []


def test_thousands_of_lines_for_hundreds_of_servers_cost_little(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    names = [f"host{n}.example" for n in range(1000)]
    path.write_text(
        "".join(f"{knownhosts.hashed(name)} {KEY}\n" for name in names)
        + "".join(f"{name}.plain {KEY}\n" for name in names)
    )
    began = time.monotonic()
    for name in names[:200]:
        assert knownhosts.read(path).match(name)
    assert time.monotonic() - began < 3
