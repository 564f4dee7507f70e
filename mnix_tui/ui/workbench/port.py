"""The one port between the screens and everything else: what they show, and what they can ask for.

The screens never see a link, a store or a path on a server. ``live`` does it for real, ``memory``
keeps a whole fleet in memory: for the pictures, and for looking at every state without a server.
Each method raises ``MnixError`` with a title, what happened and the next step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from mnix_tui.ui.workbench.server_port import AskHostKey, AskSecret, ServersBench
from mnix_tui.ui.workbench.sync_port import FilesBench

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from mnix_tui.domain.drift_report import DriftReport
    from mnix_tui.domain.generations import Collected, Generation, GenerationDiff
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.errors import MnixError
    from mnix_tui.fleet import BuildWatch, FleetSnapshot
    from mnix_tui.nixlog import Line
    from mnix_tui.sessions import AttachEvent

__all__ = [
    "AskHostKey",
    "AskSecret",
    "NewProject",
    "Progress",
    "RebuildOptions",
    "SessionStream",
    "Workbench",
]

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and of how much (``None``: unknown)."""


@dataclass(frozen=True)
class NewProject:
    """What the dialog for a new project was filled in with."""

    name: str
    server: str
    folder: Path | None
    """``None``: the server clones its files from ``git``."""
    flake: str | None
    isolation: str | None
    """``container``, ``host``, or ``None`` for what mnix.toml says."""
    copy: bool = False
    """On ``local``: work in a copy instead of in the folder itself."""
    warm_up: bool | None = None
    """Build its environment at once; ``None``: as the settings say."""
    git: str = ""
    """Where the server clones the files from; "" when they are in ``folder``."""
    ref: str = ""
    """The branch, tag or commit to clone; "" for the one that the repository names itself."""
    forward_agent: bool = False
    """Let the server use the SSH agent here while it clones."""


@dataclass(frozen=True)
class RebuildOptions:
    """What counts for one rebuild only; mnix.toml says what lasts."""

    dev_shell: str | None = None
    override_inputs: Mapping[str, str] = field(default_factory=dict)
    """A flake reference for an input's name."""
    impure: bool = False


class SessionStream(Protocol):
    """A session's bytes, as ``mnix_tui.sessions.Attachment`` gives them: resumed, never lost."""

    async def __aenter__(self) -> Self:
        """Attach."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Detach; the session goes on."""

    def __aiter__(self) -> AsyncIterator[AttachEvent]:
        """Give what happens, until the session has ended."""

    def write(self, data: bytes) -> None:
        """Type ``data``; never waits. Raises ``InputFull`` when too much waits already."""

    async def write_all(self, data: bytes) -> None:
        """Type ``data``, however long it is, at the pace at which it is taken."""

    @property
    def waiting(self) -> int:
        """The bytes of input that the server has not confirmed yet."""

    def retry_now(self) -> None:
        """Don't wait for the next attempt to reach the server."""

    def resize(self, cols: int, rows: int) -> None:
        """Tell the size of this screen."""

    def lead(self) -> None:
        """Take the lead: this screen's size, this screen's answers."""

    def pace(self, on: bool) -> None:
        """Say whether somebody keeps this screen open: the program doesn't run ahead of it then."""

    def catch_up(self) -> None:
        """Go on with the newest output, if this screen is far behind."""


class Workbench(FilesBench, ServersBench, Protocol):
    """What the screens work with."""

    def snapshot(self) -> FleetSnapshot:
        """Return what is known now: from the store at first, then as servers report."""

    def subscribe(self, callback: Callable[[FleetSnapshot], None]) -> Callable[[], None]:
        """Call back on every change, at most ten times a second; return what ends that."""

    def hello(self, server: str) -> Mapping[str, Any]:
        """Return what the server's agent said of itself; empty while it was never reached."""

    async def info(self, server: str) -> Mapping[str, Any]:
        """Ask a server for its engine, nix, disk and memory (``server.info``)."""

    async def latency(self, server: str) -> float:
        """Return how long one question to the server takes, in seconds."""

    def trouble(self, server: str) -> MnixError | None:
        """Return why a server is not connected, with all details; ``None`` while it is."""

    def setting(self, key: str) -> str:
        """Return what was kept under ``key``, also by an earlier dashboard; "" for nothing."""

    def keep_setting(self, key: str, value: str) -> None:
        """Keep a small text under ``key``, soon and in the background; never waits."""

    async def new_project(self, new: NewProject, progress: Progress) -> Project:
        """Make a project and push its files; what fails leaves nothing behind."""

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> Job:
        """Push the files and start the build, which goes on by itself."""

    async def start(self, project: Project) -> None:
        """Start a stopped project."""

    async def stop(self, project: Project) -> None:
        """Stop a project; its shells end."""

    async def rename(self, project: Project, name: str) -> None:
        """Give a project another name."""

    async def remove(self, project: Project) -> None:
        """Remove a project from its server, and forget it."""

    async def rollback(self, project: Project, generation: int | None) -> None:
        """Switch to an earlier generation; ``None`` is the one before."""

    async def generations(self, project: Project) -> list[Generation]:
        """Return the project's generations, newest first."""

    async def diff(self, project: Project, a: int, b: int) -> GenerationDiff:
        """Compare the packages of two generations."""

    async def drift(self, project: Project) -> DriftReport:
        """Compare the flake here, on the server and in the generation that runs, to read."""

    async def gc(self, project: Project) -> Collected:
        """Collect what nothing needs in the store that a project uses."""

    async def jobs(self, project: Project) -> list[Job]:
        """Return all the project's jobs that the server still has, newest first."""

    async def open_shell(self, project: Project, *, cols: int, rows: int) -> Job:
        """Open a shell in the project's environment; it goes on without us."""

    async def rename_session(self, project: Project, job: Job, name: str) -> Job:
        """Give a session a name that no other live one of its project has; "" takes it away."""

    async def kill(self, project: Project, job: Job) -> Job:
        """End a job, politely first."""

    def log(self, project: Project, job: Job) -> AsyncIterator[bytes]:
        """Give a job's whole log and then, while it runs, what follows."""

    def watch_build(self, project: Project, job: Job) -> BuildWatch:
        """Return a rebuild's tree and last lines, as they go on or as they were; one for all."""

    def build_log(self, project: Project, job: Job, node: str) -> AsyncIterator[list[Line]]:
        """Read all lines of one node of a rebuild again, or of everything (""), a few at a time."""

    def attach(self, project: Project, job: Job, *, cols: int, rows: int) -> SessionStream:
        """Return a session's stream; it attaches when it is entered."""

    def find_flakes(self, folder: Path) -> list[str]:
        """Return the flakes below a folder, as relative paths, the likeliest first."""
