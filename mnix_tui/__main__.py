"""Starts the ``mnix`` command, importing as little as it can."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.config import ClientConfig


def main() -> int:
    """Run the command line and return the exit code."""
    from mnix_tui.cli.run import run

    return run(sys.argv[1:], open_dashboard)


def open_dashboard(config: ClientConfig) -> int:
    """Open the dashboard; return its exit code. The command line does not know the screens."""
    from mnix_tui.ui.app import run

    return run(config)


if __name__ == "__main__":
    sys.exit(main())
