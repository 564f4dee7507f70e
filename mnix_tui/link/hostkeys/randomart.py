"""A key's fingerprint as a picture, the same that OpenSSH draws."""

from __future__ import annotations

import hashlib

_COLUMNS, _ROWS = 17, 9
_SHADES = " .o+=*BOX@%&#/^SE"


def randomart(blob: bytes, title: str) -> str:
    """Return OpenSSH's picture of a public key (in its wire form), with ``title`` on top."""
    digest = hashlib.sha256(blob).digest()
    field = [[0] * _COLUMNS for _ in range(_ROWS)]
    x, y = _COLUMNS // 2, _ROWS // 2
    for byte in digest:
        for shift in (0, 2, 4, 6):
            step = byte >> shift
            x = min(max(x + (1 if step & 1 else -1), 0), _COLUMNS - 1)
            y = min(max(y + (1 if step & 2 else -1), 0), _ROWS - 1)
            field[y][x] = min(field[y][x] + 1, len(_SHADES) - 3)
    field[_ROWS // 2][_COLUMNS // 2] = len(_SHADES) - 2
    field[y][x] = len(_SHADES) - 1
    lines = [_edge(f"[{title}]")]
    lines += ["|" + "".join(_SHADES[n] for n in row) + "|" for row in field]
    return "\n".join([*lines, _edge("[SHA256]")])


def _edge(text: str) -> str:
    left = (_COLUMNS - len(text)) // 2
    return "+" + ("-" * left + text).ljust(_COLUMNS, "-") + "+"
