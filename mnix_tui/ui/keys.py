"""Every key of the main screen, once: footer, help and palette are derived from these tables."""

from __future__ import annotations

from textual.binding import Binding

from mnix_tui.ui.binding import key as _key
from mnix_tui.ui.fleet_keys import FILTER, FLEET, LOOK
from mnix_tui.ui.server_keys import DOCTOR, SERVER, SERVER_LOG
from mnix_tui.ui.sync_keys import CONFLICTS, PREVIEW, SYNC, TRASH

_WAYS = (("left", "on the left"), ("right", "on the right"), ("up", "above"), ("down", "below"))

PROJECT = [
    _key(
        "project.new",
        "n",
        "new_project",
        "new",
        "Make a project from a folder or from git",
        True,
        opens=True,
    ),
    _key(
        "project.rebuild",
        "r",
        "rebuild",
        "rebuild",
        "Push the files and build the environment",
        True,
    ),
    _key(
        "project.shell",
        "s",
        "shell",
        "shell",
        "Open a shell in the project's environment",
        True,
        opens=True,
    ),
    _key("project.stop", "x", "stop", "stop", "Stop the project (its shells end, its files stay)"),
    _key("project.start", "S", "start", "start", "Start the project without building it again"),
    _key("project.rename", "R", "rename", "rename", "Give the project another name", opens=True),
    _key(
        "project.generations",
        "b",
        "generations",
        "generations",
        "See what each generation changed, and go back to one",
        opens=True,
    ),
    _key("project.drift", "D", "drift", "drift", "Show what is not pushed or not built yet"),
    _key("project.build", "v", "show_build", "build", "Go to the project's newest rebuild"),
    _key(
        "project.cancel",
        "X",
        "cancel_build",
        "cancel build",
        "Cancel the rebuild that runs (asks first)",
    ),
    _key(
        "project.remove", "d", "remove", "remove", "Remove the project or the server (asks first)"
    ),
]
"""What a project can be told to do."""

VIEW = [
    _key(
        "view.find",
        "slash",
        "find",
        "find",
        "Find any project on any server as you type",
        True,
        opens=True,
    ),
    _key(
        "view.palette",
        "colon",
        "palette",
        "command",
        "Reach every action by its name",
        True,
        opens=True,
    ),
    _key("view.help", "question_mark", "help", "help", "Show what the keys do here", True),
    _key("view.zoom", "z", "zoom", "zoom", "Hide or show the fleet (and the rest of a split tab)"),
    _key("view.shells", "w", "shells", "shells", "List the shells of all projects", opens=True),
    _key("view.theme", "t", "theme", "theme", "Switch between the dark and the light theme"),
    _key("view.next", "right_square_bracket", "next_tab", "next tab", "Go to the next tab"),
    _key(
        "view.previous",
        "left_square_bracket",
        "previous_tab",
        "previous tab",
        "Go to the tab before",
    ),
    *(
        _key(f"view.tab{n}", str(n), f"tab({n})", f"tab {n}", f"Go to tab {n}")
        for n in range(1, 10)
    ),
    _key("view.focus", "tab", "app.focus_next", "next part", "Move to the next part of the screen"),
    _key("view.focus_back", "shift+tab", "app.focus_previous", "part before", "Move back"),
    _key("work.cancel", "ctrl+x", "cancel_work", "cancel", "Cancel the work that is shown below"),
    _key("app.quit", "q", "quit", "quit", "Leave; shells and builds go on where they are", True),
]
"""How the screen is moved about in."""

