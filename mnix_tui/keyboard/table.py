"""The keys that type no text: their names, and how terminals number them. Pure tables."""

from __future__ import annotations

CURSOR = {
    "arrow_up": "A",
    "arrow_down": "B",
    "arrow_right": "C",
    "arrow_left": "D",
    "numpad_begin": "E",
    "end": "F",
    "home": "H",
}
"""Keys that are ``CSI letter``, or ``SS3 letter`` in the application's cursor mode."""

FUNCTION = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
"""Keys that are ``SS3 letter``, and ``CSI 1;modifiers letter`` with modifiers."""

TILDE = {
    "insert": 2,
    "delete": 3,
    "page_up": 5,
    "page_down": 6,
    **dict(zip((f"f{n}" for n in range(5, 11)), (15, 17, 18, 19, 20, 21), strict=True)),
    **dict(
        zip((f"f{n}" for n in range(11, 21)), (23, 24, 25, 26, 28, 29, 31, 32, 33, 34), strict=True)
    ),
    **{f"f{n}": n + 21 for n in range(21, 36)},
    "context_menu": 29,
}
"""Keys that are ``CSI number ~``. (xterm sends the same for the menu key and F16.)"""

TILDE_NAMES = {
    **{number: name for name, number in TILDE.items()},
    1: "home",
    4: "end",
    7: "home",
    8: "end",
    11: "f1",
    12: "f2",
    13: "f3",
    14: "f4",
    57427: "numpad_begin",
}

KITTY = {
    "escape": 27,
    "enter": 13,
    "tab": 9,
    "backspace": 127,
    **{
        name: 57358 + at
        for at, name in enumerate(
            ("caps_lock", "scroll_lock", "num_lock", "print_screen", "pause", "context_menu")
        )
    },
    **{f"f{n}": 57363 + n for n in range(13, 36)},
    **{
        f"numpad_{name}": 57399 + at
        for at, name in enumerate(
            (
                *"0123456789",
                *("decimal", "divide", "multiply", "subtract", "add", "enter", "equal"),
                *("separator", "left", "right", "up", "down", "page_up", "page_down"),
                *("home", "end", "insert", "delete"),
            )
        )
    },
    **{
        name: 57428 + at
        for at, name in enumerate(
            (
                *("media_play", "media_pause", "media_play_pause", "media_reverse", "media_stop"),
                *("media_fast_forward", "media_rewind", "media_track_next"),
                *("media_track_previous", "media_record"),
                *("lower_volume", "raise_volume", "mute_volume"),
                *("left_shift", "left_control", "left_alt"),
                *("left_super", "left_hyper", "left_meta"),
                *("right_shift", "right_control", "right_alt"),
                *("right_super", "right_hyper", "right_meta"),
                *("iso_level3_shift", "iso_level5_shift"),
            )
        )
    },
}
"""Keys that are ``CSI number u`` in the kitty keyboard protocol."""

KITTY_NAMES = {number: name for name, number in KITTY.items()}
PRIVATE = range(57344, 63744)
"""Where that protocol numbers keys that are no characters: there may be new ones."""

KEYPAD = {
    **{
        f"numpad_{digit}": (digit, "pqrstuvwxy"[digit_at])
        for digit_at, digit in enumerate("0123456789")
    },
    "numpad_multiply": ("*", "j"),
    "numpad_add": ("+", "k"),
    "numpad_separator": (",", "l"),
    "numpad_subtract": ("-", "m"),
    "numpad_decimal": (".", "n"),
    "numpad_divide": ("/", "o"),
    "numpad_equal": ("=", "X"),
    "numpad_enter": ("\r", "M"),
}
"""The keypad's keys: what they type, and the letter after SS3 in the application's keypad mode."""

KEYPAD_NAMES = {letter: name for name, (_, letter) in KEYPAD.items()}

NAVIGATION = {
    "numpad_left": "arrow_left",
    "numpad_right": "arrow_right",
    "numpad_up": "arrow_up",
    "numpad_down": "arrow_down",
    **{
        f"numpad_{name}": name
        for name in ("page_up", "page_down", "home", "end", "insert", "delete")
    },
}
"""What the keypad's keys are without Num Lock."""

SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
"""What is on the same key of a US keyboard without shift."""

CONTROL = {
    **{chr(byte + 0x60): byte for byte in range(1, 27)},
    **dict(
        zip(
            "@ 2[3\\4]5^6~_7/?8",
            (0, 0, 0, 27, 27, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31, 127, 127),
            strict=True,
        )
    ),
}
"""The byte that ctrl makes of a character, as every terminal has it since the VT100."""
