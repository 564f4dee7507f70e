from typing import Any

import pytest

from mnix_tui.link import clock


@pytest.mark.parametrize(
    ("there", "off"),
    [(1000.0, 0), (1059.0, 0), (941, 0), (5000.0, 4000), (-3000, -4000), (None, 0), ("x", 0)],
)
def test_a_clock_is_off_or_as_good_as_right(there: Any, off: float) -> None:
    assert clock.ahead(there, 1000.0) == off


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 10**400, True, [], 1e300])
def test_a_clock_that_makes_no_sense_moves_nothing(odd: Any) -> None:
    assert clock.ahead(odd, 1000.0) == 0


def test_times_are_moved_wherever_they_are_and_nothing_else() -> None:
    said = {
        "projects": [{"pushed": 5000.5, "sessions": 3, "state": "running"}],
        "jobs": [{"started": 4000, "ended": None, "active": 0, "title": "started"}],
        "time": "never",
    }
    assert clock.in_our_time(said, 3000.0) == {
        "projects": [{"pushed": 2000.5, "sessions": 3, "state": "running"}],
        "jobs": [{"started": 1000.0, "ended": None, "active": 0, "title": "started"}],
        "time": "never",
    }


def test_what_is_nested_without_end_is_left_alone() -> None:
    deep: Any = {"time": 1.0}
    for _ in range(5000):
        deep = {"more": [deep]}
    assert clock.in_our_time(deep, 1.0)
