"""What a session changes in the terminal that it is shown on, and what takes that back. Pure."""

from __future__ import annotations

import re

_SWITCHES = {
    # Private modes that a terminal has off at first, or (autowrap, the cursor) on.
    **dict.fromkeys((1, 5, 6, 9, 12, 45, 47, 66, 69, 1000, 1001, 1002, 1003, 1004), b"l"),
    **dict.fromkeys((1005, 1006, 1015, 1016, 1034, 1036, 1039, 1047, 1049, 2004), b"l"),
    **dict.fromkeys((2026, 2027, 2031, 2048), b"l"),
    **dict.fromkeys((7, 25), b"h"),
}
_SCREENS = (47, 1047, 1049)
_FIND = re.compile(
    rb"\x1b(?:"
    rb"\[([<=>?!]?)([0-9;]*)( q|[hlurtp])"  # 1, 2, 3: what switches something
    rb"|\[>([0-9;]*)m"  # 4: modifyOtherKeys
    rb"|([=>c])"  # 5: keypad, reset
    rb"|\]([0-9]+);?([^\x07\x1b]{0,2})"  # 6, 7: colours, links
    rb"|([()*+])(.)"  # 8, 9: character sets
    rb")"
)
_STRING = re.compile(rb"\x1b([\]PX^_])")
"""The begin of a string: a title, a link, an image."""
_ENDS_OSC = re.compile(rb"[\x07\x18\x1a]|(?=\x1b)")
_ENDS_STRING = re.compile(rb"[\x18\x1a]|(?<!\x1b)(?=\x1b[^\x1b])")
"""What ends one. A doubled escape is how tmux takes sequences through."""
_COLOURS = {4: 104, 5: 105, 10: 110, 11: 111, 12: 112, 13: 113, 14: 114, 17: 117, 19: 119}
_LONGEST = 40
"""Bytes of a sequence that may be cut between two pieces of output."""


