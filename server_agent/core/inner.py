"""The argv of what runs inside. Lean: the start of every ``exec`` waits for this module."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would take longer to import than all that is here
    from typing import Any


def podman_exec(
    podman: str,
    box: str,
    inner: list[str],
    *,
    tty: bool = False,
    stdin: bool = True,
    cwd: str = "",
    env: dict[str, str] | None = None,
) -> list[str]:
    """Return the argv that runs ``inner`` in a container."""
    argv = [podman, "exec"]
    if stdin:
        argv.append("-i")
    if tty:
        # Without detach keys: else ctrl-p would wait for a ctrl-q.
        argv += ["-t", "--detach-keys="]
    if cwd:
        argv += ["-w", cwd]
    for name, value in (env or {}).items():
        argv += ["-e", f"{name}={value}"]
    return [*argv, box, *inner]


def entry(env_dir: str, pidfile: str, box: str, mode: str, argv: list[str]) -> list[str]:
    """Return the command inside: ``mode`` is ``shell``, ``run`` or ``bare``."""
    return ["sh", f"{env_dir}/entry.sh", pidfile, box, mode, *argv]


def read_pidfile(path: str) -> tuple[int, str, str] | None:
    """Return pid, start time and box of a pid file; ``None`` while there is none."""
    try:
        pid, start, box = _pidfile(path)[:3]
        return int(pid), start, box
    except ValueError:
        return None


def read_generation(path: str) -> int:
    """Return the generation that what wrote a pid file runs in; 0: none, or nobody knows."""
    try:
        return int(_pidfile(path)[3])
    except (ValueError, IndexError):
        return 0


def _pidfile(path: str) -> list[str]:
    # One line; what a longer one before it left comes after that.
    from server_agent.core import within

    try:
        return (within.read(path, 1024) or b"").decode("ascii").partition("\n")[0].split()
    except ValueError:
        return []


def started(pid: int) -> str:
    """Return when a process started, in the kernel's words; "" when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return ""
    fields = text[text.rfind(b")") + 2 :].split()
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def write_box(folder: str, *lines: str) -> None:
    """Remember how a project's box is reached, so that ``exec`` need not ask the engine."""
    import os

    temporary = f"{folder}/box.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join(lines) + "\n")
        os.rename(temporary, f"{folder}/box")
        note_boot(folder)
    except OSError:
        # A full disk: without the note everything works, and asks the engine each time.
        if os.path.exists(temporary):
            os.unlink(temporary)


def note_boot(folder: str) -> None:
    """Remember that a project ran in this run of the machine, if the disk has room for that."""
    now = boot_id()
    if noted_boot(folder) != now:
        try:
            with open(f"{folder}/boot", "w", encoding="ascii") as file:
                file.write(now)
        except OSError:
            pass  # the next look tries again


def boot_id() -> str:
    """Return what tells one run of this machine from the next; "" where nobody knows."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        from server_agent.jobs import procs

        return procs.boot_id()


def noted_boot(folder: str) -> str:
    """Return in which run of the machine a project last ran; "": it was stopped, or never ran."""
    try:
        with open(f"{folder}/boot", encoding="ascii") as file:
            return file.read(100)
    except (OSError, ValueError):
        return ""


def read_box(folder: str) -> list[str]:
    """Return the lines of ``write_box``; none when the box is not known to run."""
    try:
        with open(f"{folder}/box", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")[:-1]
    except OSError:
        return []
    if lines[:1] == ["podman"] and len(lines) == 5:
        pid = lines[3]
        return lines if pid.isdigit() and started(int(pid)) == lines[4] else []
    return lines if lines[:1] == ["host"] and len(lines) == 2 else []


def runs(folder: str, box: dict[str, Any]) -> bool:
    """Say whether a project's container is the one that was noted, and still runs."""
    lines = read_box(folder) if box else []
    return lines[:1] == ["podman"] and lines[2] == box.get("id")


def host_exec(inner: list[str], *, cwd: str, env: dict[str, str] | None = None) -> list[str]:
    """Return the argv that runs ``inner`` in a folder of this machine."""
    change = 'cd "$1" || exit 126; shift; exec "$@"'
    pairs = [f"{name}={value}" for name, value in (env or {}).items()]
    return ["sh", "-c", change, "mnix", cwd, *(["env", *pairs] if pairs else []), *inner]
