import pytest

from mnix_tui.errors import (
    AgentUnusable,
    Busy,
    ConfigError,
    HostKeyChanged,
    LinkLost,
    LoginRefused,
    MnixError,
    PythonMissing,
    RemoteError,
    Unreachable,
)
from mnix_tui.link import policy


@pytest.mark.parametrize("error", [Unreachable("a"), LinkLost("b")])
def test_what_may_go_away_by_itself_is_tried_again(error: MnixError) -> None:
    assert policy.is_transient(error)


@pytest.mark.parametrize("error", [LoginRefused("a"), HostKeyChanged("b"), PythonMissing("c")])
def test_what_only_a_person_mends_is_never_tried_again(error: MnixError) -> None:
    assert policy.is_final(error)
    assert not policy.is_transient(error)


@pytest.mark.parametrize(
    "error",
    [AgentUnusable("a"), Busy("b"), ConfigError("c"), RemoteError("d"), MnixError("e")],
)
def test_anything_else_is_tried_again_slowly(error: MnixError) -> None:
    assert not policy.is_final(error)
    assert not policy.is_transient(error)
    waits = [policy.slow_delay(n) for n in (1, 2, 3, 4, 5, 6, 1_000_000)]
    assert waits == [30, 60, 120, 240, 480, 600, 600]


def test_waits_double_from_half_a_second_to_thirty() -> None:
    waits = [policy.delay(n, watched=False) for n in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_waits_are_short_while_somebody_looks() -> None:
    assert [policy.delay(n, watched=True) for n in range(1, 5)] == [0.5, 1, 1, 1]


def test_a_million_failures_overflow_nothing() -> None:
    assert policy.delay(1_000_000, watched=False) == 30
