"""What a terminal sends for one key, to a key event. Pure.

Understood are xterm, rxvt and the Linux console, modifyOtherKeys in both forms and the kitty
keyboard protocol with all its parts. A sequence that nobody knows keeps its bytes, and no name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mnix_tui.keyboard.keys import NO_MODIFIERS, KeyAction, KeyEvent, Modifiers
from mnix_tui.keyboard.table import (
    CURSOR,
    FUNCTION,
    KEYPAD,
    KEYPAD_NAMES,
    KITTY_NAMES,
    PRIVATE,
    SHIFTED,
    TILDE_NAMES,
)

_CSI = re.compile(rb"\x1b\[([\d:;]*)([A-Za-z~^$@])")
_SS3 = re.compile(rb"\x1bO(?:1;)?(\d*)([A-Za-z ])")
_LETTERS = {letter: name for name, letter in (*CURSOR.items(), *FUNCTION.items())}
_RXVT_SHIFT = {"a": "arrow_up", "b": "arrow_down", "c": "arrow_right", "d": "arrow_left"}
_RXVT_SUFFIX = {"$": Modifiers(shift=True), "^": Modifiers(ctrl=True)}
_RXVT_SUFFIX["@"] = Modifiers(shift=True, ctrl=True)
_NAMED_CONTROLS = {0x09: "tab", 0x0D: "enter", 0x1B: "escape", 0x7F: "backspace"}
_SHIFT = Modifiers(shift=True)
_CTRL = Modifiers(ctrl=True)


@lru_cache(maxsize=4096)
def decode_key(raw: bytes) -> KeyEvent:
    """Say which key a terminal meant by ``raw``, which is all that it sent for it."""
    found = _decode(raw)
    if found is None and len(raw) > 1 and raw[0] == 0x1B:
        inner = _decode(raw[1:])
        found = inner and _with_alt(inner)
    return _keep(found or KeyEvent(), raw)


def _keep(event: KeyEvent, raw: bytes) -> KeyEvent:
    return KeyEvent(
        event.key,
        event.text,
        event.base,
        event.modifiers,
        event.action,
        event.layout,
        event.produced,
        raw,
    )


def _with_alt(event: KeyEvent) -> KeyEvent:
    modifiers = Modifiers.from_wire(event.modifiers.wire | event.modifiers.locks | 2)
    return KeyEvent(
        event.key, event.text, event.base, modifiers, event.action, event.layout, event.produced
    )


def _decode(raw: bytes) -> KeyEvent | None:
    if raw[:1] != b"\x1b":
        return _character(raw)
    if len(raw) == 1:
        return KeyEvent("escape")
    if raw.startswith(b"\x1b[["):  # the Linux console
        number = raw[3] - 0x40 if len(raw) == 4 else 0
        return KeyEvent(f"f{number}") if 1 <= number <= 5 else None
    if csi := _CSI.fullmatch(raw):
        return _csi(csi[1].decode(), csi[2].decode())
    if ss3 := _SS3.fullmatch(raw):
        return _ss3(ss3[1].decode(), ss3[2].decode())
    return None


def _character(raw: bytes) -> KeyEvent | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if len(text) != 1:
        return None
    code = ord(text)
    if code in _NAMED_CONTROLS:
        return KeyEvent(_NAMED_CONTROLS[code])
    if code == 0:
        return KeyEvent("", " ", " ", _CTRL)
    if code < 0x20:
        base = chr(code + 0x60) if code < 0x1B else chr(code + 0x40)
        return KeyEvent("", base, base, _CTRL)
    return typed(text)


def typed(text: str) -> KeyEvent:
    """Return the key that types one character, with shift if it takes that on a US keyboard."""
    lower = text.lower()
    base = SHIFTED.get(text) or (lower if len(lower) == 1 else text)
    return KeyEvent("", text, base, NO_MODIFIERS if base == text else _SHIFT)


def _csi(parameters: str, final: str) -> KeyEvent | None:
    if final in _RXVT_SUFFIX:
        name = TILDE_NAMES.get(_number(parameters))
        return KeyEvent(name, modifiers=_RXVT_SUFFIX[final]) if name else None
    fields = [part.split(":") for part in parameters.split(";")]
    if len(fields) > 3:
        return None
    fields += [[""]] * (3 - len(fields))
    if final == "~" and fields[0] == ["27"] and fields[2] != [""]:  # modifyOtherKeys
        return _numbered([fields[2][0]], fields[1], [""])
    if final == "u":
        return _numbered(*fields)
    modifiers, action = _held(fields[1])
    if final == "~":
        name = TILDE_NAMES.get(_number(fields[0][0]), "")
    elif final == "Z":
        name, modifiers = "tab", Modifiers.from_wire(modifiers.wire | 1)
    elif final in _RXVT_SHIFT and not parameters:
        name, modifiers = _RXVT_SHIFT[final], _SHIFT
    elif parameters and fields[0][0] not in ("", "1"):
        return None
    else:
        name = _LETTERS.get(final, "")
    return KeyEvent(name, modifiers=modifiers, action=action) if name else None


def _ss3(modifier: str, final: str) -> KeyEvent | None:
    modifiers = Modifiers.from_wire(_number(modifier) - 1) if modifier else NO_MODIFIERS
    if final in _LETTERS:
        return KeyEvent(_LETTERS[final], modifiers=modifiers)
    if final in _RXVT_SHIFT:
        return KeyEvent(_RXVT_SHIFT[final], modifiers=_CTRL)
    if final in KEYPAD_NAMES:
        name = KEYPAD_NAMES[final]
        return KeyEvent(name, _keypad_text(name), modifiers=modifiers)
    if final == " ":
        return KeyEvent("", " ", " ", modifiers)
    return KeyEvent("tab", modifiers=modifiers) if final == "I" else None


def _numbered(codes: list[str], held: list[str], produced: list[str]) -> KeyEvent | None:
    """Return the key of ``CSI code:shifted:layout ; modifiers:action ; text u``."""
    code, shifted, layout = ([_number(part) for part in codes] + [0, 0, 0])[:3]
    modifiers, action = _held(held)
    text = "".join(filter(None, map(_char, map(_number, produced))))
    if name := KITTY_NAMES.get(code):
        return KeyEvent(name, _keypad_text(name), "", modifiers, action, "", text)
    if code in PRIVATE:
        return KeyEvent(f"key_{code}", "", "", modifiers, action, "", text)
    base = _char(code)
    if not base:
        # Composed text has no key: it comes with the number 0.
        return KeyEvent("", text, "", modifiers, action, "", text) if text else None
    if base < " ":
        return None
    types = text or _char(shifted) or (_shift(base) if modifiers.shift else base)
    if modifiers.shift and not shifted and not text:
        # modifyOtherKeys gives the character that shift makes, kitty the one without shift.
        plain = typed(base)
        if plain.base != base:
            base, types = plain.base, base
    return KeyEvent("", types, base, modifiers, action, _char(layout), text)


def _keypad_text(name: str) -> str:
    text = KEYPAD[name][0] if name in KEYPAD else ""
    return text if text.isprintable() else ""


def _held(field: list[str]) -> tuple[Modifiers, KeyAction]:
    number = _number(field[0])
    modifiers = Modifiers.from_wire(number - 1) if number > 1 else NO_MODIFIERS
    action = _number(field[1]) if len(field) > 1 else 1
    return modifiers, KeyAction(action) if action in (2, 3) else KeyAction.PRESS


def _shift(base: str) -> str:
    upper = base.upper()
    unshifted = {plain: shifted for shifted, plain in SHIFTED.items()}
    return unshifted.get(base) or (upper if len(upper) == 1 else base)


def _number(digits: str) -> int:
    return int(digits) if digits.isdecimal() and len(digits) < 9 else 0


def _char(code: int) -> str:
    valid = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if valid else ""
