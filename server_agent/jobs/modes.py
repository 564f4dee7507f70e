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
_MAX_TEXT = 1024
_MAX_SWITCHES = 128
_RESOURCES = 8  # of xterm, for the keys: 0 to 7
_MARGINS = 69
_LASTING = (b"2", b"7")  # texts that a full reset leaves
_WINDOW = 4200  # bytes at the end that may be the beginning of a sequence

# Nearly all sequences colour text or move the cursor. This passes over them quickly.
_OTHER = rb"\x1b(?!\[[0-9;:]*[@-gi-km-pt-~])"
_CANDIDATE = re.compile(_OTHER)
_CANDIDATE_OR_SHIFT = re.compile(_OTHER + rb"|[\x0e\x0f]")
_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?:\?(?P<modes>[0-9;]{1,64})(?P<set>[hlsr])"
    rb"|(?P<mark>[<=>])(?P<numbers>[0-9;]{0,32})(?P<final>[um])"
    rb"|(?P<plain>[0-9;]{0,16})(?P<plain_final>[rhls]| q)"
    rb"|(?P<soft>!p))"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<reset>c)"
    rb"|(?P<slot>[()*+])(?P<charset>[ -/]?[0-~])"
    rb"|\](?P<command>[0-9]{1,3})(?:;(?P<text>[^\x07\x1b]{0,4000}))?(?:\x07|\x1b\\))"
    rb"|(?P<shift>[\x0e\x0f])"
)
_PARTIAL = re.compile(
    rb"\x1b(?:\[[0-?]{0,128}[ -/]{0,4}|\][^\x07\x1b]{0,4096}\x1b?|[()*+][ -/]?)?\Z"
)
_STRINGS = (b"P", b"X", b"]", b"^", b"_")
_ENDS_STRING = re.compile(rb"[\x18\x1a]")
_ENDS_COMMAND = re.compile(rb"[\x07\x18\x1a]")


