"""The directory that a shell announces (OSC 7, OSC 9;9, OSC 1337;CurrentDir), validated. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from mnix_tui.terminal.events import Directory

MAX_BYTES = 4096
_URL = re.compile(rb"(file|kitty-shell-cwd)://([^/]*)(/.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{0,255}")


def parse_directory(raw: bytes) -> Directory | None:
    """Read what a shell sent: a file: URL or a bare path. None if it is not an absolute path."""
    if len(raw) > 3 * MAX_BYTES:
        return None
    host, path = "", raw
    url = _URL.fullmatch(raw)
    if url is not None:
        host = url[2].decode("ascii", "replace")
        path = unquote_to_bytes(url[3]) if url[1] == b"file" else url[3]
    elif len(raw) > 1 and raw[:1] == raw[-1:] == b'"':
        path = raw[1:-1]
    text = path.decode("utf-8", "replace")
    if not text.startswith("/") or not text.isprintable() or len(path) > MAX_BYTES:
        return None
    return Directory(host if _HOST.fullmatch(host) else "", text)
