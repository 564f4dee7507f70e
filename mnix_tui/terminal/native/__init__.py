"""Every call into the native library (libghostty).

A wrong out-type corrupts the heap, so each data key is read by one method here with its own type.
"""

from __future__ import annotations

from mnix_tui.terminal.native.encoders import Encoders
from mnix_tui.terminal.native.history import History, Pin
from mnix_tui.terminal.native.requests import Requests
from mnix_tui.terminal.native.terminal import Terminal
from mnix_tui.terminal.native.view import View

__all__ = ["Encoders", "History", "Pin", "Requests", "Terminal", "View"]
