"""Unpacks the agent on a server: this file's text is run there, by any Python since 3.9.

Arguments: the nonce, the folder's name, the archive's SHA-256 and its size; the archive is on
stdin. The answer is one preface line: {"installed": folder} or {"error": {code, message, hint}}.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import io
import json
import marshal
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import IO


def main(argv: list[str], stdin: IO[bytes], stdout: IO[str]) -> int:
    """Install, answer, and return the exit code."""
    nonce, name, digest, size = argv
    answer: dict[str, object]
    try:
        answer = {"installed": str(install(name, digest, stdin.read(int(size))))}
    except ValueError as error:
        answer = {"error": {"code": "incomplete-upload", "message": str(error)}}
    except OSError as error:
        answer = {"error": explain(error)}
    stdout.write(f"MNIX/1 {nonce} {json.dumps(answer)}\n")
    stdout.flush()
    return 1 if "error" in answer else 0


def home() -> Path:
    """Return the folder that holds the agents."""
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "mnix/agent"


def install(name: str, digest: str, archive: bytes) -> Path:
    """Unpack beside, then rename: a folder of that name is always whole."""
    if hashlib.sha256(archive).hexdigest() != digest:
        raise ValueError(f"the agent arrived damaged: {len(archive)} bytes")
    os.umask(0o077)
    target = home() / name
    fresh = target.with_name(f"{name}.{os.getpid()}.new")
    if not target.is_dir():
        try:
            unpack(archive, fresh)
            precompile(fresh)
            fresh.rename(target)
        except OSError:
            if not target.is_dir():  # another client was faster
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    else:
        precompile(target)
    # The very interpreter whose bytecode is there: when it goes, the agent is installed again.
    note = target / f"python.{os.getpid()}.new"
    write(note, os.path.realpath(sys.executable).encode() + b"\n")
    note.replace(target / "python")
    return target


def unpack(archive: bytes, folder: Path) -> None:
    """Write every file to the disk, and through to it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        for member in members.namelist():
            write(folder / member, members.read(member))


def precompile(folder: Path) -> None:
    """Write the bytecode of every module, so that running the agent writes none (python -B).

    On a full disk many Pythons leave half a file of it behind, and never start again from that.
    """
    for path in sorted((folder / "server_agent").rglob("*.py")):
        cached = Path(importlib.util.cache_from_source(str(path)))
        if cached.exists() or ("_vendor" in path.parts and sys.version_info >= (3, 11)):
            continue
        source = path.read_bytes()
        code = compile(source, str(path), "exec", dont_inherit=True)
        head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")  # unchecked: never stale
        data = head + importlib.util.source_hash(source) + marshal.dumps(code)
        fresh = cached.with_suffix(f".{os.getpid()}.new")
        write(fresh, data)
        fresh.replace(cached)


def write(path: Path, data: bytes) -> None:
    """Write a file that survives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def explain(error: OSError) -> dict[str, str]:
    """Return a typed error for a failing system call."""
    where = f"{error.filename or home()}: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return {
            "code": "no-space",
            "message": "no room for the agent",
            "detail": where,
            "hint": "free a few megabytes in the home folder there",
        }
    return {
        "code": "error",
        "message": "the agent can't be written",
        "detail": where,
        "hint": "the home folder must be writable; XDG_DATA_HOME can name another place",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout))
