"""Textual's key names to key events, and the alt keys that Textual itself loses."""

from __future__ import annotations

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from mnix_tui.terminal import KeyEvent, Modifiers
from mnix_tui.ui.terminal.keymap import key_event, raw_bytes


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", KeyEvent("a", "a", "a")),
        ("A", "A", KeyEvent("a", "A", "a", Modifiers(shift=True))),
        ("exclamation_mark", "!", KeyEvent("digit_1", "!", "1", Modifiers(shift=True))),
        ("full_stop", ".", KeyEvent("period", ".", ".")),
        ("space", " ", KeyEvent("space", " ", " ")),
        ("é", "é", KeyEvent("", "é", "é")),
        ("thumbs_up_sign", "👍", KeyEvent("", "👍", "👍")),
        ("alt+shift+a", None, KeyEvent("a", "A", "a", Modifiers(shift=True, alt=True))),
        ("ctrl+i", None, KeyEvent("i", "i", "i", Modifiers(ctrl=True))),
        ("pageup", None, KeyEvent("page_up")),
        ("shift+enter", None, KeyEvent("enter")),
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


def test_kitty_programs_can_tell_a_shifted_enter() -> None:
    assert key_event("shift+enter", None, extended=True) == KeyEvent(
        "enter", modifiers=Modifiers(shift=True)
    )


def parsed(sequence: str) -> list[tuple[str, bytes]]:
    parser = XTermParser()
    events = [*parser.feed(sequence), *parser.feed("")]
    return [(e.key, raw_bytes(e.key, e.character)) for e in events if isinstance(e, Key)]


@pytest.mark.parametrize(
    ("sequence", "key"),
    [
        ("\x1bf", "alt+f"),
        ("\x1bb", "alt+b"),
        ("\x1b.", "alt+full_stop"),
        ("\x1b1", "alt+1"),
        ("\x1bD", "alt+shift+d"),
        ("\x1b\x7f", "alt+backspace"),
        ("\x1b\r", "alt+enter"),
        ("\x01", "ctrl+a"),
        ("\x1c", "ctrl+backslash"),
        ("\x00", "ctrl+@"),
        ("\x08", "backspace"),  # ctrl+h
    ],
)
def test_what_the_outer_terminal_sent_is_passed_on(sequence: str, key: str) -> None:
    assert parsed(sequence) == [(key, sequence.encode())]


def test_backspace_is_left_to_the_encoder() -> None:
    assert parsed("\x7f") == [("backspace", b"")]


@pytest.mark.parametrize("sequence", ["\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1b[3~"])
def test_longer_sequences_are_left_to_textual(sequence: str) -> None:
    ((key, raw),) = parsed(sequence)
    assert raw == b""
    assert key in {"up", "f1", "ctrl+right", "delete"}
