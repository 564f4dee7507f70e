"""The parts without a screen: addresses, columns, the line that is typed into."""

from __future__ import annotations

import pytest

from mnix_tui.terminal import Columns
from mnix_tui.ui.terminal import links
from mnix_tui.ui.terminal.columns import cells, cut, plain
from mnix_tui.ui.terminal.line_edit import LineEdit
from mnix_tui.ui.terminal.links import address_at, openable
from mnix_tui.ui.terminal.selection import Place, Selection


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://example.org", True),
        ("HTTP://example.org/a?b#c", True),
        ("mailto:ann@example.org", True),
        ("mailto:", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("ssh://host", False),
        ("-oProxyCommand=x", False),
        ("https://example.org/\x1b[31m", False),
        ("https://example.org/ x", False),
        ("https://[bad", False),
        ("https://example.org/" + "x" * 3000, False),
    ],
)
def test_only_web_and_mail_addresses_are_opened(address: str, good: bool) -> None:
    assert openable(address) is good


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.org/x.", "https://a.org/x"),
        ("(https://a.org/x_(y))", "https://a.org/x_(y)"),
        ("<https://a.org/x>", "https://a.org/x"),
        ("'https://a.org/x', ok", "https://a.org/x"),
        ("https://a.org/?q=1&r=2#top!", "https://a.org/?q=1&r=2#top"),
        ("no address", ""),
        ("xhttps://a.org", ""),
    ],
)
def test_finds_the_address_without_its_sentence(text: str, address: str) -> None:
    at = text.find("a.org")
    assert address_at(text, max(at, 0)) == address
    assert address_at(text, len(text) - 1) in ("", address)
    assert address_at("." * 5 + text, 2) == ""


def test_an_endless_address_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[str] = []

    def trim(address: str) -> str:
        trimmed.append(address)
        return address

    monkeypatch.setattr(links, "_trimmed", trim)
    text = "https://a.org/x" + ")" * 40_000 + " https://b.org/y"
    assert address_at(text, 10) == ""
    assert address_at(text, len(text) - 1) == "https://b.org/y"
    assert trimmed == ["https://b.org/y"]


def test_columns_of_wide_and_combined_characters() -> None:
    row = cells("ae\u0301中b", Columns([0, 1, 1, 2, 4], [1, 2, 2, 4, 5], 80))
    assert row == ((0, 1, "a"), (1, 1, "e\u0301"), (2, 2, "中"), (4, 1, "b"))
    assert cut(row, 1, 3) == "e\u0301中"
    assert cut(row, 3, 5) == "b"
    assert cut(plain("plain"), 1, 3) == "la"


def test_selection_is_the_same_from_either_end() -> None:
    one, other = (Place(2, 7),) * 2, (Place(1, 3), Place(1, 4))
    assert Selection.over(one, other) == Selection.over(other, one)
    block = Selection.over(one, other, block=True)
    assert [block.columns(row, 80) for row in range(4)] == [(0, 0), (3, 8), (3, 8), (0, 0)]


def typed(*keys: str) -> LineEdit:
    line = LineEdit()
    for key in keys:
        line.key(key, key if len(key) == 1 else None)
    return line


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (["a", "b", "left", "c"], "acb", 2),
        (["a", "b", "home", "delete"], "b", 0),
        (["a", "b", "backspace", "backspace", "backspace"], "", 0),
        ([*"one two", "ctrl+w"], "one ", 4),
        ([*"one", "ctrl+w"], "", 0),
        ([*"one two  ", "ctrl+w"], "one ", 4),
        ([*"one two", "ctrl+a", "right", "ctrl+k"], "o", 1),
        ([*"one two", "left", "ctrl+u"], "o", 0),
        (["f5", "ctrl+x"], "", 0),
    ],
)
def test_edits_a_line(keys: list[str], text: str, cursor: int) -> None:
    line = typed(*keys)
    assert (line.text, line.cursor) == (text, cursor)


def test_a_line_takes_only_what_can_be_seen_and_not_for_ever() -> None:
    line = LineEdit()
    line.insert("a\x1b[31mb\tc\nsecond")
    assert line.text == "a[31mbc"
    line.insert("x" * 5000)
    assert len(line.text) == 1000
    line = LineEdit()
    line.insert("\x1b" * 1_000_000 + "far behind")
    assert line.text == ""
