"""Starts the ``mnix`` command, importing as little as it can."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return the exit code."""
    from mnix_tui.cli.run import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
