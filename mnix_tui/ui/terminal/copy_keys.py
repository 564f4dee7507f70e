"""The keys of copy mode, once: what they do, its status line and the help come from here."""

from __future__ import annotations

from textual.binding import Binding

Hints = tuple[tuple[str, str], ...]


def _key(id: str, key: str, action: str, description: str, tooltip: str) -> Binding:  # noqa: A002
    return Binding(key, action, description, id=f"copy.{id}", tooltip=tooltip)


COPY = [
    _key("left", "h,left", "left", "left", "Go left"),
    _key("down", "j,down", "down", "down", "Go down"),
    _key("up", "k,up", "up", "up", "Go up"),
    _key("right", "l,right", "right", "right", "Go right"),
    _key("word", "w", "word", "next word", "Go to the next word (W: up to blanks)"),
    _key("big_word", "W", "big_word", "next word", "Go to what follows the next blank"),
    _key("back", "b", "back", "word before", "Go to the word before (B: up to blanks)"),
    _key("big_back", "B", "big_back", "word before", "Go to what follows the blank before"),
    _key("end", "e", "end", "word's end", "Go to the end of the word (E: up to blanks)"),
    _key("big_end", "E", "big_end", "word's end", "Go to the last character before a blank"),
    _key("line_start", "0,home", "line_start", "line start", "Go to the first column"),
    _key("line_text", "circumflex_accent", "line_text", "text start", "Go to the row's text"),
    _key("line_end", "dollar_sign,end", "line_end", "line end", "Go to the end of the row"),
    _key("top", "g,ctrl+home", "oldest", "oldest", "Go to the oldest line"),
    _key("bottom", "G,ctrl+end", "newest", "newest", "Go to the newest line"),
    _key("half_up", "ctrl+u", "half_up", "half page up", "Go up by half a page"),
    _key("half_down", "ctrl+d", "half_down", "half page down", "Go down by half a page"),
    _key("page_up", "ctrl+b,pageup", "page_up", "page up", "Go up by a page"),
    _key("page_down", "ctrl+f,pagedown", "page_down", "page down", "Go down by a page"),
    _key("high", "H", "high", "top", "Go to the top of the screen"),
    _key("middle", "M", "middle", "middle", "Go to the middle of the screen"),
    _key("low", "L", "low", "low", "Go to the bottom of the screen"),
    _key("select", "v,space", "select", "select", "Select from here; again: no longer"),
    _key("select_lines", "V", "select_lines", "lines", "Select whole lines"),
    _key("select_block", "ctrl+v", "select_block", "block", "Select a block of columns"),
    _key("output", "o", "output", "output", "Select what the command here printed"),
    _key("copy", "y,enter", "copy", "copy", "Copy what is selected, and leave"),
    _key("search", "slash", "search", "search", "Search down (a regular expression)"),
    _key("search_up", "question_mark", "search_up", "search up", "Search up"),
    _key("next", "n", "next", "next match", "Go to the next match"),
    _key("previous", "N", "previous", "match before", "Go to the match before"),
    _key(
        "prompt_up",
        "left_square_bracket,left_curly_bracket",
        "prompt_up",
        "prompt before",
        "Go to the prompt before",
    ),
    _key(
        "prompt_down",
        "right_square_bracket,right_curly_bracket",
        "prompt_down",
        "next prompt",
        "Go to the next prompt",
    ),
    _key("leave", "q,escape,ctrl+c", "leave", "leave", "Drop the selection, or leave"),
]
"""What the keys do while the history is looked at; nothing of it reaches the program."""

ACTIONS = {key: binding.action for binding in COPY for key in binding.key.split(",")}

HINTS: Hints = (("v", "select"), ("y", "copy"), ("/", "search"), ("[ ]", "prompts"), ("q", "leave"))
HINTS_SELECTING: Hints = (("y", "copy"), ("V", "lines"), ("^v", "block"), ("q", "drop"))
HINTS_SEARCHING: Hints = (("enter", "go"), ("↑", "earlier"), ("escape", "back"))
"""What the status line shows of them, the most wanted first."""
