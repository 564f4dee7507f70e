"""A row of very many styles is a row like any, though it is read in another way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mnix_tui.terminal import Emulator, Run, Style, Underline, row_text
from mnix_tui.terminal.dense import Dense

COLS = 60
colours = st.tuples(*[st.integers(0, 255)] * 3)


def fed(data: str) -> Emulator:
    emulator = Emulator(COLS, 3)
    emulator.feed(data.encode())
    emulator.frame()
    return emulator


def test_row_of_unique_colours_has_its_runs() -> None:
    row = fed("".join(f"\x1b[38;2;{x};1;2mx" for x in range(COLS))).row(0)
    assert isinstance(row, Dense)
    assert list(row) == [Run("x", Style(foreground=(x, 1, 2)), 1) for x in range(COLS)]
    assert row[0:2] == tuple(row)[0:2]
    assert row_text(row) == "x" * COLS


def test_wide_characters_and_few_styles_take_the_usual_way() -> None:
    wide = fed("".join(f"\x1b[38;2;{x};1;2m中" for x in range(COLS // 2))).row(0)
    assert not isinstance(wide, Dense)
    assert len(wide) == COLS // 2
    few = fed("".join(f"\x1b[38;2;{x % 9};1;2mx" for x in range(COLS))).row(0)
    assert not isinstance(few, Dense)


def test_changed_style_under_the_same_cells_is_seen() -> None:
    """A style's number is given to another style once no cell uses it."""
    emulator = fed("".join(f"\x1b[38;2;{x};1;2mx" for x in range(COLS)))
    for shade in range(3, 9):
        emulator.feed(b"\x1b[H\x1b[0m" + b"x" * COLS)
        line = "".join(f"\x1b[38;2;{x};{shade};2mx" for x in range(COLS))
        emulator.feed(f"\x1b[H{line}".encode())
        emulator.frame()
        assert [run.style.foreground for run in emulator.row(0)] == [
            (x, shade, 2) for x in range(COLS)
        ]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(colours, st.sampled_from(["", "1;", "4:3;", "7;", "48;2;9;8;7;"])),
        min_size=COLS,
        max_size=COLS,
    )
)
def test_every_cell_has_what_the_program_asked_for(
    cells: list[tuple[tuple[int, int, int], str]],
) -> None:
    row = fed("".join(f"\x1b[0;{more}38;2;{r};{g};{b}mx" for (r, g, b), more in cells)).row(0)
    wanted = [
        Style(
            foreground=colour,
            background=(9, 8, 7) if more.startswith("48") else None,
            bold=more == "1;",
            underline=Underline.CURLY if more.startswith("4:") else Underline.NONE,
            reverse=more == "7;",
        )
        for colour, more in cells
    ]
    assert [style for _, style, width in row for _ in range(width)] == wanted
