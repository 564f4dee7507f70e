"""The holder: the detached process that owns one job's terminal or pipe, its log and its socket.

It never waits for a client, and nothing that a client does ends it. It ends with its job, once
those who still read have everything.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from typing import Any, Callable, Optional

from server_agent.jobs import box, clearing, faults, procs, store
from server_agent.jobs import child as children
from server_agent.jobs.hub import Hub
from server_agent.jobs.inlet import Inlet
from server_agent.jobs.lead import Lead
from server_agent.jobs.log import MIB, Log
from server_agent.jobs.presence import Presence

_DRAIN = 0.2  # seconds that output may still come after the process has ended
_LEFT = 4 * MIB
_BOX_GONE = 3.0  # seconds that a command's client has to notice that its container is gone
_LINGER = 30.0  # seconds without progress after which readers of an ended job are left
_FIRST_CLIENT = 2.0  # seconds that an ended job waits for a first client, who may be on its way


def run(jobdir: str) -> int:
    """Hold the job whose folder this is; what to run comes on stdin. Returns when all is over."""
    umask = os.umask(0o077)
    try:
        spec = json.loads(sys.stdin.buffer.read())
        if os.fork():
            os._exit(0)  # whoever started us has nothing to wait for
        holder = Holder(jobdir, spec, umask)
    except (OSError, ValueError, KeyError) as error:
        os.write(1, f"{type(error).__name__}: {error}\n".encode())
        return 1
    holder.report_ready()
    os.chdir("/")  # nobody's folder is kept busy
    try:
        from server_agent.jobs import killing, prune  # noqa: F401 - later this agent may be gone

        holder.loop()
    except Exception as error:
        faults.note(error, "holding a job")
        raise
    return 0


class Holder:
    """One job, from its start to its last reader."""

    def __init__(self, folder: str, spec: dict[str, Any], umask: int) -> None:
        self._folder = folder
        self._id = os.path.basename(folder)
        self._meta = store.read_meta(folder)
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._ended_at: Optional[float] = None
        self._wait_status: Optional[int] = None
        self._status: dict[str, Any] = {"state": "running", "started": time.time()}
        self._ending = False
        self._signals: list[int] = []
        self._signalling = False
        self._clearing: Optional[clearing.Clearing] = None
        self._listener = _listen(self._meta["socket"])
        self._log = _open_log(self._meta["kind"], os.path.join(folder, "log"), spec["log_limit"])
        self._catch_signals()
        size = (spec["cols"], spec["rows"])
        self._box = box.watched(self._meta["project"], spec["argv"])
        self._child = children.spawn(
            spec["argv"],
            spec["cwd"],
            {**spec["env"], procs.JOB: self._id},
            pty=self._meta["pty"],
            cols=size[0],
            rows=size[1],
            umask=umask,
            relayed=self._box is not None,
        )
        self._presence = Presence(folder)
        self.hub = Hub(
            self._selector,
            self._log,
            self._child,
            Lead(self._child, size, self.later),
            self._presence,
            self.info,
            self.later,
            self.signal_job,
            Inlet(spec["inlet"], self._selector, self.later) if spec["inlet"] else None,
        )
        self._selector.register(self._child.fd, selectors.EVENT_READ, self._on_child)
        self._selector.register(
            self._listener, selectors.EVENT_READ, lambda _mask: self.hub.accept(self._listener)
        )
        if self._box and self._box.handle is not None:
            self._selector.register(self._box.handle, selectors.EVENT_READ, self._on_box)

    def report_ready(self) -> None:
        """Say that clients can come: in the job's files, and to whoever started us."""
        pid = os.getpid()
        self._meta["holder"] = {"pid": pid, "start": procs.start_time(pid)}
        self._meta["child"] = {"pid": self._child.pid, "start": self._child.start}
        store.write_meta(self._folder, self._meta)
        store.write_status(self._folder, self._status)
        os.write(1, b"ready\n")
        null = os.open(os.devnull, os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(null, handle)
        os.close(null)

    def info(self) -> dict[str, Any]:
        """Return the job's JobInfo."""
        status = {**self._status, "reason": self._status.get("reason") or self._trouble()}
        meta = store.read_meta(self._folder) or self._meta  # it may have another name by now
        info = store.describe(self._folder, self._id, meta, status, self._log.end)
        return {**info, "clients": len(self._presence)}

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Call something from the loop, after ``delay`` seconds."""
        self._timers.append((time.monotonic() + delay, call))

    def signal_job(self, name: str) -> None:
        """Signal what runs; the interrupt is typed where there is a terminal."""
        if name == "INT" and self._child.interrupt():
            self.hub.watch_child()
        elif name in ("INT", "TERM", "KILL", "HUP"):
            number = getattr(signal, "SIG" + name)
            # The same one twice before it was sent is one, as the kernel has it.
            if number not in self._signals:
                self._signals.append(number)
            if not self._signalling:
                self._signalling = True
                self._aside(self._send_signals)

    def _send_signals(self, killing: Any) -> None:
        while self._signalling:
            while self._signals:
                try:
                    killing.signal_job(self._id, self._meta, self._signals.pop(0))
                except Exception as error:  # the next signal may reach it
                    faults.note(error, "signalling a job")
            self._signalling = False
            self._signalling = bool(self._signals)  # one may have come in between

    def loop(self) -> None:
        """Serve until the job has ended and its readers have everything."""
        while not self._over():
            for key, mask in self._selector.select(self._next_timeout()):
                key.data(mask)
            now = time.monotonic()
            due = [call for when, call in self._timers if when <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
            for call in due:
                call()
            if self._log.trouble:
                self._log.flush()
            if self._wait_status is None:
                self._wait_status = self._child.reap()
                if self._wait_status is not None:
                    self.later(_DRAIN, self._finish)
            if self._wait_status is not None and (self._clearing or not self._child.open):
                self._finish()
            self.hub.settle()
        self._leave()

    # -- events -------------------------------------------------------------------------------

    def _on_child(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            data = self._child.read()
            if data:
                self.hub.output(data)
            if not self._child.open:
                self._forget_child()
                return
        if mask & selectors.EVENT_WRITE:
            self.hub.child_writable()

    def _catch_signals(self) -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        self._wake, wake = socket.socketpair()
        self._wake_sender = wake
        self._wake.setblocking(False)
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_args: None)
        signal.signal(signal.SIGTERM, lambda *_args: None)
        self._selector.register(self._wake, selectors.EVENT_READ, self._on_signal)

    def _on_signal(self, _mask: int) -> None:
        if signal.SIGTERM in self._wake.recv(256) and not self._ending:
            self._ending = True
            alive = self._child_alive
            self._aside(lambda killing: killing.escalate(self._id, self._meta, 5.0, alive))

    def _on_box(self, _mask: int) -> None:
        # The container is gone. What ran in it is too; who brought its output should notice soon.
        if self._box and self._box.handle is not None:
            self._selector.unregister(self._box.handle)
            self.later(_BOX_GONE, self._abandon_child)

    def _abandon_child(self) -> None:
        if self._wait_status is None:
            procs.send(self._child.pid, signal.SIGKILL, group=True)

    def _child_alive(self) -> bool:
        return self._wait_status is None

    def _aside(self, call: Callable[[Any], object]) -> None:
        # Signalling inside a container takes a tenth of a second: not in the loop.
        import threading

        from server_agent.jobs import killing

        threading.Thread(target=lambda: call(killing), daemon=True).start()

    # -- the end ------------------------------------------------------------------------------

    def _finish(self) -> None:
        if self._ended_at is not None or not self._cleared():
            return
        self._ended_at = time.monotonic()
        self._drain()
        self._forget_child()
        self._child.open = False
        self._log.close()
        code, number, reason = _outcome(self._wait_status or 0)
        if self._box and self._box.gone(code):
            reason = "the container was stopped"
        if self._meta["kind"] == "rebuild":
            told = self._clearing.text if self._clearing else clearing.reason(self._folder)
            reason = "; ".join(part for part in (reason, told) if part)
        reason = "; ".join(part for part in (reason, self._trouble()) if part)
        replay, preamble = self.hub.replay.at(primary=False)
        self._status = {
            "state": "exited",
            "ended": time.time(),
            "exit_code": code,
            "signal": number,
            "reason": reason,
            "log_size": self._log.end,
            "replay": replay,
            "preamble": preamble.decode("latin-1"),
        }
        try:
            store.write_status(self._folder, self._status)
        except OSError:
            pass  # the clients that are here still hear of it; others will find the job lost
        self.hub.ended(code, number, reason)

    def _cleared(self) -> bool:
        # A rebuild ends what it runs inside by itself, unless it is killed.
        if self._meta["kind"] != "rebuild" or not os.WIFSIGNALED(self._wait_status or 0):
            return True
        if self._clearing is None:
            self._clearing = clearing.Clearing(self._meta["project"], self._id)
        return self._clearing.over

    def _drain(self) -> None:
        # What it left behind fits a pipe or a terminal's buffer; more comes from somebody else.
        left = _LEFT
        while self._child.open and left > 0:
            data = self._child.read()
            if not data:
                break
            left -= len(data)
            self.hub.output(data)

    def _forget_child(self) -> None:
        try:
            self._selector.unregister(self._child.fd)
        except KeyError:
            pass

    def _trouble(self) -> str:
        if self._log.lost:
            return f"{self._log.lost} bytes of the log are missing: the disk was full"
        return f"the log can't be written: {self._log.trouble}" if self._log.trouble else ""

    def _over(self) -> bool:
        if self._ended_at is None:
            return False
        waited = time.monotonic() - self._ended_at
        if not self.hub.clients:
            return bool(self.hub.served) or waited > _FIRST_CLIENT
        return waited > _LINGER and time.monotonic() - self.hub.progress > _LINGER

    def _next_timeout(self) -> Optional[float]:
        waits = [when - time.monotonic() for when, _call in self._timers]
        if self._ended_at is not None:
            waits.append(0.25)
        elif self._clearing:
            waits.append(0.1)
        if self._log.trouble:
            waits.append(0.5)
        return max(0.0, min(waits)) if waits else None

    def _leave(self) -> None:
        try:
            os.unlink(self._meta["socket"])
        except OSError:
            pass
        self._listener.close()
        from server_agent.jobs import prune

        prune.prune(self._meta["project"])


def _listen(path: str) -> socket.socket:
    if len(os.fsencode(path)) > 106:
        raise OSError(f"{path} is too long for a socket")
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(64)
    listener.setblocking(False)
    return listener


def _open_log(kind: str, folder: str, limit: int) -> Log:
    # What a build or a command says first is worth as much as its last words.
    return Log(folder, limit, head=0 if kind == "session" else limit // 2)


def _outcome(status: int) -> tuple[int, Optional[int], str]:
    # As shells do it: a signal's exit code is 128 and more.
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return 128 + number, number, f"killed by {procs.signal_text(number)}"
    return os.WEXITSTATUS(status), None, ""
