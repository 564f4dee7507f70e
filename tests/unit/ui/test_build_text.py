"""What is said of a rebuild: lengths of time, counts, rows of the tree, the head at any width."""

import pytest
from rich.cells import cell_len
from rich.style import Style

from mnix_tui.nixlog import Node, NodeKind, NodeState, Row, Summary
from mnix_tui.ui import build_text
from mnix_tui.ui.widgets import build_head, build_paint
from mnix_tui.ui.widgets.build_head import Head

_MIB = 2**20


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0s"), (0.04, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (59.6, "1m 00s"),
        (125, "2m 05s"), (3600, "1h 00m"), (7380, "2h 03m"), (400_000, "4d 15h"),
    ],
)  # fmt: skip
def test_lengths_of_time_are_short(seconds: float, text: str) -> None:
    assert build_text.length(seconds) == text
    assert len(text) <= 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "~1s"), (7, "~7s"), (12, "~10s"), (58, "~60s"), (95, "~1m 40s"), (600, "~10m"),
     (5400, "~1h 30m")],
)  # fmt: skip
def test_what_nobody_knows_exactly_is_rounded(seconds: float, text: str) -> None:
    assert build_text.about(seconds) == text


def _counts(summary: Summary, *, live: bool = True, short: bool = False) -> list[str]:
    return [text for text, _ in build_text.counts(summary, live=live, short=short)]


def test_counts_leave_out_what_is_not_there() -> None:
    assert _counts(Summary()) == []
    some = Summary(
        builds_done=3,
        builds_running=1,
        builds_failed=1,
        downloads_done=4,
        downloads_total=9,
        bytes_done=200 * _MIB,
        bytes_total=300 * _MIB,
        warnings=2,
    )
    assert _counts(some) == [
        "✕ 1 failed",
        "● 3 built",
        "◐ 1 running",
        "↓ 4/9 downloaded 200/300 MiB",
        "2 warnings",
    ]
    assert _counts(some, live=False, short=True) == ["✕ 1", "● 3", "↓ 4/9 200/300 MiB"]


def _node(state: NodeState, **fields: object) -> Node:
    node = Node("/nix/store/x-hello-2.12.drv", "hello-2.12", NodeKind.BUILD, state)
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _row(row: Row, width: int, now: float = 100.0) -> str:
    look = build_paint.Look(width, now, selected=False, alive=False)
    return build_paint.paint(row, look, lambda _: Style(), Style()).text


def test_a_row_tells_phase_time_and_what_is_expected() -> None:
    node = _node(NodeState.RUNNING, started=78.0, phase="checkPhase", expected=44.0)
    text = _row(Row(node, 1, True, (True,), 0), 80)
    assert text.startswith("└─◐ hello-2.12  check")
    assert "━━━━━╌╌╌╌╌" in text
    assert "22s of ~45s" in text
    assert _row(Row(node, 0, True, (), 0), 44).split() == [
        "◐",
        "hello-2.12",
        "check",
        "~45s",
        "22s",
    ]


def test_a_download_tells_its_bytes() -> None:
    node = _node(NodeState.RUNNING, started=99.0, done=_MIB, total=4 * _MIB)
    node.kind = NodeKind.DOWNLOAD
    text = _row(Row(node, 0, True, (), 0), 80)
    assert "◐ ↓ hello-2.12" in text
    assert "1.0/4.0 MiB" in text


def test_what_failed_says_where_and_why() -> None:
    node = _node(
        NodeState.FAILED,
        started=1.0,
        ended=9.0,
        phase="buildPhase",
        error="failed with exit code 2",
    )
    assert "✕ hello-2.12  build: exit code 2" in _row(Row(node, 0, True, (), 0), 80)


def test_folded_rows_are_counted() -> None:
    assert "⋯ 7 above" in _row(Row(_node(NodeState.WAITING), 0, True, (), 7), 80)


@pytest.mark.parametrize("width", [8, 20, 39, 40, 63, 64, 200])
@pytest.mark.parametrize("depth", [0, 3, 60])
def test_a_row_is_exactly_as_wide_as_there_is_room(width: int, depth: int) -> None:
    node = _node(NodeState.RUNNING, started=0.0, phase="buildPhase", machine="界" * 9)
    node.name = "a-long-名前-" * 9
    row = Row(node, depth, False, (True,) * depth, 3)
    assert cell_len(_row(row, width)) == width


def test_a_hostile_name_is_cleaned() -> None:
    node = _node(NodeState.RUNNING, started=0.0, phase="a\x1b[2J\u202ePhase")
    node.name = "x\x1b]0;y\x07\u202ez"
    text = _row(Row(node, 0, True, (), 0), 80)
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("width", [20, 48, 72, 100, 180])
def test_the_head_fits_any_width(width: int) -> None:
    summary = Summary(builds_done=30, builds_running=4, builds_waiting=100, downloads_total=50,
                      downloads_done=20, bytes_done=_MIB, bytes_total=9 * _MIB, warnings=3)  # fmt: skip
    full = tuple(build_text.counts(summary, live=True, short=False))
    short = tuple(build_text.counts(summary, live=True, short=True))
    head = Head("◐", "Rebuild for generation 13", "busy", "building something long " * 3, "1m 02s",
                "~40s", 0.62, True, full, short, "Rebuild → gen 13")  # fmt: skip
    top = "".join(text for text, _ in build_head.first(head, width))
    below = "".join(text for text, _ in build_head.second(head, width))
    assert "1m 02s  ~40s left" in top
    assert "62%" in below
    if width >= 48:
        assert cell_len(top) == width
    assert ("100 waiting" in below) is (width == 180)
