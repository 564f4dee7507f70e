"""Textual's names of keys to key events, and back. Pure."""

from __future__ import annotations

from functools import lru_cache
from string import punctuation

from textual._xterm_parser import XTermParser
from textual.keys import Keys, _character_to_key, key_to_character

from mnix_tui.keyboard.decoder import typed
from mnix_tui.keyboard.encoder import kitty_form
from mnix_tui.keyboard.keys import KeyAction, KeyEvent, Modifiers

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
_BY_NAME = {_character_to_key(character): character for character in punctuation}
TEXTUAL_FLAGS = 1 | 8 | 16
"""The kitty protocol as Textual turns it on, and so the form of it that it understands."""

_parser = XTermParser()


def key_event(key: str, character: str | None) -> KeyEvent | None:
    """Translate a Textual key; None if it is nothing that a terminal could send."""
    *held, name = key.split("+")
    shift, ctrl, alt = "shift" in held, "ctrl" in held, "alt" in held
    meta = bool({"super", "meta", "hyper"} & set(held))
    if name in _NAMED:
        return KeyEvent(_NAMED[name], modifiers=Modifiers(shift, ctrl, alt, meta))
    text = _character(name, character, bool(held))
    if not text:
        return None
    if shift and text.islower():
        text = text.upper()
    plain = typed(text)
    modifiers = Modifiers(shift or plain.modifiers.shift, ctrl, alt, meta)
    return KeyEvent("", text, plain.base, modifiers)


def _character(name: str, character: str | None, modified: bool) -> str:
    if not modified and character and character.isprintable():
        return character
    if name == "space":
        return " "
    if len(name) == 1:
        return name
    return _BY_NAME.get(name) or key_to_character(name) or ""


@lru_cache(maxsize=2048)
def textual_key(event: KeyEvent) -> tuple[str, str | None]:
    """Return Textual's name and character of a key; ``Keys.Ignore`` where it knows none."""
    if event.action is KeyAction.RELEASE:
        return Keys.Ignore.value, None
    # What a program asked the outer terminal to tell is more than Textual's parser can take.
    raw = kitty_form(event, TEXTUAL_FLAGS) or event.raw
    text = raw.decode("utf-8", "ignore")
    found = list(_parser._sequence_to_key_events(text))
    if not found and text[:1] == "\x1b" and len(text) == 2:
        found = list(_parser._sequence_to_key_events(text[1:], alt=True))
    if not found or found[0].key == Keys.Ignore:
        return Keys.Ignore.value, None
    return found[0].key, found[0].character
