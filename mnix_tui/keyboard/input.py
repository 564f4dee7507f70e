"""What the outer terminal sends, split into keys, pastes and reports. Pure: no clock, no I/O.

The bytes may arrive split anywhere. All of them come out again, in order and unaltered, whether
anybody knows what they mean or not; only a torn mouse report is dropped, because as keys it would
type rubbish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnix_tui.keyboard.decoder import decode_key
from mnix_tui.keyboard.keys import KeyEvent

ALT_FACTOR = 4
"""How much longer than for escape to wait where only alt and a bracket or O would be meant."""
TORN_SECONDS = 1.0
"""How long to wait for the rest of a sequence that no single key begins with."""
PASTE_BYTES = 32 * 1024 * 1024
"""A longer paste is refused as a whole."""


@dataclass(frozen=True, slots=True)
class Report:
    """Something that is no key: the mouse, focus, an answer to a query."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Pasted:
    """Text that the terminal says was pasted."""

    text: bytes


@dataclass(frozen=True, slots=True)
class PasteRefused:
    """A paste began that is longer than PASTE_BYTES: nothing of it comes."""


Token = KeyEvent | Report | Pasted | PasteRefused

_PASTE, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_WIDE = rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
_STRING = rb"[\x20-\x7e\x80-\xff]{0,4096}"
_KEY = re.compile(
    rb"[\x00-\x1a\x1c-\x7f]|" + _WIDE + rb"|\x1b\x1b?(?:"
    rb"\[\[[\x20-\x7e]|\[\d+\$|\[(?!M)[\x30-\x3f]{0,1024}[\x20-\x2f]{0,8}[\x40-\x5a\x5c-\x7e]"
    rb"|O(?:1;)?\d*[ABCDEFHIMPQRSXa-dj-y ])",
)
_REPORT = re.compile(
    rb"\x1b(?:\[M[\x20-\xff]{3}"  # the mouse as of old
    rb"|\[<[\d;-]*[Mm]|\[\d+;-?\d+;-?\d+M"  # and of today
    rb"|\[[IO]"  # focus
    rb"|\[[?>=][\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|\[[\x30-\x3f]*[\x20-\x2f]+[\x40-\x7e]"
    rb"|\[[\d;:]+[cntxy]"  # answers
    rb"|\[(?!1;\d+R)\d+;\d+R"  # the cursor's place: in line 1 it is F3 with modifiers
    rb"|\]\d{1,4};" + _STRING + rb"(?:\x07|\x1b\\)"
    rb"|P[01]?[>!$+]" + _STRING + rb"\x1b\\|_G" + _STRING + rb"\x1b\\)",
)
_RXVT_SHIFT = re.compile(rb"\x1b\[\d+\$")
_UNFINISHED = re.compile(
    rb"[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2}"
    rb"|\x1b\x1b?(?:\[(?:M[\x20-\xff]{0,2}|\[|[\x30-\x3f]{0,1024}[\x20-\x2f]{0,8})"
    rb"|O(?:1;)?\d*|\]|P|_)?"
    rb"|\x1b(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2}"
    rb"|\]\d{1,4}(?:;" + _STRING + rb"\x1b?)?"
    rb"|P[01]?(?:[>!$+]" + _STRING + rb"\x1b?)?|_G" + _STRING + rb"\x1b?)",
)
_ALT = re.compile(rb"\x1b(?:[\x00-\x1a\x1c-\x7f]|" + _WIDE + rb")")
_TORN_MOUSE = re.compile(rb"\x1b\[<[\d;-]*|\x1b\[M[\x20-\xff]{0,2}")
_LATE_REPORT = re.compile(rb"\x1b\[<\d+;-?\d+;-?\d+[Mm]|\x1b\[200~")


