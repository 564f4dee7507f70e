"""Where each project's tabs are remembered, also for the next dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import arrangement

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.ui.arrangement import Arrangement


class Layouts:
    """Reads a row's arrangement when it is first asked for; keeps every change."""

    def __init__(
        self,
        read: Callable[[str], str] = lambda key: "",
        keep: Callable[[str, str], None] = lambda key, value: None,
    ) -> None:
        self._read = read
        self._keep = keep
        self._known: dict[str, Arrangement] = {}

    def of(self, key: str) -> Arrangement:
        """Return the arrangement of a row of the fleet, as it was last put."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = arrangement.from_json(self._read(f"layout:{key}"))
        return known

    def put(self, key: str, changed: Arrangement) -> None:
        """Take over what a person made of it."""
        if changed != self.of(key):
            self._known[key] = changed
            self._keep(f"layout:{key}", changed.to_json())
