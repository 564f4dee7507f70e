"""A key, and how a program wants it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Modifiers:
    """The modifier keys held down, and the locks that are on."""

    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    super: bool = False
    hyper: bool = False
    meta: bool = False
    caps_lock: bool = False
    num_lock: bool = False

    @property
    def bits(self) -> int:
        """The modifiers as the mouse encoder's bit mask."""
        return self.shift | self.ctrl << 1 | self.alt << 2 | self.super << 3

    @property
    def wire(self) -> int:
        """The modifiers as terminals send them, less the 1 that is added: without the locks."""
        return (
            self.shift
            | self.alt << 1
            | self.ctrl << 2
            | self.super << 3
            | self.hyper << 4
            | self.meta << 5
        )

    @property
    def locks(self) -> int:
        """The locks that are on, as terminals send them."""
        return self.caps_lock << 6 | self.num_lock << 7

    @classmethod
    def from_wire(cls, bits: int) -> Modifiers:
        """Make them from what a terminal sent, less the 1 that is added."""
        shift, alt, ctrl, *rest = (bool(bits >> bit & 1) for bit in range(8))
        return cls(shift, ctrl, alt, *rest)


NO_MODIFIERS = Modifiers()


class KeyAction(Enum):
    """What happened to a key; only some terminals tell anything but presses."""

    PRESS = 1
    REPEAT = 2
    RELEASE = 3


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One key.

    ``key`` names a key that types nothing ("arrow_up", "f5", "numpad_enter"; empty for a key that
    types text), ``text`` is what it types without ctrl and alt, ``base`` the character without
    shift, and ``layout`` the character of the key in that place on a US keyboard, if known.
    ``produced`` is the text that the terminal itself says the key typed. ``raw`` is what the
    terminal sent: with nothing else known, it is passed on as it is.
    """

    key: str = ""
    text: str = ""
    base: str = ""
    modifiers: Modifiers = NO_MODIFIERS
    action: KeyAction = KeyAction.PRESS
    layout: str = ""
    produced: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class KeyModes:
    """How a program wants its keys: what it has set of the modes that concern the keyboard."""

    kitty: int = 0
    """The flags of the kitty keyboard protocol."""
    cursor: bool = False
    """DECCKM: cursor keys begin with SS3."""
    keypad: bool = False
    """DECKPAM: the keypad's keys have sequences of their own."""
    backarrow: bool = False
    """DECBKM: backspace sends ^H."""
    other_keys: bool = False
    """modifyOtherKeys, state 2."""
