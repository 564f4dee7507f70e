"""An /etc of one's own for a program, in a mount namespace of its own.

The whole folder, because a mount over one file goes away when somebody else replaces that file, as
every useradd does.
"""

import os
import shutil
from pathlib import Path

KEPT = ("group", "hosts", "ld.so.cache", "login.defs", "nsswitch.conf", "passwd", "security")


def own_etc(folder: Path, files: dict[str, str]) -> list[str]:
    """Make it of what is there, and of ``files``; return the beginning of a command line."""
    etc = folder / "etc"
    etc.mkdir()
    for name in KEPT:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, etc / name)
        elif source.exists():
            shutil.copy(source, etc / name)
    for name, text in files.items():
        (etc / name).parent.mkdir(exist_ok=True)
        (etc / name).write_text(text)
    as_root = () if os.getuid() == 0 else ("-r",)
    script = 'mount --bind "$1" /etc && shift && exec "$@"'
    return ["unshare", "-m", *as_root, "sh", "-c", script, "-", str(etc)]
