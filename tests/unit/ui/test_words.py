"""How ages, sizes and untrusted text are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.ui import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "now"),
        (4, "now"),
        (59, "59s ago"),
        (60, "1m ago"),
        (3599, "59m ago"),
        (7200, "2h ago"),
        (86400 * 3, "3d ago"),
        (86400 * 800, "2y ago"),
    ],
)
def test_ago(seconds: float, text: str) -> None:
    assert words.ago(1_000_000_000 - seconds, 1_000_000_000) == text


def test_never_is_said() -> None:
    assert words.ago(None, 5) == "never"


@given(st.floats(0, 1e10))
def test_an_age_fits_its_column(seconds: float) -> None:
    assert len(words.ago(0, seconds)) <= 8


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "?"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (150 * 1024**2, "150 MiB"),
        (3 * 1024**4, "3.0 TiB"),
    ],
)
def test_size(count: float | None, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (18, "18 s"), (125, "2 min 5 s"), (120, "2 min"), (3840, "1 h 4 min")],
)
def test_took(seconds: float, text: str) -> None:
    assert words.took(seconds) == text


@given(st.text(), st.integers(1, 40))
def test_fit_keeps_the_width(text: str, width: int) -> None:
    assert len(words.fit(text, width)) <= max(width, 0) or len(text) <= width
    assert len(words.fit_name(text, width)) <= max(width, 0) or len(text) <= width


def test_names_that_differ_at_their_ends_only_are_told_apart() -> None:
    assert words.fit_name("web-01.example", 40) == "web-01.example"
    assert [words.fit_name(f"n127000{at}", 6) for at in (1, 2)] == ["n12…01", "n12…02"]
    assert [words.fit_name("tokyo", width) for width in (4, 3, 2, 1)] == ["to…o", "t…o", "t…", "…"]


@given(st.text(alphabet=st.characters(), max_size=200))
def test_untrusted_text_loses_its_controls(text: str) -> None:
    for cleaned in (words.plain(text), words.visible(text)):
        assert not any(
            ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter in "\u202e\u2066\u200b"
            for letter in cleaned
        )


def test_escape_sequences_go_whole() -> None:
    assert words.visible("\x1b[31mred\x1b[0m \x1b]0;title\x07ok\x1b[2J") == "red ok"


@given(st.floats(-2, 3), st.integers(1, 30))
def test_meters_have_their_width(share: float, width: int) -> None:
    assert len(words.meter(share, width)) == width


@given(st.lists(st.floats(-1, 40), max_size=9))
def test_sparks_never_fail(shares: list[float]) -> None:
    assert len(words.spark(shares)) == min(len(shares), 3)


def test_the_home_folder_is_short() -> None:
    assert words.home_short("/home/dev/x", "/home/dev") == "~/x"
    assert words.home_short("/home/adam/x", "/home/dev") == "/home/adam/x"
    assert words.home_short("/home/dev", "/home/dev") == "~"


def test_a_time_in_the_future_is_nobodys_now() -> None:
    assert words.ago(1000.0 + 30, 1000.0) == "now"
    assert words.ago(1000.0 + 86400, 1000.0) == "unknown"


def test_a_fingerprint_has_a_line_of_its_own_and_is_not_broken() -> None:
    shown, known = "aB3/" * 10 + "xyz", "bC4+" * 10 + "abc"
    text = f"tokyo shows ED25519 SHA256:{shown}; known is RSA SHA256:{known} (known_hosts line 7)"
    wide = words.wrapped(text, 60)
    assert wide == [
        "tokyo shows",
        f"ED25519 SHA256:{shown}",
        "known is",
        f"RSA SHA256:{known}",
        "(known_hosts line 7)",
    ]
    narrow = words.wrapped(text, 48)
    assert {shown, known} <= set(narrow)
    assert max(map(len, narrow)) <= 48
    assert words.wrapped("no route to host", 10) == ["no route", "to host"]