class Modes:
    """The modes after all bytes that were fed, wherever the bytes were split."""

    def __init__(self) -> None:
        self._carry = b""
        self._fed = 0
        self._string = b""
        self.switches: list[int] = []
        """The last places between the screens: where one is left, and where one is back."""
        self._reset()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of output."""
        begin = self._fed - len(self._carry)
        self._fed += len(data)
        shifts = b"\x0e" in data or b"\x0f" in data
        if not self._carry and not shifts and b"\x1b" not in data:
            self._follow_string(data, -1)
            return
        data = self._carry + data
        partial = _PARTIAL.search(data, max(0, len(data) - _WINDOW))
        end = partial.start() if partial else len(data)
        search = (_CANDIDATE_OR_SHIFT if b"\x0e" in data or b"\x0f" in data else _CANDIDATE).search
        found = search(data, 0, end)
        while found:
            match = _SEQUENCE.match(data, found.start(), end)
            if match:
                self._note(match, begin)
            found = search(data, match.end() if match else found.end(), end)
        self._carry = data[end:]
        self._follow_string(data, data.rfind(b"\x1b", 0, end))

    def _follow_string(self, data: bytes, escape: int) -> None:
        # The last escape may begin a string (an image, say) that goes on for megabytes.
        if escape >= 0:
            kind = data[escape + 1 : escape + 2]
            self._string = kind if kind in _STRINGS else b""
        if self._string:
            ends = _ENDS_COMMAND if self._string == b"]" else _ENDS_STRING
            if ends.search(data, escape + 1):
                self._string = b""

    @property
    def settled(self) -> bool:
        """Whether the last byte fed did not end in the middle of a sequence."""
        return not self._carry and not self._string

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return any(self._modes.get(mode) for mode in ALTERNATE)

    def preamble(self, *, again: bool = False) -> bytes:
        """Return what brings a fresh terminal into these modes; empty if it is in them.

        ``again``: it is not fresh, but was in modes that were set earlier.
        """
        parts = [b"\x1b[<%du" % _MAX_STACK] * again + self._flags(alternate=False)
        parts += [b"\x1b[?%dh" % mode for mode in ALTERNATE if self._modes.get(mode)]
        if again:  # after the switch: some of these move the cursor
            parts.append(b"\x1b[m\x1b[4l\x1b[20l\x1b(B\x1b)B\x1b*B\x1b+B\x1b>\x0f\x1b[r\x1b[0 q")
        parts += [
            b"\x1b[?%d%s" % (mode, b"h" if on else b"l")
            for mode, on in sorted(self._modes.items())
            if mode not in ALTERNATE and (again or on != (mode in _DEFAULT_ON))
        ]
        parts += [b"\x1b[%dh" % mode for mode in sorted(self._ansi)]
        parts += [b"\x1b%s%s" % item for item in sorted(self._charsets.items())]
        parts += [b"\x1b="] * self._keypad + [b"\x0e"] * self._shifted
        if self._region:
            parts.append(b"\x1b[%sr" % self._region)
        if self._margins and self._modes.get(_MARGINS):
            parts.append(b"\x1b[%ss" % self._margins)
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        parts += [b"\x1b]%s;%s\x07" % item for item in sorted(self._texts.items())]
        parts += [b"\x1b[>%d;%dm" % item for item in sorted(self._keys.items())]
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
        self._region = self._margins = self._cursor = b""
        # Titles, the folder and colours, by the number of their command (and the colour's).
        self._texts: dict[bytes, bytes] = {}
        self._keys: dict[int, int] = {}
        # The flags of kitty's keyboard protocol: a stack for each of the two screens.
        self._kitty = {False: [0], True: [0]}

    def _note(self, match: re.Match[bytes], begin: int) -> None:
        before = self.alternate
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
        elif kind in ("command", "text"):
            self._command(match["command"], match["text"])
        elif kind == "shift":
            self._shifted = match["shift"] == b"\x0e"
        elif kind == "soft":
            self._soft_reset()
        elif kind == "reset":
            texts = {key: self._texts[key] for key in _LASTING if key in self._texts}
            self._reset()
            self._texts = texts
        if self.alternate != before:
            self.switches.append(begin + (match.end() if before else match.start()))
            del self.switches[:-_MAX_SWITCHES]

    def _command(self, number: bytes, text: Optional[bytes]) -> None:
        number = number.lstrip(b"0") or b"0"
        text = text or b""
        if number in (b"0", b"2"):
            self._texts[b"2"] = text[:_MAX_TEXT]
        elif number in (b"7", b"10", b"11", b"12"):
            if len(text) <= _MAX_TEXT and text != b"?":
                self._texts[number] = text
        elif number in (b"110", b"111", b"112"):
            self._texts.pop(number[1:], None)
        elif number == b"4":
            parts = text.split(b";")
            for colour, value in zip(parts[::2], parts[1::2]):
                if colour.isdigit() and int(colour) < 256 and len(value) <= 64 and value != b"?":
                    self._texts[b"4;%d" % int(colour)] = value
        elif number == b"104":
            for key in [key for key in self._texts if key.startswith(b"4;")]:
                if not text or key[2:] in text.split(b";"):
                    del self._texts[key]

    def _plain(self, numbers: bytes, final: bytes) -> None:
        if final == b"r":
            self._region = numbers.strip(b";")
        elif final == b"s":
            if self._modes.get(_MARGINS):
                self._margins = numbers.strip(b";")
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
                resource, value = (*values, 0, 0)[:2]
                if value and resource < _RESOURCES:
                    self._keys[resource] = min(value, 9999)
                else:
                    self._keys.pop(resource, None)
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
        self._region = self._margins = b""
        self._charsets.clear()


def _numbers(text: bytes) -> list[int]:
    return [int(number) if number else 0 for number in text.split(b";")] if text else []
