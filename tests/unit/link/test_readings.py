"""What an agent says of its machine is checked before anybody counts with it."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.link import readings, wire
from mnix_tui.link.model import Stats, Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=70), inner),
    max_leaves=20,
)
NAMES = st.sampled_from(["load1", "cpus", "memory_total", "disk_free", "store", "usage"])


def test_an_event_says_how_busy_the_machine_and_its_containers_are() -> None:
    told = {
        "load1": 1.5,
        "cpus": 4,
        "memory_total": 8 << 30,
        "memory_available": 2 << 30,
        "disk_total": 1 << 40,
        "disk_free": 1 << 39,
        "store": 5 << 30,
        "usage": {"abcdefgh": [0.25, 1 << 20, 1 << 30], "bbbbbbbb": [0, 5, None]},
    }
    found = wire.stats(told, 7.0)
    assert found == Stats(
        1.5, 4, 8 << 30, 2 << 30, 1 << 40, 1 << 39, 7.0, 5 << 30,
        {"abcdefgh": Usage(0.25, 1 << 20, 1 << 30), "bbbbbbbb": Usage(0.0, 5, None)},
    )  # fmt: skip


def test_an_older_agent_says_nothing_of_stores_and_containers() -> None:
    found = wire.stats({"load1": 0.5, "cpus": 2}, 0)
    assert (found.store, found.usage, found.memory_total) == (None, {}, None)


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        [1],
        ["1", 2],
        [1, "2"],
        [-1, 2],
        [1, -2],
        [math.inf, 2],
        [math.nan, 2],
        [10**400, 2],
        [1, 10**400],
        [True, 2],
        {"a": 1},
    ],
)
def test_what_is_no_reading_is_left_out(row: Any) -> None:
    assert readings.usages({"abcdefgh": row, "bbbbbbbb": [1, 2]}) == {"bbbbbbbb": Usage(1.0, 2)}


@given(st.dictionaries(NAMES, JSON))
def test_whatever_an_agent_says_is_a_reading_or_none(told: dict[str, Any]) -> None:
    found = wire.stats(told, 1.0)
    numbers = [found.load1, found.cpus, found.memory_total, found.disk_free, found.store]
    for usage in found.usage.values():
        numbers += [usage.cpu, usage.memory, usage.memory_limit]
    assert all(number is None or (math.isfinite(number) and number >= 0) for number in numbers)


def test_the_number_of_containers_is_bounded() -> None:
    flood = {f"id{n}": [1, 2] for n in range(20_000)}
    assert len(readings.usages(flood)) == readings.MOST
