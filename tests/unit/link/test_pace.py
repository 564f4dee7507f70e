"""A peer that floods makes little work: a burst, and then a share of the time."""

import pytest

from mnix_tui.link import pace


def test_what_comes_now_and_then_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("mnix_tui.link.pace.time.monotonic", lambda: now[0])
    steady = pace.Pace()
    for second in range(100):
        now[0] = float(second)
        assert steady.rest(0.05) == 0.0


def test_a_flood_gets_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, work = [0.0], 0.0
    monkeypatch.setattr("mnix_tui.link.pace.time.monotonic", lambda: now[0])
    flood = pace.Pace()
    while now[0] < 100.0:
        work += 0.03
        now[0] += 0.03
        now[0] += flood.rest(0.03)
    assert work <= pace.BURST + 100.0 * pace.SHARE + 0.1
    assert work >= 100.0 * pace.SHARE
