"""Keys that come without what the terminal sent, and Textual's names for those that do."""

from __future__ import annotations

import pytest

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.keyboard.keys import KeyEvent, Modifiers
from mnix_tui.ui.input.keymap import key_event, textual_key

SHIFT = Modifiers(shift=True)


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", KeyEvent("", "a", "a")),
        ("A", "A", KeyEvent("", "A", "a", SHIFT)),
        ("exclamation_mark", "!", KeyEvent("", "!", "1", SHIFT)),
        ("full_stop", ".", KeyEvent("", ".", ".")),
        ("space", " ", KeyEvent("", " ", " ")),
        ("é", "é", KeyEvent("", "é", "é")),
        ("thumbs_up_sign", "👍", KeyEvent("", "👍", "👍")),
        ("alt+shift+a", None, KeyEvent("", "A", "a", Modifiers(shift=True, alt=True))),
        ("ctrl+i", None, KeyEvent("", "i", "i", Modifiers(ctrl=True))),
        ("pageup", None, KeyEvent("page_up")),
        ("shift+enter", None, KeyEvent("enter", modifiers=SHIFT)),
        (
            "ctrl+shift+left",
            None,
            KeyEvent("arrow_left", modifiers=Modifiers(shift=True, ctrl=True)),
        ),
        ("caps_lock_of_another_world", None, None),
    ],
)
def test_keys(key: str, character: str | None, expected: KeyEvent | None) -> None:
    assert key_event(key, character) == expected


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"a", "a"),
        (b"A", "A"),
        (b"[", "left_square_bracket"),
        (b"\x1b", "escape"),
        (b"\x01", "ctrl+a"),
        (b"\x1b[A", "up"),
        (b"\x1b[1;5A", "ctrl+up"),
        (b"\x1bx", "alt+x"),
        (b"\x1b[97;;97u", "a"),
        (b"\x1b[97:65;2;65u", "A"),
        (b"\x1b[97::97;5:2u", "ctrl+a"),
        (b"\x1b[27u", "escape"),
        (b"\x1b[1;1:2A", "up"),
        (b"\x1b[27;5;13~", "ctrl+enter"),
        (b"\x1b[97;1:3u", "<ignore>"),  # let go
        (b"\x1b[99;1;2;3q", "<ignore>"),
        (b"\xff", "<ignore>"),
    ],
)
def test_textual_knows_a_key_in_any_form(sent: bytes, name: str) -> None:
    assert textual_key(decode_key(sent))[0] == name
