"""What a filter keeps of the fleet: words that all must be found. Pure.

``web`` is looked for in names, tags, servers, states and what a row says of them; ``#eu`` in tags only,
``@tokyo`` in servers' names only; ``!web`` keeps what does not have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ServerState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet import ServerView

_SEPARATOR = "\n"
"""Stands between what is looked in: no word that is typed has it."""


@dataclass(frozen=True)
class Word:
    """One word of a filter."""

    text: str
    place: str = ""
    """``#``: tags, ``@``: servers; "" is anywhere."""
    unwanted: bool = False


def parse(text: str) -> tuple[Word, ...]:
    """Return the words of a filter."""
    found = []
    for each in text.lower().split():
        unwanted = each.startswith("!")
        rest = each.removeprefix("!")
        place = rest[:1] if rest[:1] in ("#", "@") else ""
        if rest.removeprefix(place):
            found.append(Word(rest.removeprefix(place), place, unwanted))
    return tuple(found)


def server_matches(words: Iterable[Word], view: ServerView) -> bool:
    """Say whether a server itself is kept."""
    server, status = view.server, view.status
    why = "" if status.state is ServerState.ONLINE else status.reason
    all_of_it = _SEPARATOR.join((server.name, *server.tags, status.state.value, why)).lower()
    return _match(words, all_of_it, server)


def project_matches(
    words: Iterable[Word], view: ProjectView, server: Server, said: Iterable[str]
) -> bool:
    """Say whether a project is kept; ``said`` is how its row shows it to be."""
    all_of_it = _SEPARATOR.join((view.project.name, server.name, *server.tags, *said)).lower()
    return _match(words, all_of_it, server)


def _match(words: Iterable[Word], all_of_it: str, server: Server) -> bool:
    for word in words:
        if word.place == "#":
            found = any(tag.startswith(word.text) for tag in server.tags)
        elif word.place == "@":
            found = word.text in server.name.lower()
        else:
            found = word.text in all_of_it
        if found is word.unwanted:
            return False
    return True
