"""Notes the terminal modes that a program sets, as its output passes; no I/O.

A client that attaches in the middle of a log gets a *preamble*: the sequences that bring a fresh
terminal into the modes which were set before the bytes that it is about to see.
"""

from __future__ import annotations

import re
from typing import Optional

ALTERNATE = (1049, 1047, 47)
"""The modes that switch to the alternate screen."""
_DEFAULT_ON = (7, 25)
_TRACKED = frozenset(
    (
        *(1, 5, 6, 7, 9, 12, 25, 45, 66, 67, 69),
        *ALTERNATE,
        *range(1000, 1008),
        *(1015, 1016, 1034, 1035, 1036, 1039, 2004, 2027, 2031, 2048),
    )
)
_SOFT_RESET = (1, 6, 7, 25, 66, 69)
_MAX_STACK = 16
_MAX_TITLE = 1024
_WINDOW = 4200  # bytes at the end that may be the beginning of a sequence

_SEQUENCES = (
    rb"\x1b(?:\[(?:\?(?P<modes>[0-9;]{1,64})(?P<set>[hlsr])"
    rb"|(?P<mark>[<=>])(?P<numbers>[0-9;]{0,32})(?P<final>[um])"
    rb"|(?P<plain>[0-9;]{0,16})(?P<plain_final>[rhl]| q)"
    rb"|(?P<soft>!p))"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<reset>c)"
    rb"|(?P<slot>[()*+])(?P<charset>[ -/]?[0-~])"
    rb"|\][012];(?P<title>[^\x07\x1b]{0,4096})(?:\x07|\x1b\\))"
)
_FAST = re.compile(_SEQUENCES)
_WITH_SHIFTS = re.compile(_SEQUENCES + rb"|(?P<shift>[\x0e\x0f])")
_PARTIAL = re.compile(
    rb"\x1b(?:\[[0-?]{0,128}[ -/]{0,4}|\][^\x07\x1b]{0,4096}\x1b?|[()*+][ -/]?)?\Z"
)


