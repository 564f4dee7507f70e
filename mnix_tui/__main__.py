"""Starts the ``mnix`` command, importing as little as it can."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.config import ClientConfig


def main() -> int:
    """Run the command line and return the exit code."""
    argv = sys.argv[1:]
    if argv and argv[0] != "ls" and not argv[0].startswith("-"):  # those need no server
        from mnix_tui.link.dialler.early import again

        again(argv)
    from mnix_tui.cli.run import run

    return run(argv, open_dashboard)


def open_dashboard(config: ClientConfig) -> int:
    """Open the dashboard; return its exit code. The command line does not know the screens."""
    from mnix_tui.ui.app import run

    return run(config)


if __name__ == "__main__":
    sys.exit(main())
