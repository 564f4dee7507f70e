"""What is asked of the store that a project uses: an environment's needs, its roots, its clearing."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from typing import NamedTuple

from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

_NIX = (
    'PATH="$PATH:$HOME/.nix-profile/bin:/nix/var/nix/profiles/default/bin'
    ':/run/current-system/sw/bin"\nexport PATH\n'
    'nix() { command nix --extra-experimental-features nix-command "$@"; }\n'
)
# As text: it has been the same in all versions, unlike the JSON.
_CLOSURE = (
    _NIX
    + r"""nix path-info -r -s "$1" 2> /dev/null && exit
set -- $(nix-store --query --requisites "$1") || exit 1
[ $# -gt 0 ] || exit 1
nix-store --query --size "$@" | while read -r size; do echo "$1 $size"; shift; done
"""
)
_COLLECT = _NIX + "nix store gc 2>&1\n"
_UNROOT = 'rm -f -- "$@"\n'
_CLOSURE_BYTES = 32 << 20
_TAIL = 64 << 10
_PIECE = 64 << 10


class Output(NamedTuple):
    """How a program ended, and the last bytes of what it printed."""

    code: int
    text: str
    cut: bool


def closure(isolation: Isolation, project: Project, store_path: str) -> str:
    """Return a line for each path that ``store_path`` needs: the path and its size."""
    done = _run(isolation, project, _CLOSURE, [store_path], _CLOSURE_BYTES, 60)
    if done.code != 0 or done.cut:
        raise AgentError("error", f"nix can't tell what {store_path} needs")
    return done.text


def unroot(isolation: Isolation, project: Project, links: Sequence[str]) -> None:
    """Remove links that kept something in the store."""
    done = _run(isolation, project, _UNROOT, links, _TAIL, 60)
    if done.code != 0:
        raise AgentError("error", f"old roots can't be removed: {done.text.strip()[-300:]}")


def collect(isolation: Isolation, project: Project, lock: int, timeout: float) -> Output:
    """Delete what nothing needs any more; return the end of what nix said.

    The process holds the file ``lock``, so that the lock lasts as long as it does.
    """
    return _run(isolation, project, _COLLECT, [], _TAIL, timeout, lock)


def _run(
    isolation: Isolation,
    project: Project,
    script: str,
    words: Sequence[str],
    limit: int,
    timeout: float,
    *kept_open: int,
) -> Output:
    argv = isolation.argv(project, ["sh", "-c", script, "mnix", *words], stdin=False, cwd="/")
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            pass_fds=kept_open,
        )
    except OSError as error:
        raise AgentError("error", f"{argv[0]} can't be run: {error.strerror}") from error
    late = threading.Timer(timeout, process.kill)
    late.daemon = True
    late.start()
    kept, cut = bytearray(), False
    with process:
        assert process.stdout is not None
        while True:
            piece = process.stdout.read(_PIECE)
            if not piece:
                break
            kept += piece
            if len(kept) > limit:
                cut = True
                del kept[:-limit]
    late.cancel()
    return Output(process.returncode, kept.decode("utf-8", "replace"), cut)
