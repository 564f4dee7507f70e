"""Where the dialler's socket is: one for each user, home, environment and installation of mnix."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from mnix_tui import __version__

_BY_ITSELF = (
    "_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "WINDOWID", "XDG_SESSION_ID",
    "TMUX_PANE", "STY", "WINDOW", "TERM_SESSION_ID", "ITERM_SESSION_ID", "WEZTERM_PANE",
    "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "ALACRITTY_LOG", "GPG_TTY", "SSH_TTY",
    "SSH_CLIENT", "SSH_CONNECTION", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID",
    "MNIX_KEEP_READY",
)  # fmt: skip
"""Variables that change from terminal to terminal, and that connecting does not depend on."""
_SPACES = ("net", "mnt", "user")


def socket_path() -> Path:
    """Return the socket's path, in a folder that is ours alone; raise ``OSError`` if none can be.

    Others can write to /tmp, so a link or a folder of someone else's is never used.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = base and os.path.isdir(base) and os.access(base, os.W_OK)  # noqa: PTH112 - quick
    folder = Path(base, "mnix") if usable else Path(f"/tmp/mnix-{os.getuid()}")  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not ours alone")
    return folder / f"dialler-{_key()}"


def code_print() -> str:
    """Return a print of the code that matters, which changes when mnix is updated in place."""
    here = Path(__file__).parents[1]
    newest = 0
    for folder in (here, here.parents[1] / "server_agent"):
        for top, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".py"):
                    newest = max(newest, os.stat(os.path.join(top, name)).st_mtime_ns)  # noqa: PTH116, PTH118
    return f"{__version__} {newest}"


def _key() -> str:
    # What a configuration makes of the environment (Match exec, SendEnv, a ProxyCommand) must not
    # be made of another command's.
    parts = [__version__, sys.executable, __file__]
    parts += [f"{name}={os.environ[name]}" for name in sorted({*os.environ} - {*_BY_ITSELF})]
    for space in _SPACES:
        with suppress(OSError):
            parts.append(os.readlink(f"/proc/self/ns/{space}"))  # noqa: PTH115
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
