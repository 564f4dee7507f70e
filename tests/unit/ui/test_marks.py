"""What happened out of sight is marked until somebody looks."""

from mnix_tui.ui.marks import NOTHING, Kind, Marks


def test_the_strongest_mark_is_shown_and_looking_takes_it_away() -> None:
    marks = Marks()
    assert marks.of("a") is NOTHING
    marks.activity("a")
    assert marks.of("a").text == "•"
    marks.finished("a", 0)
    assert marks.of("a").text == "✓"
    marks.bell("a")
    assert marks.of("a").text == "!"
    marks.finished("a", 2)
    assert (marks.of("a").text, marks.of("a").sign, marks.of("a").tone) == ("✕ 2", "✕", "bad")
    marks.seen("a")
    assert marks.of("a") is NOTHING


def test_the_last_command_counts() -> None:
    marks = Marks()
    marks.finished("a", 2)
    marks.finished("a", 0)
    assert marks.of("a").text == "✓"
    marks.finished("a", None)
    assert marks.of("a").text == "✓"


def test_a_shell_that_is_over_stays_marked_until_its_tab_goes() -> None:
    marks = Marks()
    marks.ended("a", 130)
    marks.seen("a")
    marks.activity("a")
    assert marks.of("a").text == "✕ 130"
    marks.ended("b", 0)
    assert marks.of("b").kind is Kind.ENDED
    assert marks.of("b").tone == "note"
    marks.drop("a")
    assert marks.of("a") is NOTHING


def test_a_project_shows_the_strongest_of_its_shells() -> None:
    marks = Marks()
    marks.activity("a")
    marks.finished("b", 1)
    assert marks.strongest(["a", "b", "c"]).text == "✕ 1"
    assert marks.strongest([]) is NOTHING
