"""How this agent starts itself again: from its zipapp, or as a module."""

from __future__ import annotations

import os
import sys


def argv(*args: str) -> list[str]:
    """Return the argv that runs this same agent with ``args``, from any folder."""
    archive = _archive()
    no_bytecode = ["-B"] if sys.dont_write_bytecode else []
    # Names of files are UTF-8 for both sides, whatever locale a login carries along.
    python = [sys.executable, *no_bytecode, "-I", "-S", "-X", "utf8"]
    if archive:
        return [*python, archive, *args]
    parent = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # Not -m: the folder need not be on the path of an isolated interpreter.
    start = (
        f"import sys; sys.path.insert(0, {parent!r}); from server_agent.cli import entry; entry()"
    )
    return [*python, "-c", start, *args]


def _archive() -> str:
    # In a zipapp __file__ is …/agent.pyz/server_agent/core/selfcmd.py.
    path = os.path.abspath(__file__)
    for _ in range(3):
        path = os.path.dirname(path)
    return path if os.path.isfile(path) else ""
