"""The keys of the files that go both ways: on the main screen, and on the screens they open."""

from __future__ import annotations

from mnix_tui.ui.binding import key as _key

SYNC = [
    _key("sync.push", "p", "push", "push", "See what a push would do, and push", True, opens=True),
    _key("sync.pull", "P", "pull", "pull", "See what a pull would fetch, and pull", opens=True),
    _key(
        "sync.watch",
        "W",
        "watch",
        "watch",
        "Send every change as it is saved, or stop doing so",
    ),
    _key(
        "sync.conflicts",
        "c",
        "conflicts",
        "conflicts",
        "See what was changed on both sides, and choose",
        opens=True,
    ),
    _key(
        "sync.trash",
        "T",
        "trash",
        "trash",
        "See what transfers replaced, and bring it back",
        opens=True,
    ),
    _key(
        "sync.adopt",
        "A",
        "adopt",
        "adopt",
        "Take over a project that another client made",
        opens=True,
    ),
]
"""What can be done with a project's files."""

_SCROLLING = (
    ("down", ("down,j", "line(1)", "down", "Scroll down")),
    ("up", ("up,k", "line(-1)", "up", "Scroll up")),
    ("page_down", ("pagedown,space", "page(1)", "page down", "Scroll down by a page")),
    ("page_up", ("pageup", "page(-1)", "page up", "Scroll up by a page")),
)

PREVIEW = [
    _key("preview.accept", "enter", "accept", "do it", "Push, or pull, as it is shown", True),
    _key(
        "preview.detail",
        "f",
        "detail",
        "files",
        "Show every file instead of folders, or folders again",
        True,
    ),
    _key(
        "preview.other",
        "tab",
        "other",
        "other way",
        "Show what the other direction would do",
        True,
    ),
    _key(
        "preview.anyway",
        "Y",
        "anyway",
        "it is meant",
        "Do what was refused because it deletes most of the files",
    ),
    _key("preview.conflicts", "c", "conflicts", "conflicts", "Go to the conflicts", True),
    _key("preview.again", "r", "again", "look again", "Look at both sides again"),
    *(_key(f"preview.{id_}", *rest) for id_, rest in _SCROLLING),
]
"""The keys of what a push or a pull would do."""

CONFLICTS = [
    _key("conflicts.here", "h", "choose('here')", "here", "Take this machine's version", True),
    _key("conflicts.there", "t", "choose('there')", "there", "Take the server's version", True),
    _key(
        "conflicts.both",
        "b",
        "choose('both')",
        "both",
        "Keep both: the server's copy comes beside this machine's",
        True,
    ),
    _key("conflicts.none", "u,backspace", "choose('')", "undecided", "Take the choice back"),
    _key("conflicts.all_here", "H", "choose_all('here')", "all here", "Choose here for all"),
    _key("conflicts.all_there", "T", "choose_all('there')", "all there", "Choose there for all"),
    _key("conflicts.all_both", "B", "choose_all('both')", "all both", "Keep both of all"),
    _key("conflicts.accept", "enter", "accept", "apply", "Do what was chosen", True),
    _key("conflicts.down", "J,pagedown", "page(1)", "scroll", "Scroll the difference"),
    _key("conflicts.up", "K,pageup", "page(-1)", "scroll back", "Scroll the difference up"),
]
"""The keys of the list of conflicts."""

TRASH = [
    _key("trash.restore", "enter", "accept", "restore", "Bring back what is marked", True),
    _key("trash.mark", "space", "mark", "mark", "Mark a file to be brought back", True),
    _key("trash.batch", "b", "mark_batch", "mark all of it", "Mark all of one transfer", True),
    _key(
        "trash.side",
        "tab",
        "side",
        "other side",
        "Show the trash of this machine, or of the server",
        True,
    ),
]
"""The keys of the trash."""
