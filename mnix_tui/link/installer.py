"""Unpacks the agent on a server and becomes it: this text is run there, by any Python since 3.9.

Arguments: the nonce, the agent's name, and the agent's own arguments. On stdin comes, behind this
text, one line with the archive's SHA-256 and size, then the archive, then what is for the agent.
The agent answers; without arguments for it, and when something fails, this text does, by a preface
line: {"installed": folder} or {"error": {code, message, detail, hint, fix}}.

What comes first is what somebody waits for. Bytecode, and a disk that has it for good, come after
that in a process of its own; until then a note says in which boot the folder may be relied on. The
same process removes agents of other versions that nobody has used for long.
"""

from __future__ import annotations

import errno
import hashlib
import json
import marshal
import os
import re
import stat
import sys
import time
import zlib

BOOT = "/proc/sys/kernel/random/boot_id"
HEAD = 64 + 1 + 10 + 1
"""Bytes of the line before the archive."""
NAME = re.compile(r"[^/]+-[0-9a-f]{64}(\.[0-9]+\.new)?")
"""An agent's folder, or what is left of one that was being unpacked, or removed."""
KEPT = 3
"""Agents that stay, however old: those that were used last."""
UNUSED = 30 * 86400.0
"""Seconds without use after which others go."""


def main(argv: list[str], stdin: int = 0) -> int:
    """Install, then become the agent or answer, and return the exit code."""
    nonce, name, *args = argv
    try:
        folder = install(name, receive(stdin))
    except ValueError as error:
        return answer(nonce, {"error": {"code": "incomplete-upload", "message": str(error)}})
    except OSError as error:
        return answer(nonce, {"error": explain(error)})
    if args:
        become(folder, args)
        return 0
    return answer(nonce, {"installed": folder})


def answer(nonce: str, what: dict[str, object]) -> int:
    """Write the preface line."""
    sys.stdout.write(f"MNIX/1 {nonce} {json.dumps(what)}\n")
    sys.stdout.flush()
    return 1 if "error" in what else 0


def become(folder: str, args: list[str]) -> None:
    """Run the agent in this very process."""
    sys.argv = [folder, *args]
    sys.path.insert(0, folder)
    from server_agent.cli import entry

    entry()


def receive(stdin: int) -> dict[str, bytes]:
    """Take the archive, and not a byte of what follows; return its files by their paths."""
    digest, _, size = read(stdin, HEAD).decode("ascii", "replace").partition(" ")
    archive = read(stdin, int(size))
    if hashlib.sha256(archive).hexdigest() != digest:
        raise ValueError(f"the agent arrived damaged: {len(archive)} bytes")
    files: dict[str, bytes] = marshal.loads(zlib.decompress(archive))
    return files


