"""Alt keys that Textual's input parser loses: it turns alt+f into ctrl+right and alt+. into ".".

A line editor needs them (alt+f, alt+b, alt+., alt+backspace, alt+1). Terminals with the kitty
keyboard protocol are not affected: their keys arrive in another form.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import _character_to_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = {"\x7f": "backspace", "\b": "backspace", "\r": "enter"}


def keep_alt_keys() -> None:
    """Teach Textual's parser to report every "escape, then a key" as alt and that key."""
    original = XTermParser._sequence_to_key_events
    if hasattr(original, "keeps_alt_keys"):
        return

    @wraps(original)
    def parse(self: XTermParser, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        after_escape = sequence[1:] if len(sequence) == 2 and sequence[0] == "\x1b" else ""
        character = after_escape or (sequence if alt and len(sequence) == 1 else "")
        if character in _NAMED:
            return [events.Key(f"alt+{_NAMED[character]}", character)]
        # "[" and "O" begin longer sequences; the parser asks again once it gave up on those.
        if character.isprintable() and character and after_escape not in {"[", "O"}:
            shift = "shift+" if character.isupper() else ""
            name = _character_to_key(character.lower() if shift else character)
            return [events.Key(f"alt+{shift}{name}", character)]
        return original(self, sequence, alt)

    parse.keeps_alt_keys = True  # type: ignore[attr-defined]
    XTermParser._sequence_to_key_events = parse  # type: ignore[method-assign]
