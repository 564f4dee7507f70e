"""The leader: the one key that is ours inside a shell. Its name, and the forms it is sent in. Pure.

A name is what the dashboard calls the key: modifiers joined by "+", then a character or the name
of one ("ctrl+backslash", "ctrl+a", "alt+space", "f12", "grave_accent").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from server_agent.protocol.suggest import nearest

DEFAULT = "ctrl+backslash"

_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4, "super": 8}
_OTHER_NAMES = {"control": "ctrl", "meta": "alt", "option": "alt", "cmd": "super"}
_CHARACTER_NAMES = {
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
    "caret": "^",
    "backtick": "`",
    "space": " ",
    "period": ".",
    "dot": ".",
}
_LETTERS = {
    "up": "A",
    "down": "B",
    "right": "C",
    "left": "D",
    "end": "F",
    "home": "H",
    "f1": "P",
    "f2": "Q",
    "f3": "R",
    "f4": "S",
}
_NUMBERS = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    **dict(zip((f"f{n}" for n in range(3, 11)), (13, 14, 15, 17, 18, 19, 20, 21), strict=True)),
    "f1": 11,
    "f2": 12,
    "f11": 23,
    "f12": 24,
}
_LOCKS = (0, 64, 128, 192)
_TAKEN = {
    "ctrl+i": "the Tab key",
    "ctrl+m": "the Enter key",
    "ctrl+[": "the Escape key",
    "ctrl+3": "the Escape key",
    "ctrl+h": "the Backspace key of many terminals",
    "ctrl+8": "the Backspace key",
    "ctrl+?": "the Backspace key",
    "ctrl+j": "what ends a line",
}
_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
_CONTROL = dict(zip("@ 2\\4]5^6_7/", (0, 0, 0, 28, 28, 29, 29, 30, 30, 31, 31, 31), strict=True))


@dataclass(frozen=True)
class Leader:
    """A key, as its name says it."""

    name: str
    """As the dashboard's screens call it; the same for all ways to write it."""
    character: str = ""
    """What it types without ctrl and alt; empty for a key that types nothing."""
    key: str = ""
    """The name of a key that types nothing."""
    held: int = 0
    """The modifiers as terminals send them: 1 shift, 2 alt, 4 ctrl, 8 super."""

    @property
    def shown(self) -> str:
        """As people write it: ``ctrl+\\``."""
        key = self.character if self.character.isprintable() and self.character != " " else ""
        return "+".join([*self.name.split("+")[:-1], key]) if key else self.name

    @property
    def byte(self) -> int | None:
        """The single byte that every terminal sends for it, if it is one."""
        if self.held == 4 and self.character.isascii():
            if self.character.isalpha():
                return ord(self.character) & 0x1F
            return _CONTROL.get(self.character)
        if not self.held and len(self.character.encode()) == 1:
            return ord(self.character)
        return None

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Matches the key's press in every form that a terminal may send it in."""
        return _pattern(self)


def parse_leader(name: str) -> Leader:
    """Return the key that a setting names. Raises ValueError with what is wrong and a way out."""
    *modifiers, last = _parts(name)
    held = 0
    for modifier in modifiers:
        known = _OTHER_NAMES.get(modifier, modifier)
        if known not in _MODIFIERS:
            raise ValueError(f"{modifier!r} is no modifier{nearest(modifier, _MODIFIERS)}")
        held |= _MODIFIERS[known]
    small = last.lower()
    if small in _LETTERS or small in _NUMBERS:
        return Leader(_name(held, small), key=small, held=held)
    character = last if len(last) == 1 else _characters().get(small, "")
    if not character:
        known_names = (*_LETTERS, *_NUMBERS, *_characters())
        raise ValueError(f"{last!r} is no key{nearest(small, known_names)}")
    if held & 4:
        character = character.lower()
    _check(character, held)
    return Leader(_name(held, _character_name(character)), character=character, held=held)


def _parts(name: str) -> list[str]:
    name = name if name == " " else name.strip()
    if name in ("+", " "):
        return [name]
    if name.endswith("++"):
        return [*(part.strip().lower() for part in name[:-2].split("+")), "+"]
    *modifiers, last = name.split("+")
    if not last:
        raise ValueError("it names no key: write one like ctrl+backslash")
    return [*(part.strip().lower() for part in modifiers), last.strip() or last]


