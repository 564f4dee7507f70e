"""Textual's names of keys to the emulator's key events. Pure."""

from __future__ import annotations

from string import punctuation

from textual.keys import _character_to_key, key_to_character

from mnix_tui.terminal import KeyEvent, Modifiers

_NAMED = {
    "up": "arrow_up",
    "down": "arrow_down",
    "left": "arrow_left",
    "right": "arrow_right",
    "pageup": "page_up",
    "pagedown": "page_down",
    "return": "enter",
    **{
        name: name
        for name in ("enter", "tab", "escape", "backspace", "delete", "insert", "home", "end")
    },
    **{f"f{number}": f"f{number}" for number in range(1, 25)},
}
_PUNCTUATION = {
    "`": "backquote",
    "\\": "backslash",
    "[": "bracket_left",
    "]": "bracket_right",
    ",": "comma",
    "=": "equal",
    "-": "minus",
    ".": "period",
    "'": "quote",
    ";": "semicolon",
    "/": "slash",
    " ": "space",
}
_BY_NAME = {_character_to_key(character): character for character in punctuation}
_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
# Without the kitty protocol these keys have one code each: a shifted Enter is an Enter.
_UNSHIFTABLE = {"enter", "backspace", "escape", "space"}


def key_event(key: str, character: str | None, *, extended: bool = False) -> KeyEvent | None:
    """Translate a Textual key; None if it is nothing that a terminal could send.

    ``extended`` says that the program understands the kitty keyboard protocol.
    """
    *held, name = key.split("+")
    shift = "shift" in held
    ctrl, alt = "ctrl" in held, "alt" in held
    meta = bool({"super", "meta", "hyper"} & set(held))
    if name in _NAMED:
        shift = shift and (extended or name not in _UNSHIFTABLE)
        return KeyEvent(_NAMED[name], modifiers=Modifiers(shift, ctrl, alt, meta))
    text = _character(name, character, bool(held))
    if not text:
        return None
    if shift and text.islower():
        text = text.upper()
    base = _SHIFTED.get(text, text.lower() if len(text.lower()) == 1 else text)
    if text == " " and not extended:
        shift = False
    modifiers = Modifiers(shift or (base != text), ctrl, alt, meta)
    return KeyEvent(_physical(base), text, base, modifiers)


def _character(name: str, character: str | None, modified: bool) -> str:
    if not modified and character and character.isprintable():
        return character
    if name == "space":
        return " "
    if len(name) == 1:
        return name
    return _BY_NAME.get(name) or key_to_character(name) or ""


def _physical(base: str) -> str:
    """Name the key on a US keyboard that types this character without shift."""
    if len(base) == 1 and base.isascii():
        if base.isalpha():
            return base
        if base.isdecimal():
            return f"digit_{base}"
        return _PUNCTUATION.get(base, "")
    return ""


def raw_bytes(key: str, character: str | None) -> bytes:
    """Return what the outer terminal sent, where a key event still tells; else nothing.

    Control characters and "escape, then a character" are passed on as they came: the program
    gets exactly what it would have got from that terminal. An escape typed quickly before
    another key can't be told from alt, and comes out right this way too.
    """
    if character is None or len(character) != 1:
        return b""
    if key.startswith("alt+"):
        return b"\x1b" + character.encode("utf-8", "replace")
    if not (character < " " or character == "\x7f"):
        return b""
    plain_ctrl = key.startswith("ctrl+") or (key == "backspace" and character == "\b")
    return character.encode() if plain_ctrl else b""
