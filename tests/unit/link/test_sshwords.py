from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.link.sshconfig import words as sshwords


@pytest.mark.parametrize(
    ("line", "keyword", "found"),
    [
        ("Port 22", "port", ["22"]),
        ("\tPORT=22 ", "port", ["22"]),
        ("Port = 22", "port", ["22"]),
        ("Port =22\r", "port", ["22"]),
        ('IdentityFile "a b" c', "identityfile", ["a b", "c"]),
        ("User a\\ b", "user", ["a b"]),
        ("User 'a \"b'", "user", ['a "b']),
        ("User ann # who", "user", ["ann"]),
        ("User ann#who", "user", ["ann#who"]),
        ("User", "user", []),
        ("# User", "", []),
        ("  ", "", []),
        ("\0User ann", "", []),
    ],
)
def test_lines_are_split_as_openssh_does(line: str, keyword: str, found: list[str]) -> None:
    word, rest = sshwords.keyword_and_rest(line)
    assert (word, sshwords.words(rest)) == (keyword, found)


def test_criteria_end_at_a_comment() -> None:
    found = sshwords.criteria('host a,b exec "test x = y" !user=bob # all')
    assert found == ["host", "a,b", "exec", "test x = y", "!user", "bob"]


@pytest.mark.parametrize("text", ['"open', "'open", 'a "b'])
def test_an_open_quote_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="quote"):
        sshwords.words(text)


@given(st.text(max_size=80))
def test_whatever_a_line_says_it_is_split_or_refused(line: str) -> None:
    with suppress(ValueError):
        _, rest = sshwords.keyword_and_rest(line)
        assert len(sshwords.words(rest)) <= len(line)
        assert len(sshwords.criteria(rest)) <= len(line)
