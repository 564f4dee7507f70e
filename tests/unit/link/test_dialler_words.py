"""What a command and the dialler say to each other comes out as it went in."""

import json

import pytest

from mnix_tui.domain.servers import Server
from mnix_tui.errors import HostKeyChanged, HostKeyUnknown, MnixError, RemoteError, Unreachable
from mnix_tui.link.connection import SessionRefused, SocketRefused
from mnix_tui.link.dialler import objects, words
from mnix_tui.link.model import LinkOptions


def errors() -> list[MnixError]:
    fixed = HostKeyChanged("changed", "a, b", "look")
    fixed.fix = "ssh-keygen -R host"
    return [
        Unreachable("no", "why", "what"),
        HostKeyUnknown("unknown", "x", host="h", key_type="t", fingerprint="f"),
        RemoteError("odd", code="protocol"),
        SessionRefused("no more"),
        SocketRefused("no", "rule", forbidden=True),
        fixed,
    ]


@pytest.mark.parametrize("error", errors(), ids=lambda error: type(error).__name__)
def test_an_error_arrives_as_it_was(error: MnixError) -> None:
    arrived = objects.to_error(json.loads(json.dumps(objects.from_error(error))))
    assert type(arrived) is type(error)
    assert vars(arrived) | {"fix": arrived.fix} == vars(error) | {"fix": error.fix}
    assert (str(arrived), arrived.exit_code) == (str(error), error.exit_code)


def test_an_error_of_another_mnix_is_an_error() -> None:
    said = {**objects.from_error(Unreachable("no", "why", "what")), "kind": "Unheard"}
    assert str(objects.to_error(said)) == "no: why"


def test_a_request_arrives_as_it_was() -> None:
    options = LinkOptions(connect_timeout=3.0, accept_host_keys=True, remote_binary="x")
    request = json.loads(words.line(objects.dial_request(Server("box", "me@host:22"), options)))
    assert objects.dialled(request) == (Server("box", "me@host:22"), options)


def test_frames_are_cut_wherever_they_arrive() -> None:
    stream = words.frame(words.DATA, b"abc") + words.frame(words.END) + words.frame(words.DATA)
    for at in range(len(stream) + 1):
        frames = words.Frames()
        found = [*frames.feed(stream[:at]), *frames.feed(stream[at:])]
        assert found == [(words.DATA, b"abc"), (words.END, b""), (words.DATA, b"")]


def test_an_endless_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="a frame of"):
        list(words.Frames().feed(b"\x01\xff\xff\xff\xff"))
