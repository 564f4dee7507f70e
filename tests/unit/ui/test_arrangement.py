"""A project's tabs stay as they were made, whatever comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.ui import arrangement
from mnix_tui.ui.arrangement import Arrangement
from mnix_tui.ui.splits import Leaf, Split

ABC = Arrangement((Leaf("a"), Leaf("b"), Leaf("c")), "a")


def test_new_shells_get_tabs_behind_the_others_and_gone_ones_none() -> None:
    kept = Arrangement((Split(True, Leaf("b"), Leaf("gone")), Leaf("a")), "gone")
    assert kept.fitted(["a", "b", "new"]).windows == (Leaf("b"), Leaf("a"), Leaf("new"))


def test_a_closed_shell_gets_no_tab_until_it_is_asked_for() -> None:
    closed = ABC.without("b", closed=True)
    assert closed.fitted(["a", "b", "c"]).jobs == ("a", "c")
    assert closed.shown("b").fitted(["a", "b", "c"]).jobs == ("a", "c", "b")


def test_closed_shells_that_are_gone_crowd_out_none_that_runs() -> None:
    tabs = Arrangement(closed=frozenset({f"dead{n:03}" for n in range(100)}))
    tabs = tabs.fitted(["live"]).without("live", closed=True).fitted(["live"])
    assert arrangement.from_json(tabs.to_json()).closed == {"live"}
    assert not tabs.jobs


def test_splitting_takes_a_shell_from_where_it_was() -> None:
    split = ABC.split("a", "c", beside=True)
    assert split.windows == (Split(True, Leaf("a"), Leaf("c")), Leaf("b"))
    assert split.active == "c"
    assert ABC.split("a", "new", beside=False).windows[0] == Split(False, Leaf("a"), Leaf("new"))
    assert ABC.split("a", "a", beside=True).windows == ABC.windows
    assert ABC.split("gone", "b", beside=True).windows == ABC.windows


def test_a_shell_leaves_its_split_for_a_tab_of_its_own() -> None:
    split = ABC.split("a", "b", beside=True)
    assert split.alone("a").windows == (Leaf("b"), Leaf("a"), Leaf("c"))
    assert split.alone("c") == split


def test_tabs_move_as_far_as_there_are_tabs() -> None:
    assert ABC.moved("a", 1).jobs == ("b", "a", "c")
    assert ABC.moved("a", -1).jobs == ("a", "b", "c")
    assert ABC.moved("b", 9).jobs == ("a", "c", "b")


names = st.sampled_from(["a", "b", "c", "d", "e"])
steps = st.one_of(
    st.tuples(st.just("split"), names, names),
    st.tuples(st.just("alone"), names),
    st.tuples(st.just("close"), names),
    st.tuples(st.just("shown"), names),
    st.tuples(st.just("moved"), names, st.integers(-2, 2)),
)


@given(st.lists(steps, max_size=20))
def test_no_shell_is_ever_shown_twice_or_lost(done: list[tuple[str, ...]]) -> None:
    shells = ["a", "b", "c", "d", "e"]
    tabs = Arrangement().fitted(shells)
    for name, job, *rest in done:
        if name == "split":
            tabs = tabs.split(job, rest[0], beside=True)
        elif name == "alone":
            tabs = tabs.alone(job)
        elif name == "close":
            tabs = tabs.without(job, closed=True)
        elif name == "shown":
            tabs = tabs.shown(job)
        else:
            tabs = tabs.moved(job, int(rest[0]))
        tabs = tabs.fitted(shells)
        assert sorted([*tabs.jobs, *tabs.closed]) == shells
        assert arrangement.from_json(tabs.to_json()).windows == tabs.windows


@given(st.text(max_size=40))
def test_what_was_kept_badly_counts_as_nothing(text: str) -> None:
    assert isinstance(arrangement.from_json(text), Arrangement)


def test_what_others_kept_is_taken_with_care() -> None:
    odd = (
        '{"windows": ["a", {"first": "a", "second": "b"}, 3, []], "active": 7, "closed": ["a", 2]}'
    )
    assert arrangement.from_json(odd) == Arrangement((Leaf("a"), Leaf("b")))
    many = Arrangement(tuple(Leaf(f"s{n}") for n in range(1000)))
    assert len(arrangement.from_json(many.to_json()).jobs) == arrangement.MAX_KEPT
