"""`mnix-server serve` as clients on other machines run it: delivered and spoken to over real ssh."""

import contextlib
import hashlib
import io
import json
import queue
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from mnix_tui.link import delivery
from mnix_tui.link.delivery import Archive
from tests.fleet import FleetServer

Json = dict[str, Any]
NONCE = "n1"


def archive(version: str = "") -> Archive:
    """Return the agent as it is delivered; with a ``version``, as if it were that one."""
    if not version:
        return delivery.build()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for path, data in delivery.files().items():
            if path == "server_agent/__init__.py":
                data = f'"""An agent."""\n\n__version__ = "{version}"\n'.encode()
            made.writestr(path, data)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    return Archive(f"{version}-{digest}", digest, buffer.getvalue())


def deliver(server: FleetServer, agent: Archive | None = None) -> Archive:
    """Install an agent as the client does."""
    agent = agent or archive()
    command = delivery.install_command(agent, NONCE)
    done = subprocess.run(
        server.ssh_argv(command.line),
        input=command.stdin + agent.data,
        capture_output=True,
        check=True,
    )
    assert b'{"installed"' in done.stdout, done
    return agent


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
    def over_ssh(cls, server: FleetServer, agent: Archive) -> Iterator[Self]:
        """Run a delivered agent on a server."""
        command = delivery.run_command(agent.name, NONCE, ("serve", "--nonce", NONCE))
        with cls.running(server.ssh_argv(command.line), command.stdin) as made:
            yield made

    @classmethod
    @contextlib.contextmanager
    def running(cls, argv: list[str], stdin: bytes = b"") -> Iterator[Self]:
        """Run an agent by any command line."""
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(stdin)
            process.stdin.flush()
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