class Modes:
    """The modes after all bytes that were fed, wherever the bytes were split."""

    def __init__(self) -> None:
        self._carry = b""
        self._reset()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of output."""
        shifts = b"\x0e" in data or b"\x0f" in data
        if not self._carry and not shifts and b"\x1b" not in data:
            return
        data = self._carry + data
        partial = _PARTIAL.search(data, max(0, len(data) - _WINDOW))
        end = partial.start() if partial else len(data)
        pattern = _WITH_SHIFTS if b"\x0e" in data or b"\x0f" in data else _FAST
        for match in pattern.finditer(data, 0, end):
            self._note(match)
        self._carry = data[end:]

    @property
    def settled(self) -> bool:
        """Whether the last byte fed did not end in the middle of a sequence."""
        return not self._carry

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return any(self._modes.get(mode) for mode in ALTERNATE)

    def preamble(self) -> bytes:
        """Return what brings a fresh terminal into these modes; empty if it is in them."""
        parts = self._flags(alternate=False)
        parts += [b"\x1b[?%dh" % mode for mode in ALTERNATE if self._modes.get(mode)]
        parts += [
            b"\x1b[?%d%s" % (mode, b"h" if on else b"l")
            for mode, on in sorted(self._modes.items())
            if mode not in ALTERNATE and on != (mode in _DEFAULT_ON)
        ]
        parts += [b"\x1b[%dh" % mode for mode in sorted(self._ansi)]
        parts += [b"\x1b%s%s" % item for item in sorted(self._charsets.items())]
        parts += [b"\x1b="] * self._keypad + [b"\x0e"] * self._shifted
        if self._region:
            parts.append(b"\x1b[%sr" % self._region)
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        if self._title is not None:
            parts.append(b"\x1b]2;%s\x07" % self._title)
        parts += [b"\x1b[>%s;%sm" % item for item in sorted(self._keys.items())]
        if self.alternate:
            parts += self._flags(alternate=True)
        return b"".join(parts)

    def _flags(self, *, alternate: bool) -> list[bytes]:
        # Each screen has its own: the primary one's are set before the switch to the other.
        bottom, *pushed = self._kitty[alternate]
        return [b"\x1b[=%d;1u" % bottom] * bool(bottom) + [b"\x1b[>%du" % n for n in pushed]

    def _reset(self) -> None:
        self._modes: dict[int, bool] = {}
        self._saved: dict[int, bool] = {}
        self._ansi: set[int] = set()
        self._charsets: dict[bytes, bytes] = {}
        self._keypad = self._shifted = False
        self._region = self._cursor = b""
        self._title: Optional[bytes] = None
        self._keys: dict[bytes, bytes] = {}
        # The flags of kitty's keyboard protocol: a stack for each of the two screens.
        self._kitty = {False: [0], True: [0]}

    def _note(self, match: re.Match[bytes]) -> None:
        kind = match.lastgroup
        if kind == "set":
            self._private(match["modes"], match["set"])
        elif kind == "final":
            self._marked(match["mark"], match["numbers"], match["final"])
        elif kind == "plain_final":
            self._plain(match["plain"], match["plain_final"])
        elif kind == "keypad":
            self._keypad = match["keypad"] == b"="
        elif kind == "charset":
            self._designate(match["slot"], match["charset"])
        elif kind == "title":
            self._title = match["title"][:_MAX_TITLE]
        elif kind == "shift":
            self._shifted = match["shift"] == b"\x0e"
        elif kind == "soft":
            self._soft_reset()
        elif kind == "reset":
            title = self._title
            self._reset()
            self._title = title

    def _plain(self, numbers: bytes, final: bytes) -> None:
        if final == b"r":
            self._region = numbers.strip(b";")
        elif final == b" q":
            self._cursor = numbers.lstrip(b"0")
        else:
            for mode in set(_numbers(numbers)) & {4, 20}:
                (self._ansi.add if final == b"h" else self._ansi.discard)(mode)

    def _private(self, numbers: bytes, final: bytes) -> None:
        for mode in _numbers(numbers):
            if mode not in _TRACKED:
                continue
            if final == b"s":
                self._saved[mode] = self._modes.get(mode, mode in _DEFAULT_ON)
            elif final == b"r":
                self._modes[mode] = self._saved.get(mode, mode in _DEFAULT_ON)
            else:
                self._modes[mode] = final == b"h"
                if mode in ALTERNATE and final == b"l":
                    # Whichever of the three switched there, each of them switches back.
                    self._modes.update(dict.fromkeys(ALTERNATE, False))

    def _marked(self, mark: bytes, numbers: bytes, final: bytes) -> None:
        values = _numbers(numbers)
        if final == b"m":
            if mark == b">":
                resource, _, value = numbers.partition(b";")
                if value.strip(b"0;"):
                    self._keys[resource[:4]] = value[:4].split(b";")[0]
                else:
                    self._keys.pop(resource[:4], None)
            return
        stack = self._kitty[self.alternate]
        first = values[0] & 31 if values else 0
        if mark == b">":
            stack.append(first)
            if len(stack) > _MAX_STACK:
                del stack[1]
        elif mark == b"<":
            for _ in range(min(values[0] or 1 if values else 1, len(stack) - 1)):
                stack.pop()
        else:
            how = values[1] if len(values) > 1 else 1
            choices = {2: stack[-1] | first, 3: stack[-1] & ~first}
            stack[-1] = choices.get(how, first)

    def _designate(self, slot: bytes, charset: bytes) -> None:
        if charset == b"B":
            self._charsets.pop(slot, None)
        else:
            self._charsets[slot] = charset

    def _soft_reset(self) -> None:
        for mode in _SOFT_RESET:
            self._modes.pop(mode, None)
        self._ansi.discard(4)
        self._keypad = self._shifted = False
        self._region = b""
        self._charsets.clear()


def _numbers(text: bytes) -> list[int]:
    return [int(number) if number else 0 for number in text.split(b";")] if text else []
