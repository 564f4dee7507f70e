"""The leader's name in the settings, and the forms that terminals send it in."""

from __future__ import annotations

import re

import pytest

from mnix_tui.domain.leader import DEFAULT, parse_leader


@pytest.mark.parametrize(
    ("written", "name", "byte"),
    [
        (DEFAULT, "ctrl+backslash", 0x1C),
        ("ctrl+\\", "ctrl+backslash", 0x1C),
        ("Ctrl+A", "ctrl+a", 1),
        ("control+space", "ctrl+space", 0),
        ("ctrl+]", "ctrl+right_square_bracket", 0x1D),
        ("ctrl+caret", "ctrl+circumflex_accent", 0x1E),
        ("ctrl+_", "ctrl+underscore", 0x1F),
        ("`", "grave_accent", 0x60),
        ("alt+x", "alt+x", None),
        ("alt++", "alt+plus", None),
        ("F12", "f12", None),
        ("ctrl+pageup", "ctrl+pageup", None),
    ],
)
def test_the_same_key_has_one_name(written: str, name: str, byte: int | None) -> None:
    leader = parse_leader(written)
    assert (leader.name, leader.byte) == (name, byte)
    assert parse_leader(leader.name) == leader
    assert parse_leader(leader.shown) == leader


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("ctrl+bakslash", "'bakslash' is no key; did you mean 'backslash'?"),
        ("contrl+a", "'contrl' is no modifier; did you mean 'ctrl'?"),
        ("ctrl+m", "the Enter key"),
        ("ctrl+;", "most terminals can't send ctrl+;"),
        ("a", "'a' alone is needed for typing"),
        ("", "it names no key"),
        ("ctrl+", "it names no key"),
        ("pagup", "did you mean 'pageup'?"),
    ],
)
def test_a_wrong_name_is_told_with_a_way_out(written: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_leader(written)


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        (
            DEFAULT,
            [
                b"\x1c",
                b"\x1b[92;5u",
                b"\x1b[92;133u",  # with Num Lock
                b"\x1b[92;5:1u",
                b"\x1b[92;5:2u",  # held down
                b"\x1b[92:124;5u",
                b"\x1b[1078::92;5u",  # on a keyboard of another script
                b"\x1b[27;5;92~",
            ],
        ),
        ("ctrl+^", [b"\x1e", b"\x1b[54;6u", b"\x1b[54:94;6u", b"\x1b[94;5u", b"\x1b[27;6;94~"]),
        ("alt+x", [b"\x1bx", b"\x1b[120;3u", b"\x1b[27;3;120~"]),
        ("ctrl+alt+x", [b"\x1b\x18", b"\x1b[120;7u"]),
        ("ctrl+space", [b"\x00", b"\x1b[32;5u"]),
        ("`", [b"`", b"\x1b[96u", b"\x1b[96;;96u", b"\x1b[96;1:1u"]),
        ("f1", [b"\x1bOP", b"\x1b[P", b"\x1b[11~", b"\x1b[[A", b"\x1b[1;129P"]),
        ("ctrl+f12", [b"\x1b[24;5~", b"\x1b[24;5:1~"]),
    ],
)
def test_every_form_is_known(name: str, forms: list[bytes]) -> None:
    pattern = parse_leader(name).pattern
    assert [form for form in forms if not pattern.fullmatch(form)] == []


@pytest.mark.parametrize(
    "other",
    [
        b"\x1b",
        b"\\",
        b"\x1b\x1c",
        b"\x1d",
        b"\x1b[92;5:3u",
        b"\x1b[92;6u",
        b"\x1b[92u",
        b"\x1b[92;7u",
    ],
)
def test_nothing_else_is_the_leader(other: bytes) -> None:
    assert not parse_leader(DEFAULT).pattern.fullmatch(other)
