"""Addresses that a click may open: which are safe, and where one is in a line. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"'`{}|\\^\x00-\x20\x7f-\x9f]+", re.IGNORECASE)
LONGEST = 2048
"""An address with more characters is not one to open."""
_CLOSING = {")": "(", "]": "["}


def openable(address: str) -> bool:
    """Whether an address may be handed to the browser or the mail program."""
    if len(address) > LONGEST or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in _SCHEMES and bool(parts.path if scheme == "mailto" else parts.netloc)


def address_at(text: str, index: int) -> str:
    """Return the plain address around an index of a text, or nothing."""
    for match in _ADDRESS.finditer(text):
        if match.start() > index:
            break
        if index >= match.end() or match.end() - match.start() > LONGEST:
            continue
        address = _trimmed(match.group())
        if index < match.start() + len(address):
            return address if openable(address) else ""
    return ""


def _trimmed(address: str) -> str:
    """Leave out what ends the sentence around an address, not the address."""
    while address:
        last = address[-1]
        opening = _CLOSING.get(last)
        unpaired = opening is not None and address.count(last) > address.count(opening)
        if last not in ".,;:!?*_" and not unpaired:
            break
        address = address[:-1]
    return address
