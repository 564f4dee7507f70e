"""A key event in the kitty keyboard protocol, as far as the program asked for it. Pure."""

from __future__ import annotations

from mnix_tui.keyboard.keys import KeyAction, KeyEvent
from mnix_tui.keyboard.table import CURSOR, FUNCTION, KITTY, PRIVATE, TILDE

DISAMBIGUATE, EVENTS, ALTERNATES, ALL_KEYS, TEXT = 1, 2, 4, 8, 16
_AS_EVER = {"enter": b"\r", "tab": b"\t", "backspace": b"\x7f"}


def encode_kitty(event: KeyEvent, flags: int) -> bytes | None:
    """Encode a key for these flags; None where they leave it as it has always been."""
    action = event.action if flags & EVENTS else _pressed(event.action)
    if action is None:
        return b""
    number, final = _number(event)
    if number is None:
        return b"" if action is KeyAction.RELEASE else event.text.encode("utf-8", "replace")
    held = event.modifiers.wire
    plain = not (held & ~1 if final == "u" and event.key not in KITTY else held)
    types_text = final == "u" and event.key not in KITTY and not event.key.startswith("key_")
    if not flags & ALL_KEYS and (types_text or event.key in _AS_EVER):
        if action is KeyAction.RELEASE and (plain or not flags & DISAMBIGUATE):
            return b""
        if plain:
            return _AS_EVER.get(event.key) or event.text.encode("utf-8", "replace")
        if not flags & DISAMBIGUATE:
            return None
        if event.key in _AS_EVER and action is KeyAction.RELEASE:
            return b""
    elif not flags & (DISAMBIGUATE | ALL_KEYS) and _as_ever(action, number):
        return None
    if not types_text or flags & ALL_KEYS:
        held |= event.modifiers.locks
    return _sequence(event, flags, number, final, held, action)


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


def _sequence(
    event: KeyEvent, flags: int, number: int, final: str, held: int, action: KeyAction
) -> bytes:
    code = str(number)
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
    if flags & TEXT and flags & ALL_KEYS and action is not KeyAction.RELEASE:
        typed = event.produced or ("" if event.modifiers.wire & ~1 else event.text)
        text = ":".join(str(ord(character)) for character in typed if character >= " ")
    fields = [code, modifiers, text]
    while fields and not fields[-1]:
        fields.pop()
    body = ";".join(fields)
    return f"\x1b[{'' if body == '1' and final != 'u' else body}{final}".encode()
