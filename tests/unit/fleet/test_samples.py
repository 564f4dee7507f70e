"""Short histories of how busy things are."""

from mnix_tui.fleet.samples import GAP, KEPT, History
from mnix_tui.link import Stats
from mnix_tui.link.model import Usage


def stats(seen: float, load: float | None = 1.0, **usage: Usage) -> Stats:
    return Stats(
        load1=load, cpus=2, memory_total=100, memory_available=25, disk_total=10, disk_free=10,
        store=7, usage=usage, seen=seen,
    )  # fmt: skip


def test_samples_are_shares_and_the_newest_is_last() -> None:
    history = History()
    history.add(stats(5, 1.0))
    history.add(stats(10, 4.0))
    samples = history.samples
    assert (samples.load, samples.memory, samples.disk) == ((0.5, 2.0), (0.75, 0.75), (0.0, 0.0))
    assert (samples.store, samples.seen) == ((7, 7), 10)


def test_what_was_not_measured_is_no_sample() -> None:
    history = History()
    history.add(Stats(seen=5))
    assert history.samples.load == history.samples.memory == history.samples.store == ()
    assert history.samples.seen == 5


def test_a_history_is_bounded_and_begins_anew_after_a_gap() -> None:
    history = History()
    for second in range(KEPT + 20):
        history.add(stats(second, second * 2))
    assert history.samples.load == tuple(float(n) for n in range(20, KEPT + 20))
    history.add(stats(KEPT + 20 + GAP + 1, 1.0))
    assert history.samples.load == (0.5,)


def test_a_history_of_a_container_bridges_a_missing_sample_and_ends_with_it() -> None:
    history = History()
    history.add(stats(5, api=Usage(0.5, 100, 1000), web=Usage(0.1, 10)))
    history.add(stats(10, api=Usage(1.5, 200, 1000)))
    history.add(stats(12))  # of an agent that has just begun
    assert set(history.usage) == {"api", "web"}
    used = history.usage["api"]
    assert (used.cpu, used.memory, used.limit, used.seen) == ((0.5, 1.5), (100, 200), 1000, 10)
    history.add(stats(14, api=Usage(0.5, 200)))
    assert history.usage["api"].cpu[-2:] == (1.5, 0.5)
    history.add(stats(14 + GAP + 1, api=Usage(2.0, 300)))
    assert set(history.usage) == {"api"}
    assert history.usage["api"].cpu[:-1] == ()
