"""When frames are drawn, told by a clock of the test's own."""

from __future__ import annotations

import pytest

from mnix_tui.ui.terminal.pace import Pace


def flood(
    cost: float, *, typing: bool = False, focused: bool = True, seconds: float = 4.0
) -> float:
    """Draw whenever it is allowed; return the share of the time that went into frames."""
    pace, now, spent, frames = Pace(), 100.0, 0.0, 0
    end = now + seconds
    while now < end:
        if typing:
            pace.typed(now)
        wait = pace.wait(now, focused=focused)
        if wait > 0:
            now += wait
            continue
        now += cost
        pace.drawn(now, cost, focused=focused)
        spent += cost
        frames += 1
    assert frames <= seconds * (60 if focused else 10) + 3
    return spent / seconds


@pytest.mark.parametrize("cost", [0.0005, 0.004, 0.02, 0.1])
def test_floods_leave_most_of_the_time_to_interpreting(cost: float) -> None:
    assert flood(cost) < 0.2
    assert flood(cost, typing=True) < 0.6
    assert flood(cost, focused=False) < 0.2


def test_cheap_frames_come_sixty_times_a_second() -> None:
    assert flood(0.001) == pytest.approx(0.06, rel=0.1)


def test_echo_does_not_wait_for_the_frame_before_it() -> None:
    pace = Pace()
    for number in range(20):
        now = 50 + number * 0.035  # a key held down
        assert pace.wait(now, focused=True) <= 0
        pace.drawn(now + 0.0005, 0.0005)
        pace.typed(now)
        assert pace.wait(now + 0.002, focused=True) <= 0
        pace.drawn(now + 0.0025, 0.0005)


def test_replay_is_drawn_once_it_took_a_while() -> None:
    pace = Pace()
    pace.replays(10.0)
    assert pace.wait(10.0, focused=True, replaying=True) == pytest.approx(0.1)
    assert pace.wait(10.1, focused=True, replaying=True) <= 1e-9
    assert pace.wait(10.01, focused=True) <= 0
