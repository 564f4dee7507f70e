"""``mnix`` alone: the dashboard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context


def dashboard(context: Context) -> int:
    """Open the dashboard; return its exit code."""
    from mnix_tui.ui.app import run

    config = replace(context, quiet=True).config  # the dashboard shows the warnings itself
    if context.accept_host_key:
        config = replace(config, accept_host_keys=True)
    return run(config)
