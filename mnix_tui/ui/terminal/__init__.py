"""The embedded terminal: a widget that shows a program and gives it keys and mouse."""

from __future__ import annotations

from mnix_tui.ui.terminal.altkeys import keep_alt_keys
from mnix_tui.ui.terminal.view import TerminalView

# The parser takes its methods when the app starts to read the keyboard: later is too late.
keep_alt_keys()

__all__ = ["TerminalView"]