def read(stdin: int, size: int) -> bytes:
    """Read that many bytes, or as many as come."""
    parts = []
    while size > 0:
        part = os.read(stdin, size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def home() -> str:
    """Return the folder that holds the agents."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local/share")
    return os.path.join(data, "mnix/agent")


def install(name: str, files: dict[str, bytes]) -> str:
    """Unpack beside, then rename: a folder that is noted as usable is always whole."""
    mask = os.umask(0o077)
    target = os.path.join(home(), name)
    boot = boot_id()
    try:
        if not usable(target, boot):
            unpack(target, files)
            note(target, boot)
        if not boot or not behind(target):
            settle(target)
    finally:
        os.umask(mask)
    return target


def unpack(target: str, files: dict[str, bytes]) -> None:
    """Write every file; where the folder is there already, each in place of what may be none."""
    fresh = f"{target}.{os.getpid()}.new"
    try:
        fill(fresh, files)
        os.rename(fresh, target)
    except OSError:
        if not os.path.isdir(target):
            raise
        fill(target, files)  # another client runs it, or a machine went down before it was whole
    finally:
        if os.path.isdir(fresh):
            import shutil

            shutil.rmtree(fresh, ignore_errors=True)


def fill(folder: str, files: dict[str, bytes]) -> None:
    """Write files below a folder, each by one rename if there may be one already."""
    there = os.path.isdir(folder)
    for name in sorted({os.path.dirname(path) for path in files}):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for path, data in files.items():
        place = os.path.join(folder, path)
        fresh = f"{place}.{os.getpid()}.new" if there else place
        write(fresh, data)
        if there:
            os.rename(fresh, place)


def boot_id() -> str:
    """Return what is another one after each start of the machine, "" where nobody knows."""
    try:
        with open(BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def usable(target: str, boot: str) -> bool:
    """Say whether a folder has all files, and a Python that is there: as who runs it finds out."""
    try:
        with open(os.path.join(target, "python"), encoding="utf-8") as file:
            python, _, until = file.read().partition("\n")
    except OSError:
        return False
    whole = os.path.isfile(os.path.join(target, "__main__.py"))
    return whole and os.access(python, os.X_OK) and until.strip() in ("", boot)


def note(target: str, boot: str, sync: bool = False) -> None:
    """Note the Python that runs it, and the boot within which that holds ("": for good)."""
    # The very interpreter whose bytecode is there: when it goes, the agent is installed again.
    text = f"{os.path.realpath(sys.executable)}\n{boot}".rstrip("\n") + "\n"
    fresh = os.path.join(target, f"python.{os.getpid()}.new")
    write(fresh, text.encode(), sync)
    os.rename(fresh, os.path.join(target, "python"))


def behind(target: str) -> bool:
    """Settle in a process that nobody waits for; return whether there is one."""
    try:
        child = os.fork()
    except OSError:
        return False
    if child:
        os.waitpid(child, 0)
        return True
    try:
        if os.fork():
            os._exit(0)
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for each in (0, 1, 2):  # else the connection could not end before us
            os.dup2(nowhere, each)
        os.nice(19)
        settle(target)
        prune(os.path.dirname(target), time.time())
    finally:
        os._exit(0)


def settle(target: str) -> None:
    """Have the disk keep the files, write their bytecode, and note that this is done."""
    paths = sorted(sources(target))
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    try:
        for path in paths:
            precompile(path)
    except OSError:
        pass  # no room: it runs without
    note(target, "", sync=True)


def prune(folder: str, now: float, proc: str = "/proc") -> None:
    """Remove our own agents that were not used for long, and that no process has been started from.

    Where nobody can say what runs, all stay.
    """
    import shutil

    at = {name: last_use(os.path.join(folder, name)) for name in os.listdir(folder)}
    ours = sorted((name for name in at if at[name]), key=lambda name: -at[name])
    old = [name for name in ours[KEPT:] if now - at[name] > UNUSED]
    if not old:
        return
    running = command_lines(proc)
    for name in old:
        if running and name.encode() not in running:
            path = os.path.join(folder, name)
            gone = path if name.endswith(".new") else f"{path}.{os.getpid()}.new"
            os.rename(path, gone)  # at once: who comes now sees that there is none
            shutil.rmtree(gone, ignore_errors=True)


def last_use(path: str) -> float:
    """Return about when an agent of ours was last started, 0 for what is none of ours."""
    try:
        found = os.lstat(path)
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
        if not ours or not NAME.fullmatch(os.path.basename(path)):
            return 0.0
        note = os.path.join(path, "python")  # whoever starts it reads that
        if os.path.exists(note):
            found = os.stat(note)
        return max(found.st_mtime, found.st_atime)
    except OSError:
        return 0.0


def command_lines(proc: str) -> bytes:
    """Return the command lines of all processes, "" where nobody can say."""
    found = []
    try:
        pids = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        pids = []
    for pid in pids:
        try:
            with open(os.path.join(proc, pid, "cmdline"), "rb") as file:
                found.append(file.read())
        except OSError:
            pass  # it has just ended
    return b"\n".join(found)


def sources(target: str) -> list[str]:
    """Return the paths of the agent's modules."""
    found = [os.path.join(target, "__main__.py")]
    for folder, _, names in os.walk(os.path.join(target, "server_agent")):
        found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
    return found


def precompile(path: str) -> None:
    """Write the bytecode of a module, so that running the agent writes none (python -B).

    On a full disk many Pythons leave half a file of it behind, and never start again from that.
    """
    import importlib.util

    cached = importlib.util.cache_from_source(path)
    if os.path.exists(cached) or ("/_vendor/" in path and sys.version_info >= (3, 11)):
        return
    with open(path, "rb") as file:
        source = file.read()
    code = compile(source, path, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")  # unchecked: never stale
    fresh = f"{cached}.{os.getpid()}.new"
    try:
        os.mkdir(os.path.dirname(cached))  # and no folder above: it may be going away
    except FileExistsError:
        pass
    write(fresh, head + importlib.util.source_hash(source) + marshal.dumps(code), sync=True)
    os.rename(fresh, cached)


def write(path: str, data: bytes, sync: bool = False) -> None:
    """Write a file or leave none, and with ``sync`` one that survives a power cut."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        if sync:
            os.fsync(handle)
    except OSError as error:
        os.unlink(path)
        error.filename = path
        raise
    finally:
        os.close(handle)


def explain(error: OSError) -> dict[str, str]:
    """Return a typed error for a failing system call, with the command that mends it."""
    from shlex import quote

    where = f"{error.filename or home()}: {error.strerror or error}"
    own, nearest = os.path.expanduser("~"), existing(home())
    code, fix = "error", ""
    message, hint = "the agent can't be written", "XDG_DATA_HOME can name another place"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        code, message = "no-space", "no room for the agent"
        fix = "du -xh ~ | sort -h | tail -20"
        hint = f"free a few megabytes in the home folder there; see: {fix}"
    elif not os.path.isdir(own):
        message = f"there is no home folder {own}"
        fix = f"sudo install -d -m 700 -o {os.getuid()} -g {os.getgid()} {quote(own)}"
        hint = f"make it: {fix}"
    elif error.errno == errno.EROFS:
        message = "the home folder is mounted read-only"
        fix = f"sudo mount -o remount,rw {quote(mount_point(nearest))}"
        hint = f"mount it for writing: {fix}"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        message = f"{nearest} can't be written"
        if within_own(nearest, own):
            place = quote(nearest)
            fix = f"sudo chown {os.getuid()}:{os.getgid()} {place} && chmod u+rwx {place}"
            hint = f"make it yours: {fix}"
        elif os.access(nearest, os.X_OK) and (lacking := missing(home())):
            folders = " ".join(map(quote, lacking))  # the one that is there is for others too
            fix = f"sudo install -d -m 700 -o {os.getuid()} -g {os.getgid()} {folders}"
            hint = f"make what is missing: {fix}; or {hint}"
    return {"code": code, "message": message, "detail": where, "hint": hint, "fix": fix}


def existing(folder: str) -> str:
    """Return ``folder``, or the nearest one above it that is there."""
    folder = os.path.abspath(folder)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def missing(folder: str) -> list[str]:
    """Return ``folder`` and those above it that are not there, the highest first."""
    folder = os.path.abspath(folder)
    found: list[str] = []
    while not os.path.isdir(folder):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def within_own(folder: str, own: str) -> bool:
    """Say whether a folder is in this user's own home, which may be a folder of everybody's."""
    folder, own = os.path.realpath(folder), os.path.realpath(own)
    try:
        ours = os.stat(own).st_uid == os.getuid()
    except OSError:
        ours = False
    return ours and own != "/" and f"{folder}/".startswith(f"{own}/")


def mount_point(folder: str, mounts: str = "/proc/self/mounts") -> str:
    """Return the folder where the file system that holds ``folder`` begins."""
    folder, found = os.path.realpath(folder), "/"
    try:
        with open(mounts, "rb") as file:
            fields = [line.split(b" ") for line in file]
        places = [os.fsdecode(unescaped(each[1])) for each in fields if len(each) > 1]
    except OSError:
        places = []
    for place in places:
        if len(place) > len(found) and f"{folder}/".startswith(f"{place}/"):
            found = place
    return found


def unescaped(name: bytes) -> bytes:
    r"""Return a name as it is: the kernel writes a blank in it as ``\040``."""
    for code in (b"040", b"011", b"012", b"134"):  # the backslash last
        name = name.replace(b"\\" + code, bytes([int(code, 8)]))
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
