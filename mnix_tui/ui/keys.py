"""Every key of the main screen, once: footer, help and palette are derived from these tables."""

from __future__ import annotations

from textual.binding import Binding


def _key(
    id: str,  # noqa: A002
    key: str,
    action: str,
    description: str,
    tooltip: str,
    show: bool = False,
    *,
    opens: bool = False,
) -> Binding:
    # What opens a field or a shell comes first: what is typed right behind it is for that.
    shown = {"slash": "/", "colon": ":", "question_mark": "?"}.get(key.split(",", maxsplit=1)[0])
    return Binding(
        key,
        action,
        description,
        id=id,
        tooltip=tooltip,
        show=show,
        key_display=shown,
        priority=opens,
    )


PROJECT = [
    _key(
        "project.new",
        "n",
        "new_project",
        "new",
        "Make a project from a folder with a flake",
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
    _key("project.rollback", "b", "rollback", "roll back", "Go back to an earlier generation"),
    _key(
        "project.remove", "d", "remove", "remove", "Remove the project or the server (asks first)"
    ),
]
"""What a project can be told to do."""

SERVER = [
    _key(
        "server.add",
        "a",
        "add_server",
        "add server",
        "Add a server that you can reach by SSH",
        True,
        opens=True,
    ),
    _key("server.retry", "ctrl+r", "retry", "retry", "Try to reach the server again, now"),
]
"""What can be done with servers."""

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
    _key("view.zoom", "z", "zoom", "zoom", "Hide or show the fleet"),
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

FLEET = [
    _key("fleet.down", "down,j", "down", "down", "Go to the next row"),
    _key("fleet.up", "up,k", "up", "up", "Go to the row above"),
    _key("fleet.fold", "left,h", "fold", "fold", "Fold the server, or go to it from a project"),
    _key("fleet.unfold", "right,l", "unfold", "unfold", "Show the server's projects"),
    _key("fleet.toggle", "space", "toggle_fold", "fold or unfold", "Fold or unfold the server"),
    _key("fleet.open", "enter", "open", "open", "Go to what the row shows"),
    _key("fleet.first", "home,g", "first", "first", "Go to the first row"),
    _key("fleet.last", "end,G", "last", "last", "Go to the last row"),
    _key("fleet.page_down", "pagedown", "page(1)", "page down", "Go down by a page"),
    _key("fleet.page_up", "pageup", "page(-1)", "page up", "Go up by a page"),
]
"""The keys of the fleet tree."""

LEADER = [
    *(
        _key(f"leader.tab{n}", str(n), f"tab({n})", f"tab {n}", f"Go to tab {n}")
        for n in range(1, 10)
    ),
    _key("leader.next", "n", "next_tab", "next tab", "Go to the next tab", True),
    _key("leader.previous", "p", "previous_tab", "previous", "Go to the tab before", True),
    _key("leader.fleet", "d", "fleet", "fleet", "Back to the fleet; the shell runs on", True),
    _key("leader.find", "f", "find", "find", "Find any project on any server", True),
    _key("leader.zoom", "z", "zoom", "zoom", "Hide or show the fleet", True),
    _key("leader.scroll", "left_square_bracket", "scroll", "scroll", "Scroll back", True),
    _key(
        "leader.palette",
        "colon",
        "palette",
        "command",
        "Reach every action by its name",
    ),
    _key("leader.help", "question_mark", "help", "help", "Show what the keys do here", True),
]
"""What follows the leader inside a shell; the leader again sends it through, escape does nothing."""

LOG = [
    _key("log.follow", "f", "follow", "follow", "Stay at the end of the output, or stop there"),
    _key("log.down", "down,j", "scroll_down", "down", "Scroll down"),
    _key("log.up", "up,k", "scroll_up", "up", "Scroll up"),
    _key("log.top", "home,g", "scroll_home", "top", "Go to the start of the output"),
    _key("log.end", "end,G", "bottom", "end", "Go to the end of the output"),
]
"""The keys of a job's output and of the log."""

BUILD = [
    _key("build.older", "comma", "older", "older", "Show the build before this one"),
    _key("build.newer", "full_stop", "newer", "newer", "Show the build after this one"),
]
"""The keys of a build's tab."""

ENDED = [
    _key("ended.close", "enter,escape,x", "close", "close tab", "Close the ended shell's tab", True)
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

SECTIONS: tuple[tuple[str, list[Binding]], ...] = (
    ("Projects", PROJECT),
    ("Servers", SERVER),
    ("The screen", VIEW),
    ("In the fleet", FLEET),
    ("In the overview's list", JOBS),
    ("In a build's output and in the log", [*LOG, *BUILD]),
    ("In a shell, after the leader", LEADER),
    ("In a shell that has ended", ENDED),
)
"""The help screen's order."""

SCREEN: list[Binding] = [*PROJECT[:3], *SERVER[:1], *VIEW[:3], *PROJECT[3:], *SERVER[1:], *VIEW[3:]]
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
    }
    *modifiers, last = key.strip().split("+")
    shown = names.get(last, last)
    if modifiers == ["ctrl"]:
        return f"^{shown}"
    return "+".join([*modifiers, shown])


def shown(binding: Binding) -> str:
    """Return a binding's first key as people write it."""
    return binding.key_display or display(binding.key.split(",")[0])
