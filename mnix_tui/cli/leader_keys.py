"""Finding the leader, and the key that follows it, in what a terminal sends. Pure."""

from __future__ import annotations

import re

from mnix_tui.domain.leader import DEFAULT, Leader, parse_leader

LEAVE = ("d", "D", ".")
"""Keys behind the leader that leave the session: what follows them is not for it any more."""
_KEY = re.compile(rb"\x1b\[(\d+)(?::[\d:]*)?(?:;(\d*)(?::(\d))?)?(?:;[\d:]*)?u")
"""A key as kitty's keyboard protocol sends it: code, modifiers, what happened to it."""
_MODIFIER_KEYS = range(57441, 57455)
_PASTE = (b"\x1b[200~", b"\x1b[201~")


def leader_of(name: str) -> Leader:
    """Return the leader that a setting names; the default one where it names none."""
    try:
        return parse_leader(name)
    except ValueError:
        return parse_leader(DEFAULT)


class LeaderKeys:
    """Splits what is typed into bytes for the session, and keys that followed the leader.

    The leader twice sends it through, as it came. What is pasted is text, whatever is in it.
    """

    def __init__(self, leader: Leader) -> None:
        self._pattern = leader.pattern
        self._led = False
        self._pasting = False

    def feed(self, data: bytes) -> tuple[bytes, list[str]]:
        """Take typed bytes; return what goes to the session, and the leader's keys."""
        out, keys, at = bytearray(), [], 0
        while at < len(data):
            if self._pasting:
                end = data.find(_PASTE[1], at)
                self._pasting = end < 0
                upto = len(data) if end < 0 else end + len(_PASTE[1])
                out += data[at:upto]
                at = upto
            elif self._led:
                key, at = self._after(data, at, out)
                if key:
                    keys.append(key)
                if key in LEAVE:
                    break
            else:
                at = self._plain(data, at, out)
        return bytes(out), keys

    def _plain(self, data: bytes, at: int, out: bytearray) -> int:
        paste = data.find(_PASTE[0], at)
        found = self._pattern.search(data, at, paste if paste >= 0 else len(data))
        if found is not None:
            out += data[at : found.start()]
            self._led = True
            return found.end()
        if paste < 0:
            out += data[at:]
            return len(data)
        self._pasting = True
        end = paste + len(_PASTE[0])
        out += data[at:end]
        return end

    def _after(self, data: bytes, at: int, out: bytearray) -> tuple[str, int]:
        """Take the key behind the leader; return its name, "" when it is none of ours."""
        if (again := self._pattern.match(data, at)) is not None:
            self._led = False
            out += again.group()
            return "", again.end()
        if (found := _KEY.match(data, at)) is not None:
            code = int(found[1][:7])
            if found[3] == b"3" or code in _MODIFIER_KEYS:  # let go of the leader; or shift
                return "", found.end()
            self._led = False
            return chr(code) if code < 0x110000 else "?", found.end()
        self._led = False
        if data[at] == 0x1B:  # some other key's sequence: none of it is for the session
            end = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL).match(data, at)
            return "escape", end.end() if end else at + 1
        text = data[at : at + 4].decode("utf-8", "ignore")[:1] or "?"
        return text, at + max(1, len(text.encode()))
