"""``mnix-server exec``: a command in a project, with our own stdio. Its start has to be fast.

So this module imports next to nothing: where the project's box is known to run (its first process
is still the one that was noted), the command is started without asking anybody. Everything else,
a stopped container for instance, goes the long way round.
"""

from __future__ import annotations

import os
import sys

from server_agent.core import inner

GRACE = 5.0
"""Seconds between asking a command to end and forcing it to, when nobody reads it any more."""


def main(args: list[str]) -> int:
    """Run ``exec --project ID [--nonce N] [--bare] [--cwd DIR] -- ARGV…``; return its exit code."""
    options, command = _options(args)
    project, nonce = options.get("--project", ""), options.get("--nonce", "")
    if nonce:
        _preface(nonce)
    if not command:
        return _fail("mnix: a command is needed, for example: mnix exec -- make test", 2)
    return Run(project, command, "--bare" in options, options.get("--cwd", "")).main()


class Run:
    """One command: how it is started, watched and ended."""

    def __init__(self, project: str, command: list[str], bare: bool, cwd: str) -> None:
        self.project = project
        self.command = command
        self.bare = bare
        self.cwd = cwd
        self.id = _new_id()
        self.folder = _folder(project)
        self.pidfile = f"{self.folder}/run/{self.id}.pid"
        self.child = 0

    def main(self) -> int:
        """Run it, starting the project first where that is needed."""
        try:
            fast = self._fast()
            code = self._watch(fast or self._slow())
            noted = os.path.exists(self.pidfile) or inner.read_box(self.folder)
            if fast and code in (125, 255) and not noted:
                # It never started: the container went away since it was noted.
                if os.path.exists(f"{self.folder}/box"):
                    os.unlink(f"{self.folder}/box")
                code = self._watch(self._slow())
            return code
        except Exception as error:
            from server_agent.jobs import faults

            known = faults.as_agent_error(error, "running a command")
            hint = f"\nmnix: {known.hint}" if known.hint else ""
            return _fail(f"mnix: {known.message}{hint}", 75 if known.code == "busy" else 1)
        finally:
            if os.path.exists(self.pidfile):
                os.unlink(self.pidfile)

    def _fast(self) -> list[str]:
        lines = inner.read_box(self.folder) if self.folder else []
        if not lines:
            return []
        if lines[0] == "host":
            return []  # nothing to gain: the long way asks nobody either
        _, podman, box, *_ = lines
        entry = inner.entry("/mnix/env", f"/mnix/run/{self.id}.pid", box, self._mode, self.command)
        cwd = f"/workspace/{self.cwd}" if not self.cwd.startswith("/") else self.cwd
        return inner.podman_exec(podman, box, entry, cwd=cwd.rstrip("/"))

    @property
    def _mode(self) -> str:
        return "bare" if self.bare else "run"

    def _slow(self) -> list[str]:
        from server_agent.core import running

        argv, _, _ = running.launch(
            self.project, self.command, self.id, tty=False, bare=self.bare, cwd=self.cwd
        )
        return argv

    def _watch(self, argv: list[str]) -> int:
        # poll() tells when the reader of our output went away, also while nothing is written; the
        # pipe tells of the child's end and of signals to us.
        import select
        import signal

        ready, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self.child = os.fork()
        if not self.child:
            _become(argv)
        poll = select.poll()
        poll.register(ready, select.POLLIN)
        poll.register(1, 0)
        asked: float | None = None
        while True:
            wait = None if asked is None else max(0.0, asked + GRACE - _now())
            events = poll.poll(None if wait is None else wait * 1000 + 1)
            ended, status = os.waitpid(self.child, os.WNOHANG)
            if ended:
                return _code(status)
            signals = os.read(ready, 64) if any(fd == ready for fd, _ in events) else b""
            gone = any(fd == 1 for fd, _ in events)
            stop = gone or any(byte != signal.SIGCHLD for byte in signals)
            if gone:
                poll.unregister(1)
            if stop and asked is None:
                asked = _now()
                self._end(signal.SIGTERM)
            elif asked is not None and _now() >= asked + GRACE:
                self._end(signal.SIGKILL)
                os.kill(self.child, signal.SIGKILL)
                return _code(os.waitpid(self.child, 0)[1])

    def _end(self, number: int) -> None:
        from server_agent.core import running

        try:
            running.end_inside(self.project, self.id, number)
        except Exception:
            # Whatever it is, nobody reads it any more: the child at least is ended.
            os.kill(self.child, number)


def _options(args: list[str]) -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            return found, args[at:]
        if word == "--bare":
            found[word] = "yes"
        elif word in ("--project", "--nonce", "--cwd") and at < len(args):
            found[word] = args[at]
            at += 1
        else:
            raise SystemExit(_fail(f"mnix-server exec: {word} is not understood", 2))
    return found, []


def _preface(nonce: str) -> None:
    if not nonce.isalnum():
        raise SystemExit(_fail("mnix-server exec: the nonce must be letters and digits", 2))
    # By hand: importing json would take longer than the rest of the start.
    _write(1, f'MNIX/1 {nonce} {{"protocol":1,"pid":{os.getpid()}}}\n'.encode())


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _fail(message: str, code: int) -> int:
    _write(2, message.encode("utf-8", "replace") + b"\n")
    return code


def _folder(project: str) -> str:
    from server_agent.core import paths

    return os.path.join(paths.projects(), project) if paths.is_id(project) else ""


def _new_id() -> str:
    from server_agent.core import paths

    return paths.new_id()


def _become(argv: list[str]) -> None:
    # In the child, which must never return.
    try:
        os.setsid()  # the session is what is ended as one, if it has to be
        os.execvp(argv[0], argv)
    except OSError as error:
        _fail(f"mnix: {argv[0]} can't be run: {error.strerror}", 1)
    finally:
        os._exit(127)


def _code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _now() -> float:
    import time

    return time.monotonic()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