def _check(character: str, held: int) -> None:
    short = f"ctrl+{character}"
    if held == 4 and short in _TAKEN:
        raise ValueError(f"{short} is {_TAKEN[short]}: take another one, such as {DEFAULT}")
    if held == 4 and character.isascii() and not character.isalpha() and character not in _CONTROL:
        raise ValueError(f"most terminals can't send {short}: take another one, such as {DEFAULT}")
    if held in (0, 1) and (character.isalnum() or character.isspace()):
        raise ValueError(f"{character!r} alone is needed for typing: add ctrl or alt to it")


@cache
def _characters() -> dict[str, str]:
    """Characters by their names: those of Unicode, and what the keys are called."""
    names = {_unicode_name(chr(code)): chr(code) for code in range(0x20, 0x7F)}
    return names | _CHARACTER_NAMES


def _unicode_name(character: str) -> str:
    return unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")


def _character_name(character: str) -> str:
    if character.isalnum():
        return character
    for name, known in (*_CHARACTER_NAMES.items(), *_characters().items()):
        if known == character and name not in ("caret", "backtick", "period", "dot"):
            return name
    return character


def _name(held: int, key: str) -> str:
    order = ("alt", "ctrl", "shift", "super")
    return "+".join([*(one for one in order if held & _MODIFIERS[one]), key])


@cache
def _pattern(leader: Leader) -> re.Pattern[bytes]:
    held = str(leader.held + 1)
    # Caps Lock and Num Lock are part of the number where a terminal tells of them.
    numbers = "|".join(str(leader.held + 1 + locks) for locks in _LOCKS)
    field = f"(?:{numbers})(?::[12]?)?"
    if leader.character:
        forms = _character_forms(leader, field)
        code = ord(leader.character)
        forms.append(re.escape(f"\x1b[27;{held};{code}~"))
        return re.compile("|".join(forms).encode(), re.DOTALL)
    forms = []
    if letter := _LETTERS.get(leader.key):
        forms.append(rf"\x1b\[1;{field}{letter}")
        if not leader.held:
            forms.append(rf"\x1b[\[O]{letter}")
    if number := _NUMBERS.get(leader.key):
        forms.append(rf"\x1b\[{number};{field}~")
        if not leader.held:
            forms.append(rf"\x1b\[{number}~")
    if leader.key in ("f1", "f2", "f3", "f4", "f5") and not leader.held:
        forms.append(rf"\x1b\[\[{chr(0x40 + int(leader.key[1]))}")  # the Linux console
    return re.compile("|".join(forms).encode())


def _character_forms(leader: Leader, field: str) -> list[str]:
    code = ord(leader.character)
    held = field if leader.held else f"(?:{field})?"
    # The key's own character, or that of its place on a US keyboard.
    key = rf"(?:{code}(?::\d*)*|\d+:\d*:{code})"
    forms = [rf"\x1b\[{key};{held}(?:;[\d:]*)?u"]
    if unshifted := _SHIFTED.get(leader.character):
        # Told as the key without shift, and shift.
        numbers = "|".join(str((leader.held | 1) + 1 + locks) for locks in _LOCKS)
        shifted = rf"(?:{ord(unshifted)}(?:::\d*)?|\d+:{code}(?::\d*)?)"
        forms.append(rf"\x1b\[{shifted};(?:{numbers})(?::[12]?)?(?:;[\d:]*)?u")
        forms.append(re.escape(f"\x1b[27;{(leader.held | 1) + 1};{code}~"))
    if leader.held <= 1:
        forms += [rf"\x1b\[{key}u", re.escape(leader.character)]
    elif leader.byte is not None:
        forms.append(re.escape(chr(leader.byte)))
    elif leader.held == 2:
        forms.append("\x1b" + re.escape(leader.character))
    elif leader.held == 6 and (plain := parse_leader(_name(4, leader.character)).byte) is not None:
        forms.append("\x1b" + re.escape(chr(plain)))
    return forms