class Modes:
    """Follows what a session switches, to undo what is still on when it is left."""

    def __init__(self) -> None:
        self._tail = b""
        self._within: bytes | None = None
        self._reset()

    def _reset(self) -> None:
        self._private: dict[int, None] = {}
        self._ansi: dict[int, None] = {}
        self._kitty = [0, 0]  # entries pushed on the main screen's stack, and the other's
        self._flags = [False, False]
        self._colours: dict[int, None] = {}
        self._titles = 0
        self._keypad = self._other_keys = self._shape = False
        self._region = self._sets = self._shift = self._link = False

    @property
    def in_string(self) -> bool:
        """Whether what was shown ends within a string: nothing of ours can stand there."""
        return self._within is not None

    @property
    def alternate(self) -> bool:
        """Whether the session shows its alternate screen."""
        return any(number in self._private for number in _SCREENS)

    def feed(self, data: bytes) -> bytes:
        """Take output; return what of it can be shown now.

        A sequence or a character whose end has not come yet is kept for the next call, so that
        something of ours can stand between.
        """
        if self._tail:
            data = self._tail + data
        whole = _whole(data)
        self._tail, data = data[whole:], data[:whole]
        for match in _FIND.finditer(data):
            self._take(match)
        if b"\x0e" in data or b"\x0f" in data:
            self._shift = data.rfind(b"\x0e") > data.rfind(b"\x0f")
        self._follow(data)
        return data

    def _follow(self, data: bytes) -> None:
        at = 0
        while True:
            if self._within is None:
                found = _STRING.search(data, at)
                began = found[1] if found is not None else None
            else:
                found = (_ENDS_OSC if self._within == b"]" else _ENDS_STRING).search(data, at)
                began = None
            if found is None:
                return
            self._within, at = began, found.end()

    def rest(self) -> bytes:
        """Return what was kept back, at the end of the output."""
        rest, self._tail = self._tail, b""
        self._follow(rest)
        return rest

    def undo(self) -> bytes:
        """Return what puts the terminal back; colours always."""
        parts = [b"\x1b\\"] if self.in_string else []
        if self._link:
            parts.append(b"\x1b]8;;\x1b\\")
        if self.alternate:
            parts.append(self._undo_kitty(1))
        private = reversed(self._private)
        parts += [b"\x1b[?%d%b" % (number, _SWITCHES[number]) for number in private]
        parts.append(self._undo_kitty(0))
        parts += [b"\x1b[%dl" % number for number in self._ansi]
        parts += [b"\x1b]%d\x1b\\" % _COLOURS[number] for number in self._colours]
        wanted = (
            (self._keypad, b"\x1b>"),
            (self._other_keys, b"\x1b[>4m"),
            (self._shape, b"\x1b[0 q"),
            (self._region, b"\x1b7\x1b[r\x1b8"),
            (self._sets, b"\x1b(B\x1b)B"),
            (self._shift, b"\x0f"),
        )
        parts += [undo for on, undo in wanted if on]
        parts += [b"\x1b[23t"] * min(self._titles, 10)
        return b"".join(parts) + b"\x1b[m"

    def _undo_kitty(self, screen: int) -> bytes:
        pushed = min(self._kitty[screen], 32)
        undo = b"\x1b[<%du" % pushed if pushed else b""
        return undo + (b"\x1b[=0u" if self._flags[screen] and not pushed else b"")

    def _take(self, match: re.Match[bytes]) -> None:
        kind = match.lastindex or 0
        if kind == 3:
            self._control(match[1], match[2], match[3])
        elif kind == 4:
            numbers = _numbers(match[4])
            if numbers[:1] == [4]:
                self._other_keys = len(numbers) > 1 and numbers[1] > 0
        elif kind == 5:
            if match[5] == b"c":
                self._reset()
            else:
                self._keypad = match[5] == b"="
        elif kind == 7:
            self._string(int(match[6][:4]), match[7])
        elif kind == 9:
            self._sets = self._sets or match[9] != b"B"

    def _control(self, prefix: bytes, text: bytes, final: bytes) -> None:
        numbers = _numbers(text)
        if final in (b"h", b"l"):
            if prefix == b"?":
                self._switch(numbers, final)
            elif not prefix:
                for number in {4, 20}.intersection(numbers):
                    _note(self._ansi, number, final == b"h")
        elif final == b"u" and prefix in (b"<", b"=", b">"):
            self._kitty_flags(prefix, numbers)
        elif final == b" q" and not prefix:
            self._shape = bool(numbers and numbers[0])
        elif final == b"r" and not prefix:
            self._region = bool(numbers)
        elif final == b"t" and numbers[:1] in ([22], [23]):
            self._titles = max(0, self._titles + (1 if numbers[0] == 22 else -1))
        elif final == b"p" and prefix == b"!":  # a soft reset
            self._keypad = self._region = self._sets = self._shift = False
            for number in (1, 6, 25):
                self._private.pop(number, None)

    def _switch(self, numbers: list[int], how: bytes) -> None:
        for number in numbers:
            usual = _SWITCHES.get(number)
            if usual is not None:
                _note(self._private, number, how != usual)

    def _kitty_flags(self, how: bytes, numbers: list[int]) -> None:
        screen = int(self.alternate)
        if how == b">":
            self._kitty[screen] += 1
        elif how == b"<":
            self._kitty[screen] = max(0, self._kitty[screen] - (numbers[0] if numbers else 1))
        else:
            self._flags[screen] = bool(numbers and numbers[0])

    def _string(self, number: int, begin: bytes) -> None:
        if number == 8:
            self._link = begin != b";"
        elif number in _COLOURS and not begin.endswith(b"?"):
            self._colours[number] = None
        elif number - 100 in _COLOURS:
            self._colours.pop(number - 100, None)


def _note(noted: dict[int, None], number: int, on: bool) -> None:
    noted.pop(number, None)
    if on:
        noted[number] = None


def _numbers(text: bytes) -> list[int]:
    return [int(each[:6]) for each in text.split(b";") if each]


_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][0-9]*[^0-9].{2}|[()*+ #%].|[^\[\]()*+ #%])", re.DOTALL
)


def _whole(data: bytes) -> int:
    """Return how many bytes of ``data`` end where neither a sequence nor a character is cut."""
    end = len(data)
    last = data.rfind(b"\x1b", max(0, end - _LONGEST))
    if last >= 0 and _SEQUENCE.match(data, last) is None:
        return last
    for back in range(1, min(4, end + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return end if back >= length else end - back
        if byte < 0x80:
            break
    return end
