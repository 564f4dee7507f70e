"""A project without nix whose environments are what a test writes, and a shell in it to type into."""

import os
import pty
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from server_agent.core import (
    environment,
    inner,
    isolations,
    lifecycle,
    paths,
    projects,
    running,
    sessions_api,
)
from tests.integration.agent_rig import Rig


class Hooked(Rig):
    """A project on the bare host, whose environment has the hook that a test gives it."""

    def hook(self, text: str, greeting: str = "hi") -> int:
        """Make a generation with this hook the current one."""
        project = self.project
        script = environment.script(
            f"PATH='/path-not-set'\nnix_saved=$PATH\nexport GREETING={greeting}\n"
            f"shellHook={_quoted(text)}\nexport shellHook\nPATH=$PATH:/usr/bin:/bin\n"
            'export NIX_BUILD_TOP="$(mktemp -d -t nix-shell.XXXXXX)"\neval "${shellHook:-}"\n'
        )
        number = environment.add(project, script, cause="test", store_path=None, volume="")
        environment.switch(project, number)
        return number


@contextmanager
def hooked(home: Path) -> Iterator[Hooked]:
    """Make the project, with a ~/.bashrc beside it."""
    (home / ".bashrc").write_text("alias mine='echo from my bashrc'\n")
    rig = Hooked(lifecycle.create("demo", "host", "flake.nix", None, None)["id"])
    with projects.locked(rig.id, "test") as project:
        running.make(project, isolations.of("host"))
    yield rig
    lifecycle.remove(rig.id)


class Typist:
    """Somebody at a shell on a terminal."""

    _open: ClassVar[list["Typist"]] = []

    def __init__(self, rig: Rig) -> None:
        self.job = paths.new_id()
        self.pidfile = os.path.join(rig.project.run, f"{self.job}.pid")
        argv, cwd, env = sessions_api.shell_argv(rig.id, "xterm", None, False, self.job)
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        Typist._open.append(self)
        self.shown = ""
        self._seen = 0

    @property
    def generation(self) -> int:
        """The generation that its pid file names."""
        return inner.read_generation(self.pidfile)

    def type(self, line: str) -> None:
        """Type a line, without waiting."""
        os.write(self._terminal, f"{line}\r".encode())

    def until(self, text: str) -> str:
        """Wait for what was not shown before; return all that came up to there."""
        deadline = time.monotonic() + 15
        while text not in self.shown[self._seen :]:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self._terminal], [], [], left)[0], (text, self.shown)
            self.shown += os.read(self._terminal, 65536).decode("utf-8", "replace")
        begin, self._seen = self._seen, self.shown.index(text, self._seen) + len(text)
        return self.shown[begin : self._seen]

    def ask(self, command: str) -> str:
        """Run a command at the next prompt; return all that came up to the prompt after it."""
        self.type(f"{command}; echo en''d")
        return self.until("end\r\n") + self.until("\x1b]133;B\x07")

    def leave(self) -> int:
        """Leave the shell; return its exit code."""
        self.type("exit")
        while True:
            try:
                piece = os.read(self._terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            self.shown += piece.decode("utf-8", "replace")
        return self._end()

    @classmethod
    def end_all(cls) -> None:
        """End the shells that a test left open."""
        for shell in list(cls._open):
            os.killpg(shell.pid, signal.SIGKILL)
            shell._end()

    def _end(self) -> int:
        Typist._open.remove(self)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
