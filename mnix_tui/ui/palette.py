"""The command palette: every action by its name, and every project, from the same tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from mnix_tui.ui import keys
from mnix_tui.ui.screens.navigation import Navigation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SKIPPED = {"view.palette"}


class Actions(Provider):
    """What the main screen can do, from its bindings."""

    async def discover(self) -> Hits:
        """Offer everything while nothing is typed."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        screen = self.screen
        if not isinstance(screen, Navigation):
            return
        for binding in keys.SCREEN:
            if binding.id in _SKIPPED or binding.action.startswith(("tab(", "app.focus")):
                continue
            run = partial(self.app.run_action, binding.action, default_namespace=screen)
            yield f"{binding.description.capitalize()}", f"{binding.tooltip}", run
