"""The outer terminal's keyboard: raised for a program, put back after it, written only if needed."""

from __future__ import annotations

import pytest

from mnix_tui.keyboard.keys import KeyModes
from mnix_tui.ui.input.outer_keyboard import OuterKeyboard


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def keyboard(written: list[str]) -> OuterKeyboard:
    keyboard = OuterKeyboard(written.append)
    keyboard.started()
    assert written == ["\x1b[?u"]
    written.clear()
    return keyboard


def test_a_terminal_without_the_protocol_is_told_nothing(
    keyboard: OuterKeyboard, written: list[str]
) -> None:
    keyboard.follow(KeyModes(kitty=31))
    keyboard.follow(None)
    assert written == []
    assert not keyboard.unambiguous


def test_it_follows_the_program_in_focus(keyboard: OuterKeyboard, written: list[str]) -> None:
    keyboard.supported()
    assert written == []  # the dashboard has the keyboard, as Textual set it
    keyboard.follow(KeyModes())
    keyboard.follow(KeyModes(cursor=True))
    keyboard.follow(KeyModes(kitty=2))
    keyboard.follow(KeyModes(kitty=31))
    keyboard.follow(None)
    assert written == ["\x1b[=5;1u", "\x1b[=7;1u", "\x1b[=31;1u", "\x1b[=25;1u"]
    assert keyboard.unambiguous


def test_an_answer_that_comes_late_is_for_what_is_wanted_then(
    keyboard: OuterKeyboard, written: list[str]
) -> None:
    keyboard.follow(KeyModes(kitty=3))
    keyboard.supported()
    assert written == ["\x1b[=7;1u"]


def test_the_keypad_needs_no_protocol(keyboard: OuterKeyboard, written: list[str]) -> None:
    keyboard.follow(KeyModes(keypad=True))
    keyboard.follow(KeyModes(keypad=True, cursor=True))
    keyboard.stopped()
    keyboard.stopped()
    assert written == ["\x1b=", "\x1b>"]


def test_once_stopped_the_terminal_is_left_alone(
    keyboard: OuterKeyboard, written: list[str]
) -> None:
    keyboard.supported()
    keyboard.follow(KeyModes(kitty=31))
    keyboard.stopped()
    written.clear()
    keyboard.follow(None)  # a view ends after the driver, as when the app crashed
    keyboard.supported()
    assert written == []


def test_after_a_pause_it_is_all_set_again(keyboard: OuterKeyboard, written: list[str]) -> None:
    keyboard.supported()
    keyboard.follow(KeyModes(kitty=1, keypad=True))
    keyboard.stopped()  # ctrl+z in the dashboard, or another program in its place
    written.clear()
    keyboard.started()  # Textual has pushed its own flags
    assert written == ["\x1b[?u", "\x1b[=5;1u", "\x1b="]


def test_who_turned_the_protocol_off_is_not_asked() -> None:
    written: list[str] = []
    keyboard = OuterKeyboard(written.append, enabled=False)
    keyboard.started()
    keyboard.supported()
    keyboard.follow(KeyModes(kitty=31))
    assert written == []
