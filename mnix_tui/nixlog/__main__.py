"""``python -m mnix_tui.nixlog FILE [--json]``: what became of a rebuild, from its log."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import BinaryIO

from mnix_tui.nixlog.build import Build
from mnix_tui.nixlog.export import to_json
from mnix_tui.nixlog.render import render

_PIECE = 1 << 18


def main(argv: list[str] | None = None) -> int:
    """Read a log, print its summary and tree; 1 when the rebuild failed, 2 when there is no log."""
    parser = argparse.ArgumentParser(
        prog="python -m mnix_tui.nixlog", description="Tell what became of a rebuild, from its log."
    )
    parser.add_argument("file", metavar="FILE", help="a log of nix's internal-json; - is stdin")
    parser.add_argument("--json", action="store_true", help="everything, as one JSON object")
    parser.add_argument("--width", type=int, default=0, help="columns (default: the terminal's)")
    options = parser.parse_args(argv)
    # A log that lies there does not say when things happened, unless it says so itself.
    build = Build() if options.file == "-" else Build(clock=lambda: 0.0)
    try:
        if options.file == "-":
            _read(sys.stdin.buffer, build)
        else:
            with Path(options.file).open("rb") as log:
                _read(log, build)
    except OSError as error:
        sys.stderr.write(f"can't read {options.file}: {error.strerror or error}\n")
        return 2
    except KeyboardInterrupt:
        build.end()
    if not build.fed:
        sys.stderr.write(f"{options.file} is empty: there is no rebuild in it\n")
        return 2
    if options.json:
        text = json.dumps(to_json(build), indent=2, ensure_ascii=True)
    else:
        width = options.width or shutil.get_terminal_size((100, 24)).columns
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        text = "\n".join(render(build, width=width, colour=colour))
    try:
        # A log may hold what the terminal's encoding does not.
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if build.phase == "failed" else 0


def _read(log: BinaryIO, build: Build) -> None:
    while data := log.read(_PIECE):
        build.feed(data)
    build.end()


if __name__ == "__main__":
    sys.exit(main())
