"""Everything that terminals can send for a key, by the kind of terminal."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mnix_tui.keyboard.keys import KeyAction, KeyEvent, KeyModes, Modifiers
from tests.unit.keyboard.ghostty import ghostty

if TYPE_CHECKING:
    from collections.abc import Iterator

MODIFIERS = range(2, 17)  # 1, and shift 1, alt 2, ctrl 4, meta 8
KEYPAD = b"jklmnopqrstuvwxyXM"
SHIFTED = dict(zip("`1234567890-=[]\\;',./", '~!@#$%^&*()_+{}|:"<>?', strict=True))


def _characters() -> Iterator[bytes]:
    plain = [bytes([code]) for code in range(128)]
    texts = "é ß ñ я Ж λ € 漢 あ 한 א ا 👍 👩‍🚀"
    plain += [character.encode() for text in texts.split(" ") for character in text]
    for each in plain:
        yield each
        yield b"\x1b" + each


def xterm() -> list[bytes]:
    """Return what xterm sends in its own modes, the cursor's and the keypad's set or not."""
    sent = list(_characters())
    for letter in b"ABCDEFHPQRS":
        end = bytes([letter])
        if end not in b"PQRS":
            sent.append(b"\x1b[" + end)
        sent.append(b"\x1bO" + end)
        sent += [b"\x1b[1;%d" % modifier + end for modifier in MODIFIERS]
    for number in (1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28,
                   29, 31, 32, 33, 34, 42, 43, 44, 45):  # fmt: skip
        sent.append(b"\x1b[%d~" % number)
        sent += [b"\x1b[%d;%d~" % (number, modifier) for modifier in MODIFIERS]
    sent += [b"\x1b[Z", b"\x1b[1;6Z", b"\x1bOI", b"\x1bO "]
    sent += [b"\x1bO" + bytes([letter]) for letter in KEYPAD]
    sent += [b"\x1bO%d" % modifier + bytes([letter]) for letter in KEYPAD for modifier in MODIFIERS]
    return sent


def other_keys() -> list[bytes]:
    """Return what modifyOtherKeys adds, in both forms."""
    codes = [9, 13, 27, 127, *range(32, 127), 0xE9, 0x44F, 0x20AC]
    forms = (b"\x1b[27;%d;%d~", b"\x1b[%d;%du")
    return [forms[0] % (held, code) for code in codes for held in MODIFIERS] + [
        forms[1] % (code, held) for code in codes for held in MODIFIERS
    ]


def rxvt() -> list[bytes]:
    """Return what rxvt sends and others don't."""
    numbers = (
        *range(1, 9),
        *range(11, 16),
        *range(17, 22),
        *(23, 24, 25, 26, 28, 29, 31, 32, 33, 34),
    )
    sent = [b"\x1b[%d" % number + end for number in numbers for end in (b"~", b"$", b"^", b"@")]
    sent += [b"\x1b[" + bytes([letter]) for letter in b"abcd"]
    sent += [b"\x1bO" + bytes([letter]) for letter in b"abcd"]
    return sent + [b"\x1b" + each for each in sent]  # with alt


def linux() -> list[bytes]:
    """Return what the Linux console sends and others don't."""
    return [b"\x1b[[" + bytes([letter]) for letter in b"ABCDE"] + [
        b"\x1b[%d~" % number for number in (1, 2, 3, 4, 5, 6, 25, 26, 28, 29, 31, 32, 33, 34)
    ]


NAMED = [
    *("escape", "enter", "tab", "backspace", "insert", "delete", "page_up", "page_down", "home"),
    *("end", "arrow_up", "arrow_down", "arrow_left", "arrow_right", "print_screen", "pause"),
    *("caps_lock", "num_lock", "scroll_lock", "left_shift", "right_control", "left_alt"),
    *(f"f{number}" for number in range(1, 26)),
    *(f"numpad_{digit}" for digit in "0123456789"),
    *("numpad_add", "numpad_enter", "numpad_left", "numpad_page_up", "numpad_decimal"),
]
_KEYPAD_TEXT = {"numpad_add": "+", "numpad_decimal": "."} | {f"numpad_{d}": d for d in "0123456789"}


@cache
def presses() -> list[KeyEvent]:
    """Return every key with every set of modifiers, pressed, held and let go."""
    made = []
    for bits in (*range(16), 64, 128, 128 + 5):
        held = Modifiers.from_wire(bits)
        keys = [KeyEvent(name, _KEYPAD_TEXT.get(name, ""), "", held) for name in NAMED]
        for base in "abz019`-=[]\\;',./ éß漢":
            text = SHIFTED.get(base, base.upper() if len(base.upper()) == 1 else base)
            keys.append(KeyEvent("", text if held.shift else base, base, held))
        made += [
            KeyEvent(key.key, key.text, key.base, held, action)
            for key in keys
            for action in KeyAction
        ]
    return made


def kitty(flags: int) -> list[tuple[KeyEvent, bytes]]:
    """Return what a terminal with these flags of the kitty protocol sends, and for which key."""
    terminal = ghostty(KeyModes(kitty=flags))
    sent = ((event, terminal.encode(event)) for event in presses())
    return [(event, raw) for event, raw in sent if raw]
