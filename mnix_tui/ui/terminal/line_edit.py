"""One line that is typed into: text, cursor, and the keys of every such line. Pure."""

from __future__ import annotations

_LONGEST = 1000


class LineEdit:
    """A line of text with a cursor."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.cursor = len(text)

    def insert(self, text: str) -> None:
        """Type or paste; only what can be seen, and only the first line."""
        # Cut before anything looks at it: a paste may be huge.
        line = text[:_LONGEST].splitlines()[0] if text else ""
        kept = "".join(one for one in line if one.isprintable())[: _LONGEST - len(self.text)]
        self.text = self.text[: self.cursor] + kept + self.text[self.cursor :]
        self.cursor += len(kept)

    def replace(self, text: str) -> None:
        """Put another text in place of this one."""
        self.text, self.cursor = text, len(text)

    def key(self, key: str, character: str | None) -> bool:
        """Take a key; false for one that means nothing here."""
        move = self._moves().get(key)
        if move is not None:
            self.cursor = move
            return True
        cut = self._cuts().get(key)
        if cut is not None:
            start, end = cut
            self.text = self.text[:start] + self.text[end:]
            self.cursor = start
            return True
        if character and character.isprintable() and not key.startswith(("ctrl+", "alt+")):
            self.insert(character)
            return True
        return False

    def _moves(self) -> dict[str, int]:
        end = len(self.text)
        left, right = max(self.cursor - 1, 0), min(self.cursor + 1, end)
        return {
            "left": left,
            "ctrl+b": left,
            "right": right,
            "ctrl+f": right,
            "home": 0,
            "ctrl+a": 0,
            "end": end,
            "ctrl+e": end,
        }

    def _cuts(self) -> dict[str, tuple[int, int]]:
        here, end = self.cursor, len(self.text)
        back, forward = (max(here - 1, 0), here), (here, min(here + 1, end))
        word = len(self.text[:here].rstrip().rpartition(" ")[0])
        word = word + 1 if word else 0
        return {
            "backspace": back,
            "ctrl+h": back,
            "delete": forward,
            "ctrl+d": forward,
            "ctrl+u": (0, here),
            "ctrl+k": (here, end),
            "ctrl+w": (word, here),
        }
