"""What the painter writes shows what the rows say, also when only changes are written."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.console import Console
from textual._ansi_theme import MONOKAI

from mnix_tui.terminal import Emulator, Run, Style, Underline
from mnix_tui.terminal.dense import Dense
from mnix_tui.ui.terminal.painter import Painter, changes
from mnix_tui.ui.terminal.pens import Look, nearest

COLS = 40
SYSTEMS = [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD]


def look(
    system: ColorSystem = ColorSystem.TRUECOLOR, *, own: bool = True, dim: bool = False
) -> Look:
    fore, back = ColorTriplet(200, 201, 202), ColorTriplet(10, 11, 12)
    if own:
        return Look(fore, back, MONOKAI, dim, system)
    return Look(None, None, None, dim, system)


def screen(text: str, cols: int = COLS) -> list[tuple[str, Style]]:
    """Return the cells of the first line as a terminal shows them."""
    emulator = Emulator(cols, 2)
    emulator.feed(text.encode())
    emulator.frame()
    return [
        (char, run.style) for run in emulator.row(0) for char in run.text.ljust(run.width, "\0")
    ]


def rows(seed: int, count: int) -> list[tuple[Run, ...]]:
    """Return the rows that a program's output makes, each a change of the one before."""
    chance = random.Random(seed)
    emulator = Emulator(COLS, 2)
    made = []
    for _ in range(count):
        for _ in range(chance.randint(1, 4)):
            emulator.feed(
                (
                    f"\x1b[1;{chance.randint(1, COLS)}H\x1b[0;{chance.choice([1, 3, 4, 7, 9, 31, 45])}m"
                    + chance.choice(["word ", "x", "中文", "e\u0301", "", "❤️", "─"])
                ).encode()
            )
        emulator.frame()
        made.append(tuple(emulator.row(0)))
    return made


@pytest.mark.parametrize("seed", range(20))
def test_changes_over_the_old_row_make_the_new_one(seed: int) -> None:
    painter = Painter(look())
    old, written = None, ""
    for row in rows(seed, 6):
        column, runs = changes(old, row)
        if runs:
            written += f"\x1b[1;{column + 1}H{painter.sequence(runs, column + 1)}"
        whole = f"\x1b[H{painter.sequence(row, 1)}"
        assert screen(written) == screen(whole)
        old = row


def test_one_changed_letter_is_all_that_is_written() -> None:
    before, after = (
        (Run("some words on a line", Style(), 20),),
        (Run("some wards on a line", Style(), 20),),
    )
    assert changes(before, after) == (6, (Run("a", Style(), 1),))
    assert changes(before, before)[1] == ()


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("dim", [True, False])
def test_dense_rows_look_like_others(system: ColorSystem, own: bool, dim: bool) -> None:
    output = "".join(
        f"\x1b[0;38;2;{x * 5};9;99{';4:3;58:2::1:2:3' * (x % 7 == 0)}{';48;5;30' * (x % 5 == 0)}m#"
        for x in range(COLS)
    )
    emulator = Emulator(COLS, 2)
    emulator.feed(output.encode())
    emulator.frame()
    row = emulator.row(0)
    assert isinstance(row, Dense)
    painter = Painter(look(system, own=own, dim=dim))
    assert screen(painter.sequence(row, 1)) == screen(painter.sequence(tuple(row), 1))


STYLES = st.builds(
    Style,
    foreground=st.one_of(st.none(), st.integers(0, 255), st.tuples(*[st.integers(0, 255)] * 3)),
    background=st.one_of(st.none(), st.integers(0, 255), st.tuples(*[st.integers(0, 255)] * 3)),
    bold=st.booleans(),
    dim=st.booleans(),
    italic=st.booleans(),
    underline=st.sampled_from(Underline),
    reverse=st.booleans(),
    strike=st.booleans(),
    overline=st.booleans(),
    underline_colour=st.one_of(st.none(), st.tuples(*[st.integers(0, 255)] * 3)),
    link=st.sampled_from(["", "https://example.org/a?b=c", "bad\x1b\\link"]),
)


@given(STYLES, st.sampled_from(SYSTEMS), st.booleans(), st.booleans())
def test_textual_draws_what_the_pen_does(
    style: Style, system: ColorSystem, own: bool, dim: bool
) -> None:
    painter = Painter(look(system, own=own, dim=dim))
    row = (Run("text", style, 4),)
    console = Console(color_system={1: "standard", 2: "256", 3: "truecolor"}[system.value])  # type: ignore[arg-type]
    assert screen(painter.strip(row).render(console), 4) == screen(painter.sequence(row, 1), 4)
    assert "\x1b\\link" not in painter.sequence(row, 1)


@given(*[st.integers(0, 255)] * 3)
def test_nearest_colour_is_richs(red: int, green: int, blue: int) -> None:
    theirs = Color.from_rgb(red, green, blue).downgrade(ColorSystem.EIGHT_BIT).number
    high, low = max(red, green, blue), min(red, green, blue)
    total = high + low
    bound = 0.15 * (total if total <= 255 else 510 - total)
    # Right at the bound between grey and colour, rounding decides.
    assert nearest(red, green, blue) == theirs or abs(high - low - bound) < 1e-6


def test_column_is_named_behind_characters_of_disputed_width() -> None:
    painter = Painter(look())
    assert "\x1b[9G" in painter.sequence((Run("a🚀b", Style(), 4),), 5)
    assert "G" not in painter.sequence((Run("a中b", Style(), 4),), 5)


def test_hidden_text_is_not_written() -> None:
    assert "secret" not in Painter(look()).sequence((Run("secret", Style(hidden=True), 6),), 1)