LEADER = [
    _key("leader.new", "c", "shell", "new shell", "Open another shell of this project", True),
    _key(
        "leader.beside",
        "vertical_line",
        "split(True)",
        "split",
        "Split: a new shell beside this one",
        True,
    ),
    _key("leader.stacked", "minus", "split(False)", "split below", "Split: a new shell below"),
    _key("leader.next", "n", "next_tab", "next tab", "Go to the next tab", True),
    _key("leader.fleet", "d", "fleet", "fleet", "Back to the fleet; the shell runs on", True),
    _key(
        "leader.zoom", "z", "zoom", "zoom", "This shell alone on the screen, or not any more", True
    ),
    _key(
        "leader.copy",
        "left_square_bracket",
        "copy_mode",
        "copy",
        "Move through the history by keys, search and copy",
        True,
    ),
    _key("leader.shells", "w", "shells", "shells", "List the shells of all projects", True),
    _key("leader.help", "question_mark", "help", "help", "Show what the keys do here", True),
    *(
        _key(f"leader.tab{n}", str(n), f"tab({n})", f"tab {n}", f"Go to tab {n}")
        for n in range(1, 10)
    ),
    _key("leader.previous", "p", "previous_tab", "previous", "Go to the tab before"),
    *(
        _key(
            f"leader.{way}",
            way,
            f"go_pane('{way}')",
            f"go {way}",
            f"Go to the shell {aside} of a split tab",
        )
        for way, aside in _WAYS
    ),
    _key("leader.other", "o", "other_pane", "other", "Go to the next shell of a split tab"),
    *(
        _key(
            f"leader.push_{way}",
            f"ctrl+{way},shift+{way}",
            f"push_pane('{way}')",
            f"push {way}",
            f"Move the line between shells {'to the ' if way in ('left', 'right') else ''}{way}",
        )
        for way, _ in _WAYS
    ),
    _key("leader.alone", "exclamation_mark", "alone", "own tab", "Give this half a tab of its own"),
    _key(
        "leader.join",
        "at",
        "join",
        "join",
        "Bring another shell of this project beside this one",
        opens=True,
    ),
    _key("leader.move_left", "less_than_sign", "move_tab(-1)", "move left", "Move this tab left"),
    _key("leader.move_right", "greater_than_sign", "move_tab(1)", "move right", "Move it right"),
    _key("leader.rename", "comma,R", "rename_shell", "rename", "Give this shell a name"),
    _key(
        "leader.reenter", "e", "reenter", "re-enter", "Enter the newest generation, in this shell"
    ),
    _key("leader.later", "E", "later", "later", "Say no more of the generation that is ready"),
    _key("leader.close", "q", "close_tab", "close", "Close the tab; the shell runs on"),
    _key("leader.kill", "x", "kill_shell", "end", "End this shell (asks first)"),
    _key("leader.retry", "r", "retry_shell", "retry", "Try to reach the server now"),
    _key("leader.hide", "h", "hide_fleet", "hide fleet", "Hide or show the fleet"),
    _key("leader.find", "f", "find", "find", "Find any project on any server"),
    _key("leader.search", "slash", "search_shell", "search", "Search in the history"),
    _key(
        "leader.prompt_up",
        "left_curly_bracket",
        "prompt(-1)",
        "prompt before",
        "Go to the prompt before",
    ),
    _key(
        "leader.prompt_down",
        "right_curly_bracket",
        "prompt(1)",
        "next prompt",
        "Go to the next prompt",
    ),
    _key(
        "leader.clipboard_once",
        "y",
        "clipboard('once')",
        "allow",
        "Let the program write to the clipboard this once",
    ),
    _key(
        "leader.clipboard_always",
        "a",
        "clipboard('always')",
        "always",
        "Always let this server's programs do so",
    ),
    _key(
        "leader.clipboard_never",
        "N",
        "clipboard('never')",
        "never",
        "Never let this server's programs do so",
    ),
    _key(
        "leader.palette",
        "colon",
        "palette",
        "command",
        "Reach every action by its name",
    ),
]
"""What follows the leader inside a shell; the leader again sends it through, escape does nothing."""

LOG = [
    _key(
        "log.follow", "f", "follow", "follow", "Stay at the end of the output, or stop there", True
    ),
    _key("log.wrap", "w", "wrap", "wrap", "Wrap long lines, or cut them at the edge", True),
    _key("log.down", "down,j", "scroll_down", "down", "Scroll down"),
    _key("log.up", "up,k", "scroll_up", "up", "Scroll up"),
    _key("log.page_down", "pagedown,space", "page_down", "page down", "Scroll down by a screen"),
    _key("log.page_up", "pageup", "page_up", "page up", "Scroll up by a screen"),
    _key("log.left", "left,h", "scroll_left", "left", "Show what is further left of long lines"),
    _key("log.right", "right,l", "scroll_right", "right", "Show what is further right"),
    _key("log.top", "home,g", "top", "top", "Go to the start of the output"),
    _key("log.end", "end,G", "bottom", "end", "Go to the end of the output"),
]
"""The keys of a job's output and of the log."""

SEARCH = [
    _key("log.search", "slash", "search", "search", "Search in the output as you type", True),
    _key("log.match", "n", "match(1)", "next match", "Go to the next match", True),
    _key("log.match_before", "N", "match(-1)", "match before", "Go to the match before"),
    _key("log.end_search", "escape", "end_search", "end search", "Stop searching", True),
]
"""The keys of a search in the output."""

TREE = [
    _key("tree.open", "enter", "open", "log", "Show the whole log of what is selected", True),
    _key(
        "tree.follow", "f", "follow", "follow", "Keep to what is being built, or stop there", True
    ),
    _key("tree.down", "down,j", "move(1)", "down", "Go to the next row"),
    _key("tree.up", "up,k", "move(-1)", "up", "Go to the row above"),
    _key("tree.page_down", "pagedown,space", "page(1)", "page down", "Go down by a page"),
    _key("tree.page_up", "pageup", "page(-1)", "page up", "Go up by a page"),
    _key("tree.first", "home,g", "first", "first", "Go to the first row"),
    _key("tree.last", "end,G", "last", "last", "Go to the last row"),
]
"""The keys of a rebuild's tree."""

PROBLEM = [
    _key("problem.open", "enter", "open", "log", "Show its log, where it went wrong", True),
    _key("problem.leave", "down,j,escape", "leave", "tree", "Go on to the tree"),
]
"""The keys of a problem above a rebuild's tree."""

