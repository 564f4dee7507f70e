"""The embedded terminal: a widget that shows a program and gives it keys and mouse."""

from __future__ import annotations

from mnix_tui.ui.terminal.view import TerminalView

__all__ = ["TerminalView"]
