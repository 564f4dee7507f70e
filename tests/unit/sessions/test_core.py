import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.errors import InputFull
from mnix_tui.sessions.core import AttachCore
from mnix_tui.sessions.events import (
    Attached,
    AttachedClient,
    AttachEvent,
    Clients,
    Exited,
    Gap,
    Leads,
    Live,
    Output,
    Preamble,
)
from server_agent.protocol import frames
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import Type
from tests.unit.sessions.model import Client, HolderModel


class Line:
    """A core and a model of its holder, with a connection between them that can be cut."""

    def __init__(self, core: AttachCore, holder: HolderModel) -> None:
        self.core, self.holder = core, holder
        self.events: list[AttachEvent] = []
        self.connect()

    def connect(self) -> None:
        self.client = Client(self.holder)
        self.towards = bytearray(self.core.attach())
        self.back = bytearray()

    def turn(self, there: int = 1 << 30, back: int = 1 << 30) -> None:
        """Carry at most so many bytes each way."""
        data, self.towards = bytes(self.towards[:there]), self.towards[there:]
        self.back += self.client.feed(data) + self.client.news()
        data, self.back = bytes(self.back[:back]), self.back[back:]
        events, out = self.core.feed(data)
        self.events += events
        self.towards += out

    def rest(self) -> None:
        while self.towards or self.back or self.core.waiting:
            self.turn()

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output))


def fresh(cols: int = 80, rows: int = 24) -> AttachCore:
    return AttachCore(cols, rows, fresh=True)


def test_a_fresh_client_gets_the_modes_the_log_and_then_what_is_live() -> None:
    line = Line(fresh(), HolderModel(b"hello"))
    line.turn()
    assert [type(event) for event in line.events] == [Attached, Preamble, Output, Live]
    assert line.output == b"hello"
    line.holder.log += b" world"
    line.turn()
    assert line.events[-1] == Output(b" world", 5)


def test_what_is_no_longer_kept_is_a_gap() -> None:
    line = Line(AttachCore(80, 24, fresh=False), HolderModel(b"0123456789", kept_from=4))
    line.turn()
    assert Gap(0, 4) in line.events
    assert line.output == b"456789"


def test_typing_is_kept_until_it_is_confirmed() -> None:
    line = Line(fresh(), HolderModel())
    assert line.core.write(b"before") == b""
    line.turn()
    line.rest()
    assert bytes(line.holder.typed) == b"before"
    assert line.core.waiting == 0


def test_more_than_a_mebibyte_does_not_wait() -> None:
    core = fresh()
    core.write(b"x" * (1 << 20))
    with pytest.raises(InputFull):
        core.write(b"y")


STEP = st.one_of(
    st.tuples(st.just("type"), st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("print"), st.binary(min_size=1, max_size=3000)),
    st.tuples(st.just("carry"), st.tuples(st.integers(0, 4000), st.integers(0, 4000))),
    st.tuples(st.just("cut"), st.none()),
)


@given(st.lists(STEP, max_size=40))
def test_nothing_is_lost_and_nothing_comes_twice_however_often_the_line_is_cut(
    steps: list[tuple[str, object]],
) -> None:
    core, holder = fresh(), HolderModel()
    line = Line(core, holder)
    typed = b""
    for kind, what in steps:
        if kind == "type":
            assert isinstance(what, bytes)
            typed += what
            line.towards += core.write(what)
        elif kind == "print":
            assert isinstance(what, bytes)
            holder.log += what
        elif kind == "carry":
            assert isinstance(what, tuple)
            line.turn(*what)
        else:
            line.connect()
    line.connect()
    line.turn()
    line.rest()
    assert bytes(holder.typed) == typed
    assert line.output == bytes(holder.log)
    offsets = [event.offset for event in line.events if isinstance(event, Output)]
    assert offsets == sorted(set(offsets))


def test_the_exit_is_the_last_word() -> None:
    holder = HolderModel(b"bye")
    holder.exit = (3, "")
    line = Line(fresh(), holder)
    line.turn()
    assert Exited(3, "") in line.events
    assert line.core.ended


def test_a_signal_that_ended_the_job_is_a_code_too() -> None:
    core = fresh()
    core.attach()
    data = frames.json_frame(Type.EXIT, {"code": None, "signal": 9, "reason": "killed"})
    assert core.feed(data)[0] == [Exited(137, "killed")]


def test_the_lead_is_followed() -> None:
    line = Line(fresh(), HolderModel())
    line.turn()
    data = frames.json_frame(Type.LEADS, {"client": line.core.client, "cols": 80, "rows": 24})
    assert line.core.feed(data)[0] == [Leads(True, 80, 24)]
    data = frames.json_frame(Type.LEADS, {"client": "other", "cols": 200, "rows": 50})
    assert line.core.feed(data)[0] == [Leads(False, 200, 50)]


def test_a_size_set_while_the_line_is_down_is_sent_with_the_next_attach() -> None:
    holder = HolderModel()
    line = Line(fresh(), holder)
    line.turn()
    holder.leader = line.core.client
    line.connect()
    assert line.core.resize(200, 50) == b""
    line.connect()
    line.turn()
    line.turn()
    assert holder.size == (200, 50)


