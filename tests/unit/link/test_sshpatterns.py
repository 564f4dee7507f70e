import time

import pytest

from mnix_tui.link.sshconfig.algorithms import chosen
from mnix_tui.link.sshconfig.patterns import any_of, in_list, matches


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("box", "box", True),
        ("box", "b?x", True),
        ("box", "*", True),
        ("box", "Box", False),
        ("a.b", "a?b", True),
        ("ab", "a.b", False),
        ("a[b]", "a[b]", True),
        ("", "*", True),
    ],
)
def test_one_pattern(text: str, pattern: str, fits: bool) -> None:
    assert matches(text, pattern) is fits


def test_what_is_negated_must_not_fit() -> None:
    assert not any_of("db", ["*", "!d*"])
    assert not any_of("web", ["!d*"])
    assert in_list("WEB.lab", "*.LAB,!db.*", fold=True)
    assert not in_list("WEB.lab", "*.LAB")


def test_a_pattern_of_many_stars_is_quick() -> None:
    begin = time.monotonic()
    assert not matches("a" * 60, "*" * 40 + "b")
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("b,z,a", ["b", "a"]),
        ("+d", ["a", "b", "c", "d"]),
        ("-b,c*", ["a"]),
        ("^c,d", ["c", "d", "a", "b"]),
        ("z", []),
    ],
)
def test_lists_of_algorithms(spec: str, found: list[str]) -> None:
    assert chosen(spec, ["a", "b", "c"], ["a", "b", "c", "d"]) == found