class Input:
    """Splits what a terminal sends. Feed it; when ``wait`` seconds passed in silence, flush it."""

    def __init__(self, escape_delay: float) -> None:
        self.escape_delay = escape_delay
        """Seconds after which a lone escape is a key, not the beginning of something."""
        self.escape_is_plain = True
        """Whether the terminal sends the escape key as this byte alone."""
        self._rest = b""
        self._pasted: bytearray | None = None
        self._refused = False
        self._flushed = b""

    @property
    def wait(self) -> float | None:
        """Seconds of silence after which what is unfinished is to be flushed; None for never."""
        rest = self._rest
        if not rest or self._pasted is not None:
            return None
        if rest in (b"\x1b", b"\x1b\x1b"):
            return self.escape_delay if self.escape_is_plain else TORN_SECONDS
        return self.escape_delay * ALT_FACTOR if len(rest) == 2 else TORN_SECONDS

    def feed(self, data: bytes) -> list[Token]:
        """Take bytes and return what they complete."""
        flushed, self._flushed = self._flushed, b""
        if flushed and _LATE_REPORT.match(flushed + data):
            data = flushed + data  # the rest of a report whose first byte came long before
        return self._split(self._rest + data, final=False)

    def flush(self) -> list[Token]:
        """Return what is unfinished as what it may be: nothing more of it will come."""
        if self._pasted is not None:
            return []
        rest, self._rest = self._rest, b""
        if _TORN_MOUSE.fullmatch(rest):
            return [Report(rest)] if len(rest) > 2 else []
        self._flushed = rest if rest in (b"\x1b", b"\x1b[") else b""
        return self._split(rest, final=True)

    def close(self) -> list[Token]:
        """Return everything that is left, at the end."""
        left = self.flush()
        if self._pasted is not None:
            self._collect(self._rest, left)
            self._end_paste(left)
        return left

    def _split(self, data: bytes, *, final: bool) -> list[Token]:
        tokens: list[Token] = []
        at, end = 0, len(data)
        while at < end:
            if self._pasted is not None:
                at = self._paste(data, at, tokens)
                continue
            if data.startswith(_PASTE, at):
                self._pasted, self._rest = bytearray(), b""
                at += len(_PASTE)
                continue
            size = self._next(data, at, tokens, final=final)
            if not size:
                break
            at += size
        if self._pasted is None:
            self._rest = data[at:]
        return tokens

    def _next(self, data: bytes, at: int, tokens: list[Token], *, final: bool) -> int:
        """Take one token; return its size, or 0 if there is to come more of it."""
        if data[at] == 0x1B and (report := _report(data, at)):
            tokens.append(Report(report))
            return len(report)
        if found := _KEY.match(data, at):
            raw = found[0]
            if raw[:2] == b"\x1b\x1b" and (raw[1:] == _PASTE or _REPORT.fullmatch(raw[1:])):
                raw = b"\x1b"
            tokens.append(decode_key(raw))
            return len(raw)
        if not final and _UNFINISHED.fullmatch(data, at):
            return 0
        if torn := _TORN_MOUSE.match(data, at):
            tokens.append(Report(torn[0]))
            return len(torn[0])
        raw = self._fallback(data, at, final=final)
        tokens.append(decode_key(raw))
        return len(raw)

    def _fallback(self, data: bytes, at: int, *, final: bool) -> bytes:
        """Return the bytes of a key that can only be alt and a character, or of an unknown one."""
        if final and data[at : at + 2] == b"\x1b\x1b" and len(data) - at <= 3:
            return data[at:]
        if alt := _ALT.match(data, at):
            if final and len(data) - at > 2:
                return data[at:]  # a torn sequence: one unknown key, not a row of characters
            return alt[0]
        return data[at : at + 1]

    def _paste(self, data: bytes, at: int, tokens: list[Token]) -> int:
        """Take pasted text; return where to go on."""
        assert self._pasted is not None
        end = data.find(_PASTE_END, at)
        if end >= 0:
            self._collect(data[at:end], tokens)
            self._end_paste(tokens)
            return end + len(_PASTE_END)
        # The end mark may have been cut in two.
        longest = min(len(_PASTE_END) - 1, len(data) - at)
        keep = next((n for n in range(longest, 0, -1) if data.endswith(_PASTE_END[:n])), 0)
        self._collect(data[at : len(data) - keep], tokens)
        self._rest = data[len(data) - keep :]
        return len(data)

    def _collect(self, text: bytes, tokens: list[Token]) -> None:
        assert self._pasted is not None
        if self._refused:
            return
        if len(self._pasted) + len(text) > PASTE_BYTES:
            self._pasted.clear()
            self._refused = True
            tokens.append(PasteRefused())
        else:
            self._pasted += text

    def _end_paste(self, tokens: list[Token]) -> None:
        assert self._pasted is not None
        if not self._refused:
            tokens.append(Pasted(bytes(self._pasted)))
        self._pasted, self._rest, self._refused = None, b"", False


def _report(data: bytes, at: int) -> bytes:
    found = _REPORT.match(data, at)
    if not found or (found[0][-2:-1] == b"$" and _RXVT_SHIFT.match(data, at)):
        return b""  # rxvt's shift+delete is "CSI 3 $", whatever is typed after it
    return found[0]
