"""Whose size a terminal has, and how a program is brought to paint again."""

from collections.abc import Callable

from server_agent.jobs import lead
from server_agent.jobs.lead import Lead


class Terminal:
    """What a holder's child is to its leader: it notes its sizes."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def resize(self, cols: int, rows: int) -> None:
        self.sizes.append((cols, rows))


class Loop:
    """Timers that are run by hand."""

    def __init__(self) -> None:
        self.timers: list[Callable[[], None]] = []

    def later(self, _delay: float, call: Callable[[], None]) -> None:
        self.timers.append(call)

    def run(self, leader: Lead) -> None:
        timers, self.timers = self.timers, []
        for call in timers:
            call()
        leader.settle()


def made(size: tuple[int, int] = (80, 24)) -> tuple[Lead, Terminal, Loop]:
    terminal, loop = Terminal(), Loop()
    return Lead(terminal, size, loop.later), terminal, loop  # type: ignore[arg-type]


def over(leader: Lead, loop: Loop) -> None:
    """Let timers run until none is left."""
    while loop.timers:
        loop.run(leader)


def test_many_changes_of_one_turn_are_one() -> None:
    leader, terminal, _ = made()
    for number in range(100):
        leader.take("a", (100 + number, 30))
    assert leader.settle()
    assert not leader.settle()
    assert terminal.sizes == [(199, 30)]
    leader.take("b", (199, 30))
    assert leader.settle()  # who leads is news, though the size is not
    assert terminal.sizes == [(199, 30)]


def test_a_nudge_is_another_size_and_back() -> None:
    for size, other in (((80, 24), (80, 23)), ((80, 1), (79, 1))):
        leader, terminal, loop = made(size)
        leader.nudge()
        leader.settle()
        leader.output()
        over(leader, loop)
        assert terminal.sizes == [other, size]


def test_a_nudge_ends_with_the_size_of_whoever_leads_by_then() -> None:
    leader, terminal, loop = made()
    leader.nudge()
    leader.settle()
    leader.take("b", (100, 23))  # as many rows as the nudge gave
    leader.settle()
    leader.nudge()  # and another client comes
    over(leader, loop)
    assert terminal.sizes == [(80, 23), (100, 22), (100, 23)]


def test_a_program_that_draws_nothing_gets_its_size_back_too() -> None:
    leader, terminal, loop = made()
    assert 0 < lead.NUDGE < lead.NUDGE_MOST < 1
    leader.nudge()
    leader.settle()
    over(leader, loop)
    assert terminal.sizes[-1] == (80, 24)
