"""The lines at a terminal's bottom, as the emulator shows what is written."""

from mnix_tui.cli.bottom import Bottom
from mnix_tui.terminal import Emulator, row_text


class Screen:
    """A terminal of a size, and the bottom that is drawn on it."""

    def __init__(self, cols: int = 30, rows: int = 6) -> None:
        self.size = (cols, rows)
        self.emulator = Emulator(cols, rows)
        self.bottom = Bottom()

    def draw(self, *lines: str, above: tuple[str, ...] = ()) -> str:
        frame = self.bottom.frame(lines, self.size, above)
        self.emulator.feed(frame.encode())
        return frame

    def clear(self) -> None:
        self.emulator.feed(self.bottom.clear().encode())

    def resize(self, cols: int, rows: int) -> None:
        self.size = (cols, rows)
        self.emulator.resize(cols, rows)

    @property
    def shown(self) -> list[str]:
        self.emulator.frame()
        rows = [row_text(self.emulator.row(y)).rstrip() for y in range(self.size[1])]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def cursor_shown(self) -> bool:
        return self.emulator.frame(force=True).cursor.visible


def test_lines_are_drawn_in_place_and_others_scroll_above() -> None:
    screen = Screen()
    screen.emulator.feed(b"$ mnix\r\n")
    screen.draw("tree 1", "sum 1")
    assert screen.shown == ["$ mnix", "tree 1", "sum 1"]
    assert not screen.cursor_shown()
    screen.draw("tree 2", "sum 2", above=("step", "a warning"))
    assert screen.shown == ["$ mnix", "step", "a warning", "tree 2", "sum 2"]
    screen.draw("just one")
    assert screen.shown == ["$ mnix", "step", "a warning", "just one"]
    screen.draw("one", "two", "three", above=("another",))
    assert screen.shown == ["step", "a warning", "another", "one", "two", "three"]
    screen.clear()
    assert screen.shown == ["step", "a warning", "another"]
    assert screen.cursor_shown()
    screen.emulator.feed(b"$ ")
    assert screen.shown == ["step", "a warning", "another", "$"]


def test_nothing_is_written_when_nothing_changed() -> None:
    screen = Screen()
    assert screen.draw("a", "b")
    assert screen.draw("a", "b") == ""
    screen.clear()
    assert screen.bottom.clear() == ""
    assert screen.draw("a", "b")


def test_a_long_line_above_wraps_and_the_lines_below_stay_whole() -> None:
    screen = Screen(cols=10)
    screen.draw("x" * 10, "y" * 10)
    screen.draw("x" * 10, "y" * 10, above=("0123456789abcdef",))
    assert screen.shown == ["0123456789", "abcdef", "x" * 10, "y" * 10]


def test_a_line_that_is_too_long_is_cut_at_the_edge() -> None:
    screen = Screen(cols=10)
    screen.draw("0123456789abcdef", "next")
    assert [row[:9] for row in screen.shown] == ["012345678", "next"]
    screen.draw("short", "next")
    assert screen.shown == ["short", "next"]


def test_of_too_many_lines_the_last_ones_are_drawn() -> None:
    screen = Screen(rows=4)
    screen.draw(*(str(number) for number in range(20)))
    assert screen.shown == ["17", "18", "19"]
    screen.draw(*(str(number) for number in range(30)))
    assert screen.shown == ["27", "28", "29"]


def test_a_resize_leaves_no_piece_behind() -> None:
    screen = Screen(cols=40, rows=12)
    screen.emulator.feed(b"$ mnix\r\n")
    screen.draw("a" * 40, "b" * 38, "sum")
    for cols, rows in ((17, 12), (60, 12), (40, 8), (9, 5), (33, 12)):
        screen.resize(cols, rows)
        lines = ["a" * cols, "b" * (cols - 2), f"sum {cols}"]
        screen.draw(*lines)
        assert screen.shown[-3:] == lines, (cols, rows)
        assert sum("a" in row for row in screen.shown) == 1, (cols, rows)
    screen.clear()
    assert not any("a" in row or "b" in row for row in screen.shown)
