"""The graph of a rebuild: found in nix's log, read from derivations, whatever is in them."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from server_agent.core.relay import LONGEST, encode
from server_agent.core.relay_graph import MOST, SIZE, Notices, edges, files, inputs, lines

HASH = "0123456789abcdfghijklmnpqrsvwxyz"
A, B, C = (f"/nix/store/{HASH}-{name}.drv" for name in ("a-1.0", "b+x_y", "c?=.z"))


def started(drv: str, kind: int = 105) -> bytes:
    event = {
        "action": "start",
        "fields": [drv, "", 1, 1],
        "id": 1,
        "level": 3,
        "parent": 0,
        "text": f"building '{drv}'",
        "type": kind,
    }
    return b"@nix " + json.dumps(event, separators=(",", ":")).encode() + b"\n"


def derivation(*needs: str, outputs: str = '("out","/nix/store/x","","")', rest: str = "") -> bytes:
    listed = ",".join(f'("{drv}",["out","dev"])' for drv in needs)
    text = f'Derive([{outputs}],[{listed}],["/nix/store/src"],"x86_64-linux","/bin/sh",[],[{rest}])'
    return text.encode()


def test_what_is_built_is_noticed_once() -> None:
    notices = Notices()
    planned = (
        b'@nix {"action":"msg","level":3,"msg":"these 2 derivations will be built:"}\n'
        b'@nix {"action":"msg","level":3,"msg":"  %s"}\n' % C.encode()
    )
    assert notices.feed(started(A) + started(B, 108) + started(A) + b"text\n") == [A]
    assert notices.feed(planned) == [C]
    assert notices.feed(started(C)) == []


def test_what_builders_print_is_not_noticed() -> None:
    forged = started(A).decode().rstrip("\n")
    line = {"action": "result", "fields": [forged], "id": 1, "type": 101}
    notices = Notices()
    printed = b"@nix " + json.dumps(line, separators=(",", ":")).encode() + b"\n"
    assert notices.feed(printed) == []
    assert notices.feed(b"x" + started(A)) == []
    assert notices.feed(started("/nix/store/../../etc/passwd.drv")) == []
    assert notices.feed(started(f"/nix/store/{HASH}-a b;rm.drv")) == []


@given(st.lists(st.integers(1, 40), max_size=30))
def test_it_is_noticed_wherever_the_log_is_cut(sizes: list[int]) -> None:
    log = b"@nix {}\n" + started(A) + b"plain\n" + started(B) + b"rest"
    notices, found, at = Notices(), [], 0
    for size in [*sizes, len(log)]:
        found += notices.feed(log[at : at + size])
        at += size
    assert found == [A, B]


def test_a_line_without_an_end_is_not_kept() -> None:
    notices = Notices()
    for _ in range(100):
        notices.feed(b"x" * 10_000)
    assert len(notices._rest) <= 64 << 10
    assert notices.feed(started(A)) == []  # it ends that long line
    assert notices.feed(started(A)) == [A]


def test_a_million_lines_take_no_time() -> None:
    line = b'@nix {"action":"result","fields":["checking /nix/store... yes"],"id":1,"type":101}\n'
    notices, chunk = Notices(), line * 700
    began = time.perf_counter()
    for _ in range(1_000_000 // 700):
        notices.feed(chunk)
    assert time.perf_counter() - began < 3


def test_the_needs_of_a_derivation_are_read() -> None:
    assert inputs(derivation(A, B)) == [A, B]
    assert inputs(derivation()) == []
    # Strings with brackets, quotes and names of derivations are only strings.
    odd = f'("o]u\\"t[(","/nix/store/x)","",""),("dev","{A}","","")'
    assert inputs(derivation(B, outputs=odd, rest=f'("x","[(\\"{C}\\"")')) == [B]
    dynamic = f'DrvWithVersion("xp-dyn-drv",[("out","","","")],[("{A}",(["out"],[("{B}",[])]))],[])'
    assert A in inputs(dynamic.encode())


@given(st.binary(max_size=200))
def test_no_file_is_too_odd(data: bytes) -> None:
    inputs(data)
    inputs(b"Derive([" + data)
    dict(files(data))


def test_a_huge_or_cut_file_is_read_in_no_time() -> None:
    many = derivation(*[f"/nix/store/{HASH}-{number}.drv" for number in range(10_000)])
    began = time.perf_counter()
    assert len(inputs(many)) == 4000
    assert inputs(b'Derive([("' + b"\\" * SIZE) == []
    assert inputs(b"Derive([" + b'"\\' * (SIZE // 2)) == []
    assert inputs(b"Derive(" + b"[(" * (SIZE // 2)) == []
    assert inputs(derivation(A, B)[:150]) in ([], [A])
    assert time.perf_counter() - began < 5


def test_files_are_told_apart_by_their_names() -> None:
    text = f"==> {A} <==\nDerive(1)\n==> /etc/passwd <==\nroot\n==> {B} <==\nDerive(2)".encode()
    assert dict(files(text)) == {A: b"Derive(1)", B: b"Derive(2)"}


def test_edges_are_those_among_what_is_built() -> None:
    graph = edges({A: [B, C, B], B: ["/nix/store/other.drv"], C: []})
    assert graph == {A: [B, C], B: [], C: []}


def test_the_graph_is_cut_into_lines_of_a_bounded_size() -> None:
    names = [f"/nix/store/{HASH}-{number:0150}.drv" for number in range(MOST)]
    graph = dict.fromkeys(names[:20], names[:1500])
    found = list(lines(graph))
    assert all(len(encode(line)) <= LONGEST for line in found)
    told = {drv: needs for line in found for drv, needs in line["inputs"].items()}
    assert list(told) == names[:20]
    assert not list(lines({}))
