"""Keys and mouse as the emulator's encoders take them. Plain values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Modifiers:
    """The modifier keys held down."""

    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False

    @property
    def bits(self) -> int:
        """The modifiers as the encoders' bit mask."""
        return self.shift | self.ctrl << 1 | self.alt << 2 | self.meta << 3


NO_MODIFIERS = Modifiers()


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One key press.

    ``key`` names the key as on a US keyboard ("a", "digit_1", "arrow_up", "f5"; empty when
    unknown), ``text`` is what it types without ctrl and alt, ``base`` the character without shift.
    """

    key: str = ""
    text: str = ""
    base: str = ""
    modifiers: Modifiers = NO_MODIFIERS


class MouseAction(Enum):
    """What the mouse did."""

    PRESS = 0
    RELEASE = 1
    MOTION = 2


class MouseButton(Enum):
    """The button of a mouse event; the wheel is buttons, as terminals report it."""

    NONE = 0
    LEFT = 1
    RIGHT = 2
    MIDDLE = 3
    WHEEL_UP = 4
    WHEEL_DOWN = 5
    WHEEL_LEFT = 6
    WHEEL_RIGHT = 7


@dataclass(frozen=True, slots=True)
class MouseEvent:
    """One mouse event, in cells from the screen's top left."""

    action: MouseAction
    button: MouseButton
    x: int
    y: int
    modifiers: Modifiers = NO_MODIFIERS