@pytest.mark.parametrize("size", [(200, 50), (0, 0)])
def test_a_size_set_while_it_attaches_is_sent_also_by_who_does_not_lead(
    size: tuple[int, int],
) -> None:
    holder = HolderModel()
    holder.leader = "other"
    line = Line(fresh(), holder)
    assert line.core.resize(*size) == b""
    line.turn()
    line.turn()
    assert holder.size == (size if all(size) else (80, 24))


def test_the_lead_that_is_taken_before_the_stream_is_there_is_taken_once() -> None:
    holder = HolderModel()
    holder.leader = "other"
    line = Line(fresh(), holder)
    assert line.core.lead() == b""
    line.turn()
    line.turn()
    assert holder.leader == line.core.client
    holder.leader = "other"
    line.connect()
    line.turn()
    line.turn()
    assert holder.leader == "other"


def test_a_holder_that_forgot_who_typed_gets_what_is_kept_and_nothing_else() -> None:
    holder = HolderModel()
    line = Line(fresh(), holder)
    line.turn()
    line.towards += line.core.write(b"before")
    line.rest()
    holder.accepted.clear()
    line.core.write(b" kept")
    line.connect()
    line.turn()
    line.rest()
    line.towards += line.core.write(b" after")
    line.rest()
    assert bytes(holder.typed) == b"before kept after"


def test_signals_the_lead_and_the_end_of_input_reach_the_holder() -> None:
    line = Line(fresh(), HolderModel())
    line.turn()
    line.towards += line.core.signal("TERM") + line.core.lead() + line.core.eof()
    line.turn()
    assert line.holder.signals == ["TERM"]
    assert line.holder.leader == line.core.client
    assert line.holder.eof


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 5,
        frames.frame(Type.INPUT, b"12345678x"),
        frames.frame(Type.ATTACHED, b"[]"),
        frames.json_frame(Type.ATTACHED, {"offset": 1}),
        frames.json_frame(Type.ATTACHED, {"offset": "a", "end": 0, "accepted": 0, "job": {}}),
        frames.frame(Type.DATA, b"short"),
        frames.frame(Type.GAP, b"short"),
        frames.frame(Type.EXIT, b"{"),
    ],
)
def test_what_no_holder_says_is_refused(data: bytes) -> None:
    core = fresh()
    core.attach()
    with pytest.raises(ProtocolError):
        core.feed(data)


@given(st.binary(max_size=200))
def test_hostile_bytes_raise_one_kind_of_error_only(data: bytes) -> None:
    core = fresh()
    core.attach()
    try:
        core.feed(data)
    except ProtocolError:
        pass


def test_what_was_typed_and_never_arrived_is_counted_in_the_end() -> None:
    holder = HolderModel()
    line = Line(fresh(), holder)
    line.turn()
    line.core.write(b"kept")
    holder.exit = (0, "")
    line.connect()
    line.core.write(b" while down")
    data = frames.json_frame(Type.EXIT, {"code": 0, "signal": None, "reason": ""})
    assert line.core.feed(data)[0] == [Exited(0, "", len(b"kept while down"))]


def test_room_is_what_may_be_typed_still() -> None:
    core = fresh()
    assert core.room == 1 << 20
    core.write(b"x" * 1000)
    assert core.room == (1 << 20) - 1000


def test_others_are_told_with_their_names() -> None:
    core = AttachCore(80, 24, fresh=True, name="ann@laptop\x1b[2J")
    assert core.attach().endswith(b'"name":"ann@laptop[2J"}')
    said = {
        "clients": 3,
        "names": [
            {"client": core.client, "name": "ann@laptop", "since": 5, "mine": True},
            {"client": "b", "name": "bob@desk", "since": 7.5},
            {"client": "c", "name": "\x1b\n", "since": "never"},
            "nonsense",
        ],
    }
    (told,) = core.feed(frames.json_frame(Type.CLIENTS, said))[0]
    assert told == Clients((AttachedClient("bob@desk", 7.5), AttachedClient("somebody", 0)), 3)
    (told,) = core.feed(frames.json_frame(Type.CLIENTS, {"clients": 2}))[0]
    assert told == Clients((), 2)


def test_the_size_of_the_leader_is_known_whoever_leads() -> None:
    holder = HolderModel()
    holder.size, holder.leader = (120, 40), "other"
    line = Line(fresh(), holder)
    line.turn()
    (attached,) = [event for event in line.events if isinstance(event, Attached)]
    assert (attached.mine, attached.cols, attached.rows) == (False, 120, 40)
    line.core.resize(100, 30)
    said = {"client": line.core.client, "cols": 100, "rows": 30}
    assert line.core.feed(frames.json_frame(Type.LEADS, said))[0] == [Leads(True, 100, 30)]
    assert line.core.mine


@pytest.mark.parametrize("size", [{"cols": "x", "rows": 1}, {"cols": [], "rows": {}}, {"cols": {}}])
def test_a_size_that_is_none_is_refused_or_ours(size: dict[str, object]) -> None:
    core = fresh()
    core.attach()
    try:
        events, _ = core.feed(frames.json_frame(Type.LEADS, {"client": "x", **size}))
    except ProtocolError:
        return
    assert events == [Leads(False, 80, 24)]
