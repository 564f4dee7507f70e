"""What an isolation must be able to do: the port that containers and the bare host implement."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol

if TYPE_CHECKING:
    from server_agent.core.projects import Box, Project
    from server_agent.protocol.mnixtoml import Settings

Say = Callable[[str], None]
"""Takes one line for whoever watches: what is being done, or a warning."""

EngineInfo = dict[str, Any]
"""``kind``, ``version``, ``rootless``."""


class Isolation(Protocol):
    """What is around a project: a container, or nothing. All methods raise ``AgentError``.

    Codes: ``no-engine`` (it does not work here), ``no-image``, ``exists`` (a name is taken),
    ``refused`` (the server's configuration forbids it), ``error``.
    """

    kind: str

    def probe(self) -> EngineInfo:
        """Say what runs containers here; raise ``no-engine`` when nothing does."""
        ...

    def ensure(self, project: Project, settings: Settings, say: Say, *, pull: bool = True) -> Box:
        """Return a running box with these settings: the project's own, or a new one beside it.

        ``pull=False``: only with what is there already, since somebody waits for the answer.
        """
        ...

    def adopt(self, project: Project, box: Box) -> None:
        """Make ``box`` the project's own. The old one stays until its last session ended."""
        ...

    def discard(self, box: Box) -> None:
        """Remove a box that did not become the project's."""
        ...

    def start(self, project: Project) -> None:
        """Start the project's box, if it does not run."""
        ...

    def stop(self, project: Project) -> None:
        """End everything that runs in the project's boxes."""
        ...

    def remove(self, project: Project) -> None:
        """Remove the project's boxes and what only they need."""
        ...

    def unroot(self, project: Project, volume: str, numbers: list[int]) -> None:
        """Let go of generations in a store that the project used before; raises ``OSError``."""
        ...

    def rename(self, project: Project, name: str) -> None:
        """Give the project's box the name that goes with a new name of the project."""
        ...

    def states(self, projects: list[Project]) -> dict[str, str]:
        """Return ``running``, ``stopped`` or ``missing`` by project id, at one look."""
        ...

    def sweep(self, project: Project, in_use: Callable[[str], bool]) -> None:
        """Remove boxes that were replaced and in which nothing runs any more."""
        ...

    def places(self, project: Project) -> tuple[str, str, str]:
        """Return workspace, environment and run folders as they are seen from inside."""
        ...

    def argv(
        self,
        project: Project,
        inner: list[str],
        *,
        tty: bool = False,
        stdin: bool = True,
        cwd: str = "",
        env: Optional[dict[str, str]] = None,
    ) -> list[str]:
        """Return the argv that runs ``inner`` inside. Its exit code is the command's."""
        ...

    def owns(self, project: Project, box: str) -> bool:
        """Say whether a box is one of the project's: its own, a replaced one, or a new one."""
        ...

    def end(self, project: Project, pidfile: str, signal: int) -> bool:
        """Signal the whole session of a pid file (0: only look); return whether it still lives."""
        ...

    def ours(self, projects: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return this user's boxes with their projects' ids, and volumes with their places.

        Of boxes also those whose project is gone; of volumes the shared ones and ``projects``'.
        """
        ...

    def clear(self, containers: Collection[str], volumes: Collection[str]) -> list[str]:
        """Remove boxes and volumes; return why some stay."""
        ...

    def delete(self, path: str) -> None:
        """Remove a tree, also when the box made files in it that its user may not touch."""
        ...

    def as_owner(self, argv: list[str]) -> Optional[list[str]]:
        """Return the argv that runs a program with power over the box's files, if there is one."""
        ...
