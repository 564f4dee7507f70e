"""`mnix-server serve` as clients on other machines run it: delivered and spoken to over real ssh."""

import contextlib
import hashlib
import io
import json
import queue
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from mnix_tui.link import delivery
from tests.fleet import FleetServer

Json = dict[str, Any]
NONCE = "n1"


def deliver(server: FleetServer, version: str = "") -> str:
    """Put the agent where the client puts it, and return its folder there.

    With a ``version``, as if it were that one: of another version, every file is another one.
    """
    files = dict(delivery.files())
    name = delivery.name()
    if version:
        files["server_agent/__init__.py"] = (
            f'"""An agent."""\n\n__version__ = "{version}"\n'.encode()
        )
        name = f"{version}-{hashlib.sha256(version.encode()).hexdigest()}"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    folder = f"{server.home}/.local/share/mnix/agent/{name}"
    unpack = f"umask 077; mkdir -p {folder} && tar -x -C {folder}"
    subprocess.run(server.ssh_argv(unpack), input=buffer.getvalue(), check=True)
    return folder


@dataclass
class Serve:
    """One client's control channel. Events are kept with the time at which they came."""

    process: subprocess.Popen[bytes]
    hello: Json
    events: list[tuple[float, str, Json]] = field(default_factory=list)
    number: int = 0
    _replies: "queue.Queue[Json]" = field(default_factory=queue.Queue)
    _news: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    @contextlib.contextmanager
    def over_ssh(cls, server: FleetServer, folder: str) -> Iterator[Self]:
        """Run a delivered agent on a server."""
        start = f"exec python3 -B -I -S -X utf8 {folder} serve --nonce {NONCE}"
        with cls.running(server.ssh_argv(start)) as made:
            yield made

    @classmethod
    @contextlib.contextmanager
    def running(cls, argv: list[str]) -> Iterator[Self]:
        """Run an agent by any command line."""
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith(b"MNIX/1 "), (first, process.stderr and process.stderr.read())
            made = cls(process, json.loads(first.split(b" ", 2)[2]))
            reader = threading.Thread(target=made._read, daemon=True)
            reader.start()
            try:
                yield made
            finally:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                reader.join(30)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = json.loads(line)
            if "event" not in found:
                self._replies.put(found)
                continue
            with self._news:
                self.events.append((time.monotonic(), found["event"], found["data"]))
                self._news.notify_all()

    def request(self, method: str, **params: Any) -> Json:
        """Send a request and return its whole reply."""
        assert self.process.stdin is not None
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        reply = self._replies.get(timeout=120)
        assert reply["id"] == self.number, reply
        return reply

    def ask(self, method: str, **params: Any) -> Json:
        """Send a request and return its result."""
        reply = self.request(method, **params)
        assert "result" in reply, reply
        result: Json = reply["result"]
        return result

    def error(self, method: str, **params: Any) -> Json:
        """Send a request and return its error."""
        reply = self.request(method, **params)
        assert "error" in reply, reply
        error: Json = reply["error"]
        return error

    def event(
        self, name: str, fits: Callable[[Json], bool] = lambda data: True, timeout: float = 30.0
    ) -> tuple[float, Json]:
        """Return the newest event of that name once it fits, and when it came."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = next((each for each in reversed(self.events) if each[1] == name), None)
                if found is not None and fits(found[2]):
                    return found[0], found[2]
                left = deadline - time.monotonic()
                assert left > 0, f"no such {name} in {timeout} s; the newest is {found}"
                self._news.wait(left)

    def state(self, fits: Callable[[Json], bool], timeout: float = 30.0) -> tuple[float, Json]:
        """Return the newest state once it fits, and when it came."""
        return self.event("state", fits, timeout)


def named(state: Json) -> dict[str, Json]:
    """Return a state's projects by name."""
    return {project["name"]: project for project in state["projects"]}
