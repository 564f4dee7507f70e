"""The terminal emulator's adapter: no textual, no I/O. The only part that knows the library.

emulator  bytes in; frames, events and encoded keys out
native    every call into libghostty
cells     packed cells to text (pure)
grid, events, keys   plain values
"""

from __future__ import annotations

from mnix_tui.terminal.emulator import Emulator
from mnix_tui.terminal.events import (
    Bell,
    Clipboard,
    CommandEnded,
    CommandStarted,
    Directory,
    Event,
    Notification,
    PromptShown,
    Reply,
    Title,
)
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
from mnix_tui.terminal.keys import (
    KeyEvent,
    KeyModes,
    Modifiers,
    MouseAction,
    MouseButton,
    MouseEvent,
)
from mnix_tui.terminal.marks import Mark, Marks
from mnix_tui.terminal.memory import SCROLLBACK_BYTES, SCROLLBACK_LINES
from mnix_tui.terminal.standing import Standing
from mnix_tui.terminal.words import Columns, Line

__all__ = [
    "SCROLLBACK_BYTES",
    "SCROLLBACK_LINES",
    "Bell",
    "Clipboard",
    "Columns",
    "CommandEnded",
    "CommandStarted",
    "Cursor",
    "CursorShape",
    "Directory",
    "Emulator",
    "Event",
    "Frame",
    "KeyEvent",
    "KeyModes",
    "Line",
    "Mark",
    "Marks",
    "Modes",
    "Modifiers",
    "MouseAction",
    "MouseButton",
    "MouseEvent",
    "Notification",
    "PromptShown",
    "Reply",
    "Row",
    "Run",
    "Scroll",
    "Standing",
    "Style",
    "Title",
    "Underline",
    "row_text",
]
