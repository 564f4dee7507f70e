"""Keys and mouse as the emulator's encoders take them. Plain values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mnix_tui.keyboard.keys import NO_MODIFIERS, KeyAction, KeyEvent, KeyModes, Modifiers

__all__ = [
    "NO_MODIFIERS",
    "KeyAction",
    "KeyEvent",
    "KeyModes",
    "Modifiers",
    "MouseAction",
    "MouseButton",
    "MouseEvent",
]


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
