"""What the keys do, from the same tables that the keys come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mnix_tui.ui import keys

if TYPE_CHECKING:
    from collections.abc import Collection

    from textual.app import ComposeResult

_KEYS_WIDTH = 14
"""Columns that a section's keys take at least."""


def sections(leader: str, here: Collection[str] = ()) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each section's title with its keys and what they do; numbered tabs are one line.

    ``here`` are the ids of the keys that the widget with the keyboard takes: they come first.
    """
    from mnix_tui.ui.terminal.copy_keys import COPY

    result = []
    known = [*keys.SECTIONS, ("In a shell's history (copy mode)", COPY)]
    known.sort(key=lambda each: not any(one.id in here for one in each[1]))
    for title, bindings in known:
        lines: list[tuple[str, str]] = []
        for binding in bindings:
            number = binding.action.startswith("tab(")
            if number and binding.action != "tab(1)":
                continue
            shown = (
                "1…9" if number else " ".join(keys.display(key) for key in binding.key.split(","))
            )
            lines.append((shown, "Go to a tab by its number" if number else binding.tooltip))
        if bindings is keys.LEADER:
            title = f"In a shell, after the leader {keys.display(leader)}"
            lines.append((keys.display(leader), "Send the leader itself to the shell"))
        result.append((title, lines))
    return result


class HelpScreen(ModalScreen[None]):
    """Shows all keys; any of escape, ``?`` and ``q`` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close", tooltip="Close"),
        Binding("down,j", "scroll('down')", "down", id="help.down", tooltip="Scroll down"),
        Binding("up,k", "scroll('up')", "up", id="help.up", tooltip="Scroll up"),
        Binding(
            "pagedown,space",
            "scroll('page_down')",
            "page down",
            id="help.page",
            tooltip="A page down",
        ),
        Binding("pageup", "scroll('page_up')", "page up", id="help.page_back", tooltip="A page up"),
    ]

    def __init__(self, leader: str, here: Collection[str] = ()) -> None:
        super().__init__()
        self._leader, self._here = leader, here

    def compose(self) -> ComposeResult:
        """Lay out one text that scrolls."""
        with VerticalScroll(id="help", can_focus=False) as box:
            box.border_title = "What the keys do"
            box.border_subtitle = "escape closes"
            yield Static(_text(sections(self._leader, self._here)))

    def action_scroll(self, where: str) -> None:
        """Scroll the text."""
        getattr(self.query_one("#help"), f"scroll_{where}")(animate=False)


def _text(told: list[tuple[str, list[tuple[str, str]]]]) -> Content:
    lines: list[Content] = []
    for title, entries in told:
        width = max(_KEYS_WIDTH, *(len(shown) + 2 for shown, _ in entries))
        lines.append(Content.styled(title, "bold $foreground"))
        lines += [
            Content.assemble((f"  {shown:<{width}}", "bold $accent"), (text, "$foreground-muted"))
            for shown, text in entries
        ]
        lines.append(Content(""))
    lines.append(
        Content.styled(
            "Everything can be clicked, too. Shells and builds go on when you leave.",
            "$foreground-muted",
        )
    )
    return Content("\n").join(lines)
