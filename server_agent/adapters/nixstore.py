"""What is asked of the store that a project uses: an environment's needs, its roots, its clearing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
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
_LIMIT = 60.0  # seconds for a question
_POLITE = 10.0  # seconds that nix has to end by itself
_STEP = 0.2


class Output(NamedTuple):
    """How a program ended, and the last bytes of what it printed."""

    code: int
    text: str
    cut: bool


def closure(isolation: Isolation, project: Project, store_path: str) -> str:
    """Return a line for each path that ``store_path`` needs: the path and its size."""
    done = _run(isolation, project, _script(_CLOSURE, store_path), _CLOSURE_BYTES, _killed)
    if done.code != 0 or done.cut:
        raise AgentError("error", f"nix can't tell what {store_path} needs")
    return done.text


def unroot(isolation: Isolation, project: Project, links: Sequence[str]) -> None:
    """Remove links that kept something in the store."""
    done = _run(isolation, project, _script(_UNROOT, *links), _TAIL, _killed)
    if done.code != 0:
        raise AgentError("error", f"old roots can't be removed: {done.text.strip()[-300:]}")


def collect(isolation: Isolation, project: Project, lock: int, timeout: float) -> Output:
    """Delete what nothing needs any more; return the end of what nix said.

    The process holds the file ``lock``, so that the lock lasts as long as it does. After
    ``timeout`` seconds it is ended inside: Podman's client alone would leave it to go on.
    """
    from server_agent.core import inner, paths

    job_id = paths.new_id()
    pidfile = f"{job_id}.pid"
    _, env_dir, run_dir = isolation.places(project)
    box = str(project.box.get("id", ""))
    entry = inner.entry(env_dir, f"{run_dir}/{pidfile}", box, "bare", _script(_COLLECT))
    late = False

    def end(_: subprocess.Popen[bytes], ended: threading.Event) -> None:
        nonlocal late
        number, wait = signal.SIGTERM, timeout
        while not ended.wait(wait):
            late = True
            with contextlib.suppress(AgentError, OSError):
                isolation.end(project, pidfile, number)
            number, wait = signal.SIGKILL, _POLITE

    try:
        done = _run(isolation, project, entry, _TAIL, end, lock)
        # Its client may have been killed, by whomever.
        while isolation.end(project, pidfile, signal.SIGKILL):
            threading.Event().wait(_STEP)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(project.run, pidfile))
    if late and done.code != 0:
        return done._replace(text=f"{done.text}\nerror: it took longer than {timeout:g} s")
    return done


def _script(text: str, *words: str) -> list[str]:
    return ["sh", "-c", text, "mnix", *words]


def _killed(process: subprocess.Popen[bytes], ended: threading.Event) -> None:
    if not ended.wait(_LIMIT):
        process.kill()


def _run(
    isolation: Isolation,
    project: Project,
    inner: list[str],
    limit: int,
    late: Callable[[subprocess.Popen[bytes], threading.Event], None],
    *kept_open: int,
) -> Output:
    # ``late`` runs beside it, until the event says that it ended.
    argv = isolation.argv(project, inner, stdin=False, cwd="/")
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            pass_fds=kept_open,
            start_new_session=True,
        )
    except OSError as error:
        raise AgentError("error", f"{argv[0]} can't be run: {error.strerror}") from error
    ended = threading.Event()
    threading.Thread(target=late, args=(process, ended), daemon=True).start()
    kept, cut = bytearray(), False
    try:
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
    finally:
        ended.set()
    return Output(process.returncode, kept.decode("utf-8", "replace"), cut)
