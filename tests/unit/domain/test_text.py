"""Text from elsewhere, made safe to show."""

from mnix_tui.domain.text import plain


def test_what_moves_a_terminal_is_taken_out() -> None:
    assert plain("a\x1b[2Jb\r\nc\ud800") == "a [2Jb  c "
    assert plain(None) == "None"


def test_it_is_bounded() -> None:
    assert plain("x" * 10_000, 5) == "xxxx…"
    assert plain("xxxxx", 5) == "xxxxx"
