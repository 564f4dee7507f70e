"""What a client is sent, and in which order, whatever it asks for."""

import pytest

from server_agent.jobs.log import Log
from server_agent.jobs.outgoing import Outgoing, parse_attach, where
from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import FrameReader, Type


@pytest.fixture
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    log = Log(str(tmp_path_factory.mktemp("log")), 64 << 20)
    log.append(b"0123456789")
    return log


def kinds(data: bytes) -> list[str]:
    return [frame.type.name for frame in FrameReader().feed(data)]


def test_attached_comes_first_and_exit_last(log: Log) -> None:
    outgoing = Outgoing(log)
    assert not outgoing.behind
    outgoing.notice(Type.CLIENTS, frames.json_frame(Type.CLIENTS, {"clients": 1}))
    assert outgoing.next() == b""
    outgoing.begin(4, {"end": 10}, b"preamble")
    outgoing.exit(0, None, "")
    data = outgoing.next()
    assert kinds(data) == ["ATTACHED", "PREAMBLE", "CLIENTS", "DATA", "LIVE", "EXIT"]
    assert FrameReader().feed(data)[3].offset_and_bytes() == (4, b"456789")
    assert (outgoing.done, outgoing.behind, outgoing.next()) == (True, False, b"")


def test_a_preamble_that_is_too_long_for_a_frame_goes_in_several(log: Log) -> None:
    preamble = bytes(range(256)) * 3000
    outgoing = Outgoing(log)
    outgoing.begin(10, {"end": 10}, preamble)
    sent = FrameReader().feed(outgoing.next())
    assert b"".join(each.payload for each in sent if each.type is Type.PREAMBLE) == preamble
    assert (sent[0].type, sent[-1].type) == (Type.ATTACHED, Type.LIVE)


def test_live_is_said_once_where_the_log_ended_at_the_attach(log: Log) -> None:
    outgoing = Outgoing(log)
    log.append(b"x" * 200_000)
    outgoing.begin(0, {"end": log.end})
    log.append(b"y" * 10)
    seen = []
    while outgoing.behind:
        seen += kinds(outgoing.next())
    assert seen.count("LIVE") == 1
    assert outgoing.live
    log.append(b"more")
    assert kinds(outgoing.next()) == ["DATA"]


def test_only_the_newest_of_a_kind_of_notice_is_sent(log: Log) -> None:
    outgoing = Outgoing(log)
    outgoing.begin(10, {"end": 10})
    outgoing.next()
    for total in range(1000):
        outgoing.notice(Type.ACK, frames.offsets_frame(Type.ACK, total))
    [ack] = FrameReader().feed(outgoing.next())
    assert ack.offsets(1) == (999,)


@pytest.mark.parametrize(("asked", "at"), [(None, 3), (0, 0), (7, 7), (10, 10), (99, 10)])
def test_data_starts_where_the_client_is(log: Log, asked: int | None, at: int) -> None:
    assert where(log, asked, 3) == at


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"client": ""},
        {"client": 5},
        {"client": "x" * 65},
        {"client": "a", "offset": -1},
        {"client": "a", "offset": "0"},
        {"client": "a", "offset": True},
        {"client": "a", "offset": 1.5},
    ],
)
def test_a_wrong_attach_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        parse_attach(asked)


def test_an_attach_without_a_size_only_looks_on() -> None:
    def size(**asked: object) -> object:
        return parse_attach({"client": "a", "offset": None, **asked}).size

    assert size() is None
    assert size(cols=80, rows=0) is None
    assert size(cols=8000, rows=2) == (1000, 2)


def test_a_client_s_name_is_shown_to_others_and_so_made_harmless() -> None:
    asked = {"client": "a", "offset": 5, "name": " \x1b[31mann\n@laptop" + "x" * 100}
    assert parse_attach(asked).name == ("[31mann@laptop" + "x" * 100)[:63]
    assert parse_attach({"client": "a", "name": 7}).name == ""
