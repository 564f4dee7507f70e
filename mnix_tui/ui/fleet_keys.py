"""The keys of the fleet: of its tree, and of how it is looked at."""

from __future__ import annotations

from mnix_tui.ui.binding import key as _key

FLEET = [
    _key("fleet.down", "down,j", "down", "down", "Go to the next row"),
    _key("fleet.up", "up,k", "up", "up", "Go to the row above"),
    _key("fleet.fold", "left,h", "fold", "fold", "Fold a server or a group, or go up to it"),
    _key("fleet.unfold", "right,l", "unfold", "unfold", "Show what is below it"),
    _key("fleet.open", "enter", "open", "open", "Go to what the row shows"),
    _key(
        "fleet.mark",
        "space",
        "mark",
        "mark",
        "Mark it: S, x and r tell all that are marked at once",
        True,
    ),
    _key("fleet.first", "home,g", "first", "first", "Go to the first row"),
    _key("fleet.last", "end,G", "last", "last", "Go to the last row"),
    _key("fleet.page_down", "pagedown", "page(1)", "page down", "Go down by a page"),
    _key("fleet.page_up", "pageup", "page(-1)", "page up", "Go up by a page"),
]
"""The keys of the fleet tree."""

LOOK = [
    _key(
        "look.filter",
        "f",
        "filter",
        "filter",
        "Keep only what has words: state, #tag, @server, !not",
        True,
        opens=True,
    ),
    _key(
        "look.order",
        "o",
        "order",
        "order",
        "Sort by name, trouble, load, or when it was last used",
    ),
    _key("look.group", "number_sign", "group", "group", "Group servers by their tags, or don't"),
    _key("look.fold_all", "F", "fold_all", "fold all", "Fold all servers, or unfold them"),
    _key(
        "look.mark_all",
        "asterisk",
        "mark_all",
        "mark all",
        "Mark all that the filter keeps, or take all marks off",
    ),
    _key(
        "look.wide",
        "m",
        "wide",
        "fleet only",
        "Give the fleet the whole width, with all its columns",
    ),
    _key(
        "look.clear",
        "escape",
        "clear",
        "clear",
        "Back to the fleet; take the marks off; end the filter",
    ),
]
"""How the fleet is looked at."""

FILTER = [
    _key("filter.end", "escape", "end_filter", "end filter", "Show everything again", True),
]
"""The key of the line that a filter is typed into."""
