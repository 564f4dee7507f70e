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
PATIENCE = 60.0
"""Seconds for which that is tried, where the container engine gives no answer."""


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
        self.unread = False
        self.told = False  # what runs inside was asked to end

    def main(self) -> int:
        """Run it, starting the project first where that is needed."""
        try:
            fast = self._fast()
            code = self._watch(fast or self._slow())
            noted = os.path.exists(self.pidfile) or inner.read_box(self.folder)
            if fast and code in (125, 255) and not noted and not self.unread:
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
            # What was ended was seen to by the guard, which leaves the file of what it can't end.
            if os.path.exists(self.pidfile) and not self.unread:
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
        while True:
            events = poll.poll()
            ended, status = os.waitpid(self.child, os.WNOHANG)
            signals = os.read(ready, 64) if any(fd == ready for fd, _ in events) else b""
            gone = any(fd == 1 for fd, _ in events)
            if gone or any(byte != signal.SIGCHLD for byte in signals):
                self.unread = True
            elif ended:
                self.unread = self._is_cut(status)
            if self.unread:
                self._guard()
            if ended:
                return _code(status)
            if self.unread:
                return _code(self._last_word())

    def _last_word(self) -> int:
        # What it ran has ended: now the child has, too, or never will.
        import signal

        from server_agent.jobs import procs

        found: list[int] = []

        def ended() -> bool:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            found.extend([status] if pid else [])
            return bool(pid)

        if procs.wait_until(ended, 1.0):
            return found[0]
        os.kill(self.child, signal.SIGKILL)
        return os.waitpid(self.child, 0)[1]

    def _is_cut(self, status: int) -> bool:
        """Say whether the child ended before what it runs did: `podman exec` ends when it can't write.

        It may be faster than the news that the reader is gone.
        """
        import select

        poll = select.poll()
        for handle in (1, 2):
            poll.register(handle, 0)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
            return True
        # What a command was killed by inside is an exit code of `podman exec`.
        return os.WIFSIGNALED(status) and inner.read_box(self.folder)[:1] == ["podman"]

    def _guard(self) -> None:
        """End what runs inside and wait for that, in a process that outlives us if we are killed."""
        guard = os.fork()
        if guard:
            os.waitpid(guard, 0)
            return
        try:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            for handle in (0, 1, 2):
                os.dup2(null, handle)
            if self._clear() and os.path.exists(self.pidfile):
                os.unlink(self.pidfile)
        finally:
            os._exit(0)

    def _clear(self) -> bool:
        """Ask what runs inside to end, then make it; return whether nothing is left of it."""
        import signal

        from server_agent.jobs import procs

        return procs.wait_until(
            lambda: self._is_over(signal.SIGTERM), GRACE, step=0.1
        ) or procs.wait_until(lambda: self._is_over(signal.SIGKILL), PATIENCE, step=0.5)

    def _is_over(self, number: int) -> bool:
        import signal

        from server_agent.core import running

        polite = number == signal.SIGTERM
        if polite and inner.read_pidfile(self.pidfile) is None:
            return False  # it may be about to start
        try:
            number = 0 if polite and self.told else number
            self.told = running.end_inside(self.project, self.id, number)
        except Exception:
            return False  # nobody knows: the engine gives no answer
        return not self.told


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
    import signal

    try:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that is inherited
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
