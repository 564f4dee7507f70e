"""What the library gets wrong, or does that an embedded terminal can't, put right in the bytes. Pure."""

from __future__ import annotations

import re

_COLUMNS = re.compile(rb"\x1b\[\?((?:3|40)(?:;[\d;]{0,60})?)([hl])")
_CLIPBOARD = re.compile(rb"\x1b\]52;[a-z0-9]{2,12};")
_CLEAR = b"\x1b[r\x1b[2J\x1b[H"


class Repairs:
    """Turns a program's output into what the library interprets as other terminals would.

    - It prints DEL, which terminals ignore.
    - It ignores ``CSI g`` without a parameter, which clears the tab stop at the cursor.
    - It makes itself 80 or 132 columns wide (DECCOLM) once a program allowed that (mode 40). Our
      size is not the program's to choose: what stays of it is that the screen is cleared.
    - It ignores a clipboard (OSC 52) that several targets are named for, such as ``pc``.
    """

    def __init__(self) -> None:
        self._columns_allowed = False

    def __call__(self, data: bytes) -> bytes:
        """Return output, repaired. Of a sequence that is cut off here, nothing may be held back."""
        if b"\x7f" in data:
            data = data.replace(b"\x7f", b"")
        if b"\x1b[g" in data:
            data = data.replace(b"\x1b[g", b"\x1b[0g")
        if b"\x1b[?3" in data or b"\x1b[?40" in data:
            data = _COLUMNS.sub(self._set_columns, data)
        if b"\x1b]52;" in data:
            data = _CLIPBOARD.sub(b"\x1b]52;c;", data)
        return data

    def _set_columns(self, match: re.Match[bytes]) -> bytes:
        modes = match[1].split(b";")
        if b"40" in modes:
            self._columns_allowed = match[2] == b"h"
        cleared = b"3" in modes and self._columns_allowed
        rest = [mode for mode in modes if mode not in (b"3", b"40")]
        kept = b"\x1b[?" + b";".join(rest) + match[2] if rest else b""
        return kept + (_CLEAR if cleared else b"")
