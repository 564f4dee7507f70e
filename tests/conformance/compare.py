"""Two screens in the same terms: characters and styles, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.terminal import Emulator, Row, Style
from mnix_tui.terminal.cells import safe

if TYPE_CHECKING:
    from tests.conformance.oracle import Captured

Cell = tuple[str, Style]
BLANK: Cell = (" ", Style())


class Screen(NamedTuple):
    """Rows of cells, plain blanks at their ends left out, and the cursor's column and row."""

    rows: list[list[Cell]]
    cursor: tuple[int, int]

    @property
    def text(self) -> list[str]:
        """The rows as text, blanks at their ends removed."""
        return ["".join(character for character, _ in row).rstrip(" ") for row in self.rows]


def screen(emulator: Emulator) -> Screen:
    """Return what an emulator shows."""
    cursor = emulator.frame(force=True).cursor
    return Screen([_cells(emulator.row(y)) for y in range(emulator.rows)], (cursor.x, cursor.y))


def history(emulator: Emulator) -> list[str]:
    """Return the text of all rows of an emulator."""
    return [line.text for line in emulator.lines(0, emulator.total_rows)]


def painted(captured: Captured, cols: int) -> Screen:
    """Return what tmux showed: its SGR sequences, interpreted by an emulator of ours."""
    emulator = Emulator(cols, len(captured.rows))
    # tmux goes on with the style of the row before, and shows line drawing by SO and SI.
    emulator.feed(b"\x1b[?7l\x1b)0")
    for y, row in enumerate(captured.rows, 1):
        emulator.feed(b"\x1b[%d;1H" % y + row.encode())
    return Screen(screen(emulator).rows, captured.cursor)


def _cells(row: Row) -> list[Cell]:
    # An underline's or a cursor's colour can't be seen in what tmux captures, nor can links.
    cells = [
        (character, run.style._replace(link="")) for run in row for character in safe(run.text)
    ]
    while cells and cells[-1] == BLANK:
        cells.pop()
    return cells


def difference(name: str, ours: Screen, theirs: Screen) -> str:
    """Describe how two screens differ, in a few lines; "" if they don't."""
    found = []
    for y, (our, their) in enumerate(zip(ours.rows, theirs.rows, strict=True)):
        while len(our) > len(their) and our[-1][0] == " " and _only_background(our[-1][1]):
            our = our[:-1]
        if our == their:
            continue
        texts = ["".join(character for character, _ in row) for row in (our, their)]
        if texts[0].rstrip() != texts[1].rstrip():
            found.append(f"row {y}: ours {texts[0]!r}, tmux {texts[1]!r}")
            continue
        for x in range(max(len(our), len(their))):
            pair = [row[x] if x < len(row) else BLANK for row in (our, their)]
            if pair[0] != pair[1]:
                found.append(f"row {y} cell {x}: ours {brief(pair[0])}, tmux {brief(pair[1])}")
                break
    if ours.cursor != theirs.cursor:
        found.append(f"cursor: ours {ours.cursor}, tmux {theirs.cursor}")
    return "\n".join([name, *found]) if found else ""


def _only_background(style: Style) -> bool:
    return style._replace(background=None) == Style()


def brief(cell: Cell) -> str:
    """Describe one cell."""
    style = {key: value for key, value in cell[1]._asdict().items() if value not in (None, False)}
    return f"{cell[0]!r} {style}"
