"""Finding a node of a build, and its lines byte for byte."""

import json

import pytest

from mnix_tui.cli.node_log import NodeLines, find_node
from mnix_tui.errors import NotFound, UsageError
from mnix_tui.nixlog import Build

A = f"/nix/store/{'a' * 32}-tool-1.0.drv"
B = f"/nix/store/{'b' * 32}-tool-1.0.drv"
C = f"/nix/store/{'c' * 32}-python3.11-numpy-1.26.drv"


def nix(**event: object) -> bytes:
    return b"@nix " + json.dumps(event, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def begin(ident: int, drv: str) -> bytes:
    return nix(action="start", id=ident, level=3, type=105, text="building", fields=[drv, "", 1, 1])


def said(ident: int, text: str) -> bytes:
    return nix(action="result", id=ident, type=101, fields=[text])


LOG = b"".join(
    (
        begin(7, A),
        begin(70, C),
        said(7, "one\ttab \x1b[31mred\x1b[m \x07 ä 日本"),
        said(70, "not mine"),
        said(7, ""),
        b'mnix: a step\n@mnix {"action":"plain","until":"N"}\n',
        said(7, "forged"),
        b'@mnix {"action":"end","until":"other"}\n',
        said(7, "forged too"),
        b'@mnix {"action":"end","until":"N"}\n',
        nix(action="stop", id=7),
        said(7, "after its end"),
        begin(8, A),
        said(8, "  again  "),
        said(8, "x" * 100_000),
        b"@nix {broken\n",
    )
)
LINES = ["one\ttab \x1b[31mred\x1b[m \x07 ä 日本", "", "  again  ", "x" * 100_000]


@pytest.mark.parametrize("size", [1 << 20, 4096, 61])
def test_the_lines_of_one_builder_are_what_it_printed(size: int) -> None:
    lines = NodeLines(A)
    got = [line for at in range(0, len(LOG), size) for line in lines.feed(LOG[at : at + size])]
    assert got == LINES


def built(*drvs: str) -> Build:
    build = Build()
    for ident, drv in enumerate(drvs):
        build.feed(begin(ident, drv) + said(ident, "hello") + nix(action="stop", id=ident))
    return build


def test_a_node_is_found_by_path_name_and_part() -> None:
    build = built(A, C)
    for wanted in (A, "tool-1.0", "tool", "ool-1", A.rsplit("/", 1)[-1]):
        assert find_node(build, wanted).key == A, wanted
    assert find_node(build, "NumPy").key == C


def test_several_that_could_be_meant_are_listed() -> None:
    with pytest.raises(UsageError) as caught:
        find_node(built(A, B, C), "tool")
    assert caught.value.detail.splitlines() == [A, B]  # their names would say nothing
    with pytest.raises(UsageError) as caught:
        find_node(built(A, C), "o")
    assert caught.value.detail.splitlines() == ["python3.11-numpy-1.26", "tool-1.0"]
    with pytest.raises(NotFound) as missing:
        find_node(built(A), "zlib")
    assert missing.value.detail == "tool-1.0"
