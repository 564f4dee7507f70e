"""The terminal emulator's adapter: no textual, no I/O. The only part that knows the library.

emulator  bytes in; frames, events and encoded keys out
native    every call into libghostty
cells     packed cells to text (pure)
grid, events, keys   plain values
"""

from __future__ import annotations

from mnix_tui.terminal.emulator import SCROLLBACK_BYTES, Emulator
from mnix_tui.terminal.events import Bell, Event, Reply, Title
from mnix_tui.terminal.grid import (
    Cursor,
    CursorShape,
    Frame,
    Modes,
    Row,
    Run,
    Scroll,
    Style,
    Underline,
    row_text,
)
from mnix_tui.terminal.input import Input, Pasted, Report, Token
from mnix_tui.terminal.key_decoder import decode_key, typed
from mnix_tui.terminal.keys import (
    KeyAction,
    KeyEvent,
    KeyModes,
    Modifiers,
    MouseAction,
    MouseButton,
    MouseEvent,
)

__all__ = [
    "SCROLLBACK_BYTES",
    "Bell",
    "Cursor",
    "CursorShape",
    "Emulator",
    "Event",
    "Frame",
    "Input",
    "KeyAction",
    "KeyEvent",
    "KeyModes",
    "Modes",
    "Modifiers",
    "MouseAction",
    "MouseButton",
    "MouseEvent",
    "Pasted",
    "Reply",
    "Report",
    "Row",
    "Run",
    "Scroll",
    "Style",
    "Title",
    "Token",
    "Underline",
    "decode_key",
    "row_text",
    "typed",
]
