"""Every key that a terminal can encode reaches the program, whatever either of them speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.keyboard.encoder import encode_key
from mnix_tui.keyboard.input import Input
from mnix_tui.keyboard.keys import KeyAction, KeyEvent, KeyModes
from tests.unit.keyboard import outers
from tests.unit.keyboard.ghostty import ghostty

NORMAL, CURSOR, KEYPAD = KeyModes(), KeyModes(cursor=True), KeyModes(keypad=True)
LEGACY = [NORMAL, CURSOR, KEYPAD, KeyModes(cursor=True, keypad=True), KeyModes(backarrow=True)]
LEGACY += [KeyModes(other_keys=True)]
OUTERS = {
    "xterm": outers.xterm(),
    "rxvt": outers.rxvt(),
    "linux": outers.linux(),
    "other keys": outers.other_keys(),
}


def key_of(raw: bytes) -> KeyEvent:
    """Read one key, as it comes from the outer terminal."""
    source = Input(0.01)
    tokens = [*source.feed(raw), *source.flush()]
    assert len(tokens) == 1, (raw, tokens)
    (token,) = tokens
    assert isinstance(token, KeyEvent), (raw, token)
    assert token.raw == raw
    return token


def bare(event: KeyEvent) -> KeyEvent:
    """Leave out how the key was written."""
    return replace(event, raw=b"", produced="", layout="")


def translated(raw: bytes, modes: KeyModes) -> bytes:
    """Return what a program gets for what a terminal without any protocol sent."""
    prefix, alone = (b"\x1b", raw[1:]) if raw[:2] == b"\x1b\x1b" else (b"", raw)
    if len(alone) == 3 and alone[:2] in (b"\x1b[", b"\x1bO"):
        letter = alone[2:]
        if letter in b"ABCDEFH":
            return prefix + (b"\x1bO" if modes.cursor else b"\x1b[") + letter
        if alone[1:2] == b"O" and letter in outers.KEYPAD and not modes.keypad:
            return prefix + b"*+,-./0123456789=\r"[outers.KEYPAD.index(letter)].to_bytes(1, "big")
    if modes.backarrow and raw in (b"\x7f", b"\x1b\x7f"):
        return raw[:-1] + b"\x08"
    return raw


@pytest.mark.parametrize("outer", ["xterm", "rxvt", "linux"])
@pytest.mark.parametrize("modes", LEGACY, ids=str)
def test_a_program_without_protocol_gets_the_very_bytes(outer: str, modes: KeyModes) -> None:
    for raw in OUTERS[outer]:
        assert encode_key(key_of(raw), modes) == translated(raw, modes), raw


@pytest.mark.parametrize("outer", ["xterm", "rxvt", "linux", "other keys"])
@pytest.mark.parametrize("flags", [1, 5, 8, 9, 15, 25, 31])
def test_a_program_with_the_kitty_protocol_gets_the_key(outer: str, flags: int) -> None:
    for raw in OUTERS[outer]:
        event = key_of(raw)
        if event == KeyEvent(raw=raw):
            assert encode_key(event, KeyModes(kitty=flags)) == raw  # nobody here knows it
            continue
        got = decode_key(encode_key(event, KeyModes(kitty=flags)))
        if got.raw == event.text.encode():
            assert not event.modifiers.wire & ~1, raw  # text is told as text
        else:
            assert bare(got) == bare(event), (raw, got.raw)


def test_every_known_key_has_a_name_or_a_text() -> None:
    unknown = [
        raw for outer in OUTERS.values() for raw in outer if key_of(raw) == KeyEvent(raw=raw)
    ]
    assert unknown == []


@pytest.mark.parametrize("flags", range(1, 32))
def test_what_a_program_asked_the_outer_terminal_for_is_passed_on_as_it_is(flags: int) -> None:
    for event, raw in outers.kitty(flags):
        got = encode_key(key_of(raw), KeyModes(kitty=flags))
        if got != raw:
            # Flags that leave escape ambiguous: terminals differ in what they make of that.
            assert got, (event, raw)
            assert not flags & 9, (event, raw, got)


@pytest.mark.parametrize("flags", [1, 3, 5, 8, 9, 15, 25, 31])
def test_what_the_dashboard_asked_for_is_written_anew(flags: int) -> None:
    """Keys that came while the outer terminal was still set for the dashboard, or for all."""
    wanted = ghostty(KeyModes(kitty=flags))
    for event, raw in outers.kitty(31):
        got, expected = encode_key(key_of(raw), KeyModes(kitty=flags)), wanted.encode(event)
        assert bool(got) == bool(expected), (event, raw, got, expected)
        if event.modifiers.shift and event.text and event.text == event.base:
            continue  # terminals differ: is it the text, or shift and a key?
        if got != expected:
            assert bare(decode_key(got)) == bare(decode_key(expected)), (event, raw, got, expected)


NO_LEGACY_FORM = {"print_screen", "pause", "caps_lock", "num_lock", "scroll_lock"}
NO_LEGACY_FORM |= {"left_shift", "right_control", "left_alt"}


@pytest.mark.parametrize("modes", [NORMAL, CURSOR, KEYPAD, KeyModes(other_keys=True)], ids=str)
@pytest.mark.parametrize("flags", [5, 25, 31])
def test_a_plain_program_gets_keys_of_a_terminal_with_the_protocol(
    modes: KeyModes, flags: int
) -> None:
    for event, raw in outers.kitty(flags):
        got = encode_key(key_of(raw), modes)
        if event.action is KeyAction.RELEASE or event.key in NO_LEGACY_FORM:
            assert got == b"", (event, raw)
            continue
        assert got, (event, raw)
        back = decode_key(got)
        if event.key.startswith(("f", "arrow", "page", "home", "end", "insert", "delete")):
            key = "context_menu" if event.key == "f16" else event.key  # the same in xterm
            assert (back.key, back.modifiers.wire) == (key, event.modifiers.wire), (raw, got)
        elif not event.key and not event.modifiers.wire & ~3 and not modes.other_keys:
            assert (back.text, back.modifiers.alt) == (event.text, event.modifiers.alt), (raw, got)
        elif event.base.isalpha() and event.base.isascii():
            assert back.base == event.base, (raw, got)
            assert back.modifiers.ctrl == event.modifiers.ctrl


@pytest.mark.parametrize(
    ("sent", "modes", "gets"),
    [
        # A keyboard of another script: ctrl goes by the key's place.
        (b"\x1b[1089::99;5u", NORMAL, b"\x03"),
        (b"\x1b[1103::122;3u", NORMAL, b"\x1b\xd1\x8f"),
        # With the dashboard's flags text comes as text too.
        (b"\x1b[97;;97u", NORMAL, b"a"),
        (b"\x1b[97;2;65u", NORMAL, b"A"),
        (b"\x1b[50;2;8364u", NORMAL, "€".encode()),
        (b"\x1b[0;;229:776u", NORMAL, "å\u0308".encode()),  # composed
        (b"\x1b[0;;229u", KeyModes(kitty=25), b"\x1b[0;;229u"),
        # What every terminal makes of it without a protocol.
        (b"\x1b[27u", NORMAL, b"\x1b"),
        (b"\x1b[13;2u", NORMAL, b"\r"),
        (b"\x1b[13;5u", NORMAL, b"\r"),
        (b"\x1b[13;3u", NORMAL, b"\x1b\r"),
        (b"\x1b[9;5u", NORMAL, b"\t"),
        (b"\x1b[9;2u", NORMAL, b"\x1b[Z"),
        (b"\x1b[127;5u", NORMAL, b"\x08"),
        (b"\x1b[127;5u", KeyModes(backarrow=True), b"\x7f"),
        (b"\x1b[32;5u", NORMAL, b"\x00"),
        (b"\x1b[47;5u", NORMAL, b"\x1f"),
        (b"\x1b[97;6u", NORMAL, b"\x01"),
        (b"\x1b[97;7u", NORMAL, b"\x1b\x01"),
        (b"\x1b[118;9u", NORMAL, b"\x1b[118;9u"),  # super+v is not v
        (b"\x1b[13;5u", KeyModes(other_keys=True), b"\x1b[27;5;13~"),
        # The keypad.
        (b"\x1b[57404u", NORMAL, b"5"),
        (b"\x1b[57404u", KEYPAD, b"\x1bOu"),
        (b"\x1b[57404;129u", KEYPAD, b"5"),  # with Num Lock
        (b"\x1b[57414u", KEYPAD, b"\x1bOM"),
        (b"\x1b[57419u", CURSOR, b"\x1bOA"),
        # Keys with no other form, and keys that nobody knows yet.
        (b"\x1b[57428u", KeyModes(kitty=1), b"\x1b[57428u"),
        (b"\x1b[57500;5u", KeyModes(kitty=1), b"\x1b[57500;5u"),
        (b"\x1b[57428u", NORMAL, b""),
        (b"\x1b[99;1;2;3q", NORMAL, b"\x1b[99;1;2;3q"),
        (b"\xff", NORMAL, b"\xff"),
        (b"\xff", KeyModes(kitty=31), b"\xff"),
        # Held down and let go, for those who want to know.
        (b"\x1b[97;1:3u", KeyModes(kitty=11), b"\x1b[97;1:3u"),
        (b"\x1b[97;1:3u", KeyModes(kitty=1), b""),
        (b"\x1b[97;5:2u", NORMAL, b"\x01"),
        (b"\x1b[1;1:3A", NORMAL, b""),
        (b"\x1b[1;5:2A", CURSOR, b"\x1b[1;5A"),
    ],
)
def test_a_key_is_written_as_the_program_wants_it(
    sent: bytes, modes: KeyModes, gets: bytes
) -> None:
    assert encode_key(key_of(sent), modes) == gets
