"""A key event to the bytes that a program gets for it. Pure.

A program gets exactly what the outer terminal sent, wherever that is what the program's modes ask
for. What differs is written anew: as xterm does for programs that know nothing else, as the kitty
keyboard protocol has it for those that turned it on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.keyboard.keys import KeyAction, KeyEvent, KeyModes
from mnix_tui.keyboard.kitty import encode_kitty
from mnix_tui.keyboard.table import CONTROL, CURSOR, FUNCTION, KEYPAD, NAVIGATION, TILDE

_CURSOR_FORMS = {
    form + letter.encode(): letter.encode()
    for letter in CURSOR.values()
    for form in (b"\x1b[", b"\x1bO")
}
_KEYPAD_FORMS = {b"\x1bO" + letter.encode(): text.encode() for text, letter in KEYPAD.values()}
_FORM = re.compile(rb"\x1b\[(\d*)[\d:;]*([A-Zu~])")
_BACKSPACE = {b"\x7f": b"\x08", b"\x1b\x7f": b"\x1b\x08"}


@lru_cache(maxsize=4096)
def encode_key(event: KeyEvent, modes: KeyModes) -> bytes:
    """Return what the program gets for a key; empty for what it can't be told."""
    if modes.kitty:
        return _to_kitty(event, modes)
    if event.raw and not _extended(event.raw):
        return _as_sent(event.raw, modes)
    if event.action is KeyAction.RELEASE:
        return b""
    return encode_legacy(event, modes)


def _extended(raw: bytes) -> bool:
    """Whether a sequence is in a form that a program must have asked for."""
    return raw[:2] == b"\x1b[" and (
        raw[-1:] == b"u" or b":" in raw or raw.startswith(b"\x1b[27;") or raw == b"\x1b[57427~"
    )


def kitty_form(event: KeyEvent, flags: int) -> bytes:
    """Return a key that came in an extended form as these flags have it; else nothing."""
    return encode_kitty(event, flags) or b"" if _extended(event.raw) else b""


def _as_sent(raw: bytes, modes: KeyModes) -> bytes:
    alone = raw[1:] if raw[:2] == b"\x1b\x1b" else raw
    if letter := _CURSOR_FORMS.get(alone):
        return raw[: len(raw) - len(alone)] + (b"\x1bO" if modes.cursor else b"\x1b[") + letter
    if not modes.keypad and alone in _KEYPAD_FORMS:
        return raw[: len(raw) - len(alone)] + _KEYPAD_FORMS[alone]
    return _BACKSPACE.get(raw, raw) if modes.backarrow else raw


def _to_kitty(event: KeyEvent, modes: KeyModes) -> bytes:
    if not (event.key or event.text):
        return event.raw  # nobody knows what it is: the program may
    encoded = encode_kitty(event, modes.kitty)
    if encoded is None:
        return encode_legacy(event, modes)
    return event.raw if _says_the_same(event, encoded) else encoded


def _says_the_same(event: KeyEvent, encoded: bytes) -> bool:
    """Whether what was sent is another way to write what the program is to get."""
    ours, theirs = _FORM.fullmatch(encoded), _FORM.fullmatch(event.raw)
    if not ours or not theirs or (ours[1] or b"1", ours[2]) != (theirs[1] or b"1", theirs[2]):
        return False
    return replace(decode_key(encoded), raw=event.raw) == event


def encode_legacy(event: KeyEvent, modes: KeyModes) -> bytes:
    """Encode a key press as xterm does."""
    name = NAVIGATION.get(event.key, event.key)
    held = event.modifiers
    if name in KEYPAD:
        if modes.keypad and not held.num_lock:
            letter = KEYPAD[name][1]
            return (
                f"\x1bO{held.wire + 1}{letter}".encode() if held.wire else f"\x1bO{letter}".encode()
            )
        return _text(KEYPAD[name][0], KeyEvent(text=KEYPAD[name][0], modifiers=held), modes)
    if name in CURSOR:
        if held.wire:
            return f"\x1b[1;{held.wire + 1}{CURSOR[name]}".encode()
        return (b"\x1bO" if modes.cursor else b"\x1b[") + CURSOR[name].encode()
    if name in FUNCTION:
        form = f"\x1b[1;{held.wire + 1}" if held.wire else "\x1bO"
        return (form + FUNCTION[name]).encode()
    if name in TILDE:
        form = f"{TILDE[name]};{held.wire + 1}" if held.wire else str(TILDE[name])
        return f"\x1b[{form}~".encode()
    if name in _SPECIAL:
        return _special(name, event, modes)
    return _text(event.text, event, modes) if event.text else b""


_SPECIAL = {"escape": 0x1B, "enter": 0x0D, "tab": 0x09, "backspace": 0x7F}


def _special(name: str, event: KeyEvent, modes: KeyModes) -> bytes:
    held, code = event.modifiers, _SPECIAL[name]
    if modes.other_keys and held.wire and (name, held.wire) != ("tab", 1):
        return f"\x1b[27;{held.wire + 1};{code}~".encode()
    prefix = b"\x1b" if held.alt else b""
    if name == "tab" and held.shift:
        return prefix + b"\x1b[Z"
    if name == "backspace" and held.ctrl != modes.backarrow:
        code = 0x08
    return prefix + bytes([code])


def _text(text: str, event: KeyEvent, modes: KeyModes) -> bytes:
    held = event.modifiers
    beyond_shift = held.wire & ~1
    if not beyond_shift or event.produced:
        return text.encode("utf-8", "replace")
    if modes.other_keys and len(text) == 1:
        return f"\x1b[27;{held.wire + 1};{ord(text)}~".encode()
    if held.super or held.hyper or held.meta:
        # No terminal has another form for these; the text alone would be another key.
        return f"\x1b[{ord((event.base or text)[0])};{held.wire + 1}u".encode()
    prefix = b"\x1b" if held.alt else b""
    if held.ctrl:
        return prefix + _control(text, event)
    return prefix + text.encode("utf-8", "replace")


def _control(text: str, event: KeyEvent) -> bytes:
    for character in (text, event.base, event.layout):
        code = CONTROL.get(character if character in CONTROL else character.lower())
        if code is not None:
            return bytes([code])
    return text.encode("utf-8", "replace")
