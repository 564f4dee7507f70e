"""What the library gets wrong, put right in the bytes before it sees them. Pure."""

from __future__ import annotations


def repaired(data: bytes) -> bytes:
    """Return output that the library interprets as other terminals do.

    - It prints DEL, which terminals ignore.
    - It ignores ``CSI g`` without a parameter, which clears the tab stop at the cursor.
    """
    if b"\x7f" in data:
        data = data.replace(b"\x7f", b"")
    if b"\x1b[g" in data:
        data = data.replace(b"\x1b[g", b"\x1b[0g")
    return data
