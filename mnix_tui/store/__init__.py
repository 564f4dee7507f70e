"""The client's database: servers, the map from local folders to projects, and what was last seen.

Servers are the truth about their projects; this is a cache with its ages, and the map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnix_tui.store.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> Any:
    """Import ``Store`` when it is first used: ``mnix ls`` does without asyncio."""
    if name == "Store":
        from mnix_tui.store.store import Store

        return Store
    raise AttributeError(name)
