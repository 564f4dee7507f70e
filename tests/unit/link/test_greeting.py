import asyncssh
import pytest

from mnix_tui.errors import MnixError
from mnix_tui.link.greeting import Greeting, foreign_kinds

LATE = TimeoutError()
LOST = asyncssh.ConnectionLost("Connection lost")
WRONG = asyncssh.ProtocolError("Max packet size exceeded")


def objection(*parts: bytes, error: Exception = LATE, shaken: bool = False) -> MnixError | None:
    greeting = Greeting()
    for part in parts:
        greeting.feed(part)
    return greeting.objection(error, "lab", "lab port 22", shaken=shaken)


@pytest.mark.parametrize(
    ("parts", "error", "title"),
    [
        ([], LATE, "lab: no answer"),
        ([], LOST, "lab: connection closed"),
        ([b"220 mail ready\r\n"], LATE, "lab: not an SSH server"),
        ([b"HTTP/1.1 400\r\n"], ConnectionResetError(), "lab: not an SSH server"),
        ([b"SSH-1.5-old\r\n"], WRONG, "lab: not an SSH server"),
        ([b"hi\nSSH-2.0-x\r\n"], LATE, "lab: no answer"),
        ([b"SSH-2", b".0-x\r", b"\n"], WRONG, "lab: not an SSH server"),
    ],
)
def test_what_a_port_is_instead(parts: list[bytes], error: Exception, title: str) -> None:
    found = objection(*parts, error=error)
    assert found is not None
    assert found.title == title
    assert found.hint


def test_an_ssh_server_that_says_no_is_for_others_to_explain() -> None:
    assert objection(b"SSH-2.0-x\r\n", error=LOST) is None
    assert objection(b"SSH-2.0-x\r\n", error=LATE, shaken=True) is None
    assert objection(b"SSH-2.0-x\r\n", error=ValueError("a key file"), shaken=True) is None
    assert objection(error=OSError(113, "No route")) is None


def test_little_of_a_flood_is_kept_and_none_of_its_control_characters() -> None:
    greeting = Greeting()
    for _ in range(100):
        greeting.feed(b"\x1b[2J\x00\xffhello " * 1000)
    assert len(greeting.said) <= 512
    found = greeting.objection(LATE, "lab", "lab port 22", shaken=False)
    assert found is not None
    assert found.detail.isprintable()
    assert len(found.detail) < 300
    assert "1,200,000 bytes" in found.detail


def test_kinds_of_keys_are_read_from_what_a_server_offers() -> None:
    def offer(kinds: bytes) -> bytes:
        lists = b"".join(len(each).to_bytes(4, "big") + each for each in (b"curve25519", kinds))
        return bytes([20]) + bytes(16) + lists

    assert foreign_kinds(offer(b"ssh-dss,ssh-rsa"), ["ssh-ed25519"]) == "ssh-dss, ssh-rsa"
    assert foreign_kinds(offer(b"ssh-dss,ssh-ed25519"), ["ssh-ed25519"]) == ""
    assert foreign_kinds(b"", ["ssh-ed25519"]) == ""
    assert foreign_kinds(bytes(16) + b"\xff" * 30, ["ssh-ed25519"]) == ""
