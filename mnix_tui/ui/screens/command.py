"""The command palette: every action by its name, from the same tables as the keys."""

from __future__ import annotations

from mnix_tui.ui import keys
from mnix_tui.ui.screens.picker import Pick, Picker

_THEME = "theme:"


def commands(themes: list[str]) -> list[Pick]:
    """Return all actions of the main screen, and the themes."""
    found = []
    for binding in keys.SCREEN:
        if binding.id == "view.palette" or binding.action.startswith(("tab(", "app.focus")):
            continue
        name = binding.description[:1].upper() + binding.description[1:]
        found.append(
            Pick(binding.action, f"{name}: {_lower(binding.tooltip)}", keys.shown(binding))
        )
    found.append(Pick("gc", "Collect garbage: free what no generation needs in the store"))
    found.append(Pick("ask_clipboard", "Clipboard: ask again before this server's programs use it"))
    found += [Pick(f"{_THEME}{name}", f"Theme: {name}") for name in themes]
    return found


def theme_of(key: str) -> str:
    """Return the theme that a chosen line stands for, or "" when it is an action."""
    return key.removeprefix(_THEME) if key.startswith(_THEME) else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


class CommandScreen(Picker):
    """Dismisses with an action, or with a theme."""

    HEADING = "Command"
    PLACEHOLDER = "what to do; letters may be left out"
    NOTHING = "There is no such command."

    def __init__(self, themes: list[str]) -> None:
        super().__init__(commands(themes))
