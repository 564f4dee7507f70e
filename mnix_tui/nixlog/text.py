"""Text out of a log: whatever could move a terminal is taken out, and lengths are bounded."""

from __future__ import annotations

import re

MAX_TEXT = 16 * 1024
"""Characters that are kept of one line."""
MAX_NAME = 200
"""Characters that are kept of a name."""
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_SEQUENCE = re.compile(
    r"\x1b(?!\[[0-9;:]{0,64}m)(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC and what they carry
    r"|[ -/]*[0-~]?)"
)
"""Whatever begins with an escape and is no colour: what stays of them are whole colours."""
_CLEAR = "\x1b[K"
"""The one that gcc, cargo and ninja print in each line, which is quicker found by itself."""
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1a\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
)
"""The most common of what does not print, and is no space."""
_HASH = re.compile(r"[0-9a-z]{32}-")
_SOURCE = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|patch|diff|gem|crate|jar|whl)$")
_WHAT = re.compile(r"(?:-[A-Za-z][A-Za-z_]*)+$")


def plain(text: str) -> str:
    """Return a text without colours."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def clean(text: str) -> str:
    """Keep colours and tabs, and nothing else that moves a terminal."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    if text.isprintable():
        return text
    if _CLEAR in text:
        text = text.replace(_CLEAR, "")
    if (bare := _COLOUR.sub("", text)).isprintable() or bare.replace("\t", "").isprintable():
        return text
    text = text.replace("\x9b", "\x1b[")
    if "\r" in text:
        # A progress bar that draws over itself: what it showed last.
        text = text.rstrip("\r").rsplit("\r", 1)[-1]
    if "\x1b" in bare or "\x9b" in bare:
        text = _SEQUENCE.sub("", text)
    text = _UNSEEN.sub("", text)
    if (bare := _COLOUR.sub("", text)).isprintable() or bare.replace("\t", "").isprintable():
        return text
    colours = _COLOUR.findall(text)
    parts = [_printable(part) for part in _COLOUR.split(text)]
    return "".join(a + b for a, b in zip(parts, [*colours, ""], strict=True))


def clean_name(text: str, limit: int = MAX_NAME) -> str:
    """Return a short text on one line, without anything but what prints."""
    text = plain(text[: 4 * limit])
    if not text.isprintable():
        text = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def name_of(path: str) -> str:
    """Return what people call a store path or a derivation: ``hello-2.12``."""
    base = path.rstrip("/").rsplit("/", 1)[-1]
    return clean_name(_HASH.sub("", base, count=1).removesuffix(".drv")) or clean_name(path)


def history_key(name: str) -> str:
    """Return a name without its version: sources and parts keep what tells them apart.

    >>> history_key("hello-2.12"), history_key("hello-2.12.tar.gz"), history_key("hi-1.0-vendor")
    ('hello', 'hello.tar.gz', 'hi-vendor')
    """
    source = _SOURCE.search(name)
    suffix = source[0] if source else ""
    stem = name.removesuffix(suffix)
    cut = next(
        (i for i, each in enumerate(stem[:-1]) if each == "-" and not stem[i + 1].isalpha()), None
    )
    if not cut:
        return stem + suffix
    part = _WHAT.search(stem, cut + 1)
    return stem[:cut] + (part[0] if part else "") + suffix


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\t" else " " if each.isspace() else ""
        for each in text
    )
