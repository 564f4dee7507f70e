"""The dashboard's own themes: colours come from ``styles/themes.toml``, never from Python."""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import Theme

from mnix_tui.ui import styles

DARK = "mnix-dark"
LIGHT = "mnix-light"


def load() -> list[Theme]:
    """Return our themes, to be registered beside Textual's."""
    return [
        Theme(name=name, **fields) for name, fields in styles.themes().items() if name != "ansi"
    ]


def ansi(kind: str) -> TerminalTheme:
    """Return what a shell's sixteen colours look like on a ``dark`` or ``light`` theme."""
    colours = styles.themes()["ansi"][kind]

    def triplets(names: list[str]) -> list[tuple[int, int, int]]:
        return [Color.parse(name).rgb for name in names]

    (background,) = triplets([colours["background"]])
    (foreground,) = triplets([colours["foreground"]])
    return TerminalTheme(
        background, foreground, triplets(colours["normal"]), triplets(colours["bright"])
    )


def resolve(name: str, available: dict[str, Theme]) -> str:
    """Return the theme to use for a configured ``name``: ``dark`` and ``light`` mean ours."""
    named = {"": DARK, "auto": DARK, "dark": DARK, "light": LIGHT}.get(name, name)
    return named if named in available else DARK


def other(name: str, available: dict[str, Theme]) -> str:
    """Return the theme that the switch key goes to: from dark to light, and back."""
    theme = available.get(name)
    return LIGHT if theme is None or theme.dark else DARK
