"""Sending a folder's files: which ones, as what, and how they travel.

``scan`` lists what the ignore rules leave, ``pack`` makes one tar stream of it, ``send`` carries
that to the agent's ``receive``.
"""

from mnix_tui.sync.model import Entry, PushReport, Scan
from mnix_tui.sync.roots import Root, find_flakes, find_root
from mnix_tui.sync.scan import scan
from mnix_tui.sync.send import send

__all__ = ["Entry", "PushReport", "Root", "Scan", "find_flakes", "find_root", "scan", "send"]