BUILD = [
    _key("build.error", "e", "next_error", "next error", "Go to the next thing that failed", True),
    _key("build.wrap", "w", "wrap", "wrap", "Wrap the log's long lines, or cut them"),
    _key("build.cancel", "x", "cancel", "cancel", "Cancel this rebuild (asks first)", True),
    _key("build.older", "comma", "older", "older", "Show the build before this one", True),
    _key("build.newer", "full_stop", "newer", "newer", "Show the build after this one", True),
    _key("build.back", "escape", "back", "back", "Back from a log to the tree", True),
]
"""The keys of a rebuild's tab."""

ENDED = [
    _key(
        "ended.close", "enter,escape,x", "close", "close tab", "Close the ended shell's tab", True
    ),
    _key("ended.another", "r", "another", "new shell", "Run a new shell in its place", True),
]
"""The keys of a shell that has ended."""

JOBS = [
    _key(
        "jobs.kill",
        "K,delete",
        "kill",
        "end",
        "End the highlighted shell or job (asks first)",
        True,
    )
]
"""The keys of the overview's list."""

GENERATIONS = [
    _key("generations.back", "enter", "accept", "roll back", "Go back to this generation", True),
    _key(
        "generations.mark", "space", "mark", "mark", "Mark two, to see what differs between", True
    ),
    _key("generations.down", "pagedown,J", "page(1)", "scroll", "Scroll what changed"),
    _key("generations.up", "pageup,K", "page(-1)", "scroll back", "Scroll what changed up"),
]
"""The keys of the list of generations."""

DRIFT = [
    _key("drift.rebuild", "r", "accept", "rebuild", "Push the files and build", True),
    _key("drift.down", "down,j", "line(1)", "down", "Scroll down"),
    _key("drift.up", "up,k", "line(-1)", "up", "Scroll up"),
    _key("drift.page_down", "pagedown,space", "page(1)", "page down", "Scroll down by a page"),
    _key("drift.page_up", "pageup", "page(-1)", "page up", "Scroll up by a page"),
]
"""The keys of the list of what differs."""

SECTIONS: tuple[tuple[str, list[Binding]], ...] = (
    ("Projects", PROJECT),
    ("Files", SYNC),
    ("Servers", SERVER),
    ("The screen", VIEW),
    ("In the fleet", [*FLEET, *LOOK, *FILTER]),
    ("In the overview's list", JOBS),
    ("In a rebuild's tab", [*TREE, *PROBLEM, *BUILD]),
    ("In a build's output and in the log", [*LOG, *SEARCH]),
    ("In the doctor's list", DOCTOR),
    ("In a server's log", SERVER_LOG),
    ("In the list of generations", GENERATIONS),
    ("In the list of what differs", DRIFT),
    ("Before a push or a pull", PREVIEW),
    ("In the list of conflicts", CONFLICTS),
    ("In the trash", TRASH),
    ("In a shell, after the leader", LEADER),
    ("In a shell that has ended", ENDED),
)
"""The help screen's order."""

SCREEN: list[Binding] = [
    *PROJECT[:3],
    *SERVER[:1],
    *VIEW[:3],
    *LOOK[:1],
    *SYNC,
    *PROJECT[3:],
    *SERVER[1:],
    *VIEW[3:],
    *LOOK[1:],
]
"""The main screen's bindings, in the footer's order."""


def leader(key: str) -> Binding:
    """Return the leader as a binding: the one key that a shell does not get."""
    return Binding(
        key,
        "leader",
        "then",
        id="view.leader",
        tooltip="In a shell: the next key is for the dashboard, not for the shell",
        key_display=display(key),
    )


def of(id: str) -> str:  # noqa: A002
    """Return how people write the main screen's key of this entry, for texts that name it."""
    return next(shown(one) for one in SCREEN if one.id == id)


def shells_key() -> str:
    """Return the fleet's key that lists all shells."""
    return of("view.shells")


def after_leader(key: str, id: str) -> str:  # noqa: A002
    """Return how people write the leader ``key`` and then the key of a ``LEADER`` entry."""
    binding = next(one for one in LEADER if one.id == id)
    return f"{display(key)} {shown(binding)}"


def display(key: str) -> str:
    """Return a key as people write it (``ctrl+backslash`` is ``^\\``)."""
    names = {
        "backslash": "\\",
        "slash": "/",
        "comma": ",",
        "full_stop": ".",
        "colon": ":",
        "question_mark": "?",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "space": "space",
        "pagedown": "page down",
        "pageup": "page up",
        "down": "↓",
        "up": "↑",
        "left": "←",
        "right": "→",
        "enter": "enter",
        "vertical_line": "|",
        "minus": "-",
        "left_curly_bracket": "{",
        "right_curly_bracket": "}",
        "less_than_sign": "<",
        "greater_than_sign": ">",
        "exclamation_mark": "!",
        "at": "@",
        "circumflex_accent": "^",
        "dollar_sign": "$",
        "number_sign": "#",
        "asterisk": "*",
    }
    *modifiers, last = key.strip().split("+")
    shown = names.get(last, last)
    if modifiers == ["ctrl"]:
        return f"^{shown}"
    return "+".join([*modifiers, shown])


def shown(binding: Binding) -> str:
    """Return a binding's first key as people write it."""
    return binding.key_display or display(binding.key.split(",")[0])
