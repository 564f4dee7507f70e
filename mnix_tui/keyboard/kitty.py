"""A key event in the kitty keyboard protocol, as far as the program asked for it. Pure."""

from __future__ import annotations

from mnix_tui.keyboard.keys import KeyAction, KeyEvent
from mnix_tui.keyboard.table import CURSOR, FUNCTION, KEYPAD, KITTY, PRIVATE, TILDE

DISAMBIGUATE, EVENTS, ALTERNATES, ALL_KEYS, TEXT = 1, 2, 4, 8, 16
_AS_EVER = {"enter": b"\r", "tab": b"\t", "backspace": b"\x7f"}


def encode_kitty(event: KeyEvent, flags: int) -> bytes | None:
    """Encode a key for these flags; None where they leave it as it has always been."""
    action = event.action if flags & EVENTS else _pressed(event.action)
    if action is None or (is_modifier(event.key) and not flags & ALL_KEYS):
        return b""
    number, final = _number(event)
    if number is None:
        return b"" if action is KeyAction.RELEASE else event.text.encode("utf-8", "replace")
    if not flags & ALL_KEYS and (event.key in _AS_EVER or _types_text(event)):
        # Terminals differ in whether they tell when a text's key is let go: this one did.
        if action is KeyAction.RELEASE:
            if event.key in _AS_EVER:
                return b""
        elif _is_plain(event, flags):
            return _AS_EVER.get(event.key) or event.text.encode("utf-8", "replace")
        elif not flags & DISAMBIGUATE:
            return None
    elif not flags & (DISAMBIGUATE | ALL_KEYS) and _as_ever(action, number):
        return None
    return _sequence(event, flags, number, final, action)


def _types_text(event: KeyEvent) -> bool:
    return not event.key or (event.key in KEYPAD and event.key != "numpad_enter")


def _is_plain(event: KeyEvent, flags: int) -> bool:
    """Whether a key is told by its text alone."""
    held = event.modifiers.wire
    if not held or event.key in _AS_EVER:
        return not held
    if held & ~1:
        return False
    # Shift may change nothing about the text. Some terminals tell of it even so.
    told = event.raw and not (event.produced and not flags & TEXT)
    return not (told and event.text == event.base)


def is_modifier(name: str) -> bool:
    """Whether a key only changes what others mean."""
    return name.startswith(("left_", "right_", "iso_")) or name in ("caps_lock", "num_lock")


def _as_ever(action: KeyAction, number: int) -> bool:
    return action is KeyAction.PRESS and number not in PRIVATE


def _pressed(action: KeyAction) -> KeyAction | None:
    return None if action is KeyAction.RELEASE else KeyAction.PRESS


def _number(event: KeyEvent) -> tuple[int | None, str]:
    name = event.key
    if name in KITTY:
        return KITTY[name], "u"
    if name in CURSOR:
        return 1, CURSOR[name]
    if name in FUNCTION and name != "f3":  # its letter is the cursor's position in a report
        return 1, FUNCTION[name]
    if name == "f3":
        return 13, "~"
    if name in TILDE:
        return TILDE[name], "~"
    if name.startswith("key_"):
        return int(name.removeprefix("key_")), "u"
    if len(event.base) == 1:
        return ord(event.base), "u"
    return (0, "u") if event.produced else (None, "")


def _sequence(event: KeyEvent, flags: int, number: int, final: str, action: KeyAction) -> bytes:
    code, held = str(number), event.modifiers.wire | event.modifiers.locks
    if flags & ALTERNATES and final == "u" and not event.key and number:
        shifted = event.text if event.modifiers.shift and len(event.text) == 1 else ""
        shifted = shifted if shifted != event.base else ""
        layout = event.layout if event.layout != event.base else ""
        if shifted or layout:
            code += f":{ord(shifted) if shifted else ''}" + (f":{ord(layout)}" if layout else "")
    modifiers = str(held + 1) if held else ""
    if action is not KeyAction.PRESS:
        modifiers = f"{held + 1}:{action.value}"
    text = ""
    if flags & TEXT and action is not KeyAction.RELEASE:
        told = not flags & ALL_KEYS or event.modifiers.wire & ~1
        typed = event.produced or ("" if told else event.text)
        text = ":".join(str(ord(character)) for character in typed if character >= " ")
    fields = [code, modifiers, text]
    while fields and not fields[-1]:
        fields.pop()
    body = ";".join(fields)
    return f"\x1b[{'' if body == '1' and final != 'u' else body}{final}".encode()
