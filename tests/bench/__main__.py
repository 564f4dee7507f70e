"""Runs the benchmarks, all or those named: `python -m tests.bench [start] [connect] [remote] [fleet] [keys] [shells] [memory] [rebuild] [nixlog] [sync]`."""

from __future__ import annotations

import importlib
import sys

from tests.bench.measure import Report

ALL = (
    "start",
    "connect",
    "remote",
    "fleet",
    "keys",
    "shells",
    "memory",
    "rebuild",
    "nixlog",
    "sync",
)


def main() -> int:
    """Run, and say which targets were missed; that alone is no failure on a noisy machine."""
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}")
        return 2
    report = Report()
    for name in names:
        importlib.import_module(f"tests.bench.bench_{name}").run(report)
    print()
    print("missed: " + ", ".join(report.missed) if report.missed else "all targets met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
