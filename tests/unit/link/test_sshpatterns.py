import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_match_as_a_regular_expression_would(pattern: str, text: str) -> None:
    wanted = "".join({"*": ".*", "?": "."}.get(each, each) for each in pattern)
    assert matches(text, pattern) is bool(re.fullmatch(wanted, text))


@pytest.mark.parametrize("pattern", ["*" * 40 + "b", "*a" * 100 + "b"])
def test_a_pattern_made_to_take_for_ever_does_not(pattern: str) -> None:
    begin = time.monotonic()
    assert not matches("a" * 200, pattern)
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
