"""What is pasted: when it has to be asked about first, and what is told about it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnix_tui.keyboard.input import PASTE_BYTES

LARGE_BYTES = 100_000
MOST_BYTES = PASTE_BYTES
"""More than that is not pasted at all."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t]*")
_SHOWN_LINES = 6
_SHOWN_WIDTH = 200


@dataclass(frozen=True)
class Pasted:
    """A text from the clipboard."""

    text: str

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.text.encode("utf-8", "replace"))

    @property
    def lines(self) -> int:
        """Its lines; the last one may have no end."""
        return len(self.text.splitlines())

    @property
    def runs(self) -> bool:
        """Whether it has a line end, which at a prompt is the enter key."""
        return "\n" in self.text or "\r" in self.text

    @property
    def dropped(self) -> int:
        """How many control characters will be left out."""
        return len(_CONTROLS.findall(self.text))

    @property
    def doubtful(self) -> bool:
        """Whether a plain prompt should not get it unseen."""
        return self.runs or self.dropped > 0 or self.size > LARGE_BYTES

    @property
    def one_line(self) -> str:
        """The text with blanks for its line ends."""
        return _LINE_END.sub(" ", self.text.strip("\r\n"))

    def beginning(self) -> list[str]:
        """Return its first lines, to look at."""
        lines = self.text.splitlines()
        shown = [_CONTROLS.sub("�", line.expandtabs(4))[:_SHOWN_WIDTH] for line in lines]
        if len(lines) > _SHOWN_LINES:
            rest = len(lines) - (_SHOWN_LINES - 1)
            return [*shown[: _SHOWN_LINES - 1], f"… {rest:,} more lines"]
        return shown

    def summary(self) -> str:
        """Return how much it is."""
        size = f"{self.size:,} bytes" if self.size < 10_000 else f"{self.size / 1000:,.0f} kB"
        lines = f"{self.lines:,} line{'s' if self.lines != 1 else ''}"
        return f"{lines}, {size}"
