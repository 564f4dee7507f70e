"""The agent's methods, typed: one Python method for each method of the control channel."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.text import plain
from mnix_tui.errors import RemoteError
from mnix_tui.link import wire
from mnix_tui.link.checked import count, objects

if TYPE_CHECKING:
    from mnix_tui.domain.generations import Collected, Generation, GenerationDiff
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.sync import Trashed
    from mnix_tui.link.model import StateSnapshot

Info = dict[str, Any]
"""A JSON object of the protocol (ProjectInfo and so on)."""

Texts = dict[str, str | None]
"""The texts of files by their names; ``None`` for one that is missing."""

QUICK = 30.0
"""Seconds after which a question that needs no work counts as unanswered."""

Request = Callable[[str, dict[str, Any], float | None], Awaitable[Any]]
"""Sends a request: method, parameters, seconds to wait (``None``: as long as it takes)."""


class AgentClient:
    """Asks one server's agent.

    Raises ``Busy``, ``NotFound``, ``AlreadyExists`` or ``RemoteError`` for what the agent
    answers, and ``LinkLost`` when the answer will never come (the request may have been done).
    """

    def __init__(self, request: Request, server: str = "") -> None:
        self._send = request
        self._server = server

    async def request(self, method: str, timeout: float | None = None, **params: Any) -> Any:
        """Send any request and return its result."""
        return await self._send(method, params, timeout)

    async def info(self) -> Info:
        """Return what the server is and has: engine, nix, disk, memory."""
        return await self._object("server.info")

    async def state(self) -> StateSnapshot:
        """Return all projects and the live jobs."""
        return wire.snapshot(await self._object("state.get"), time.time(), self._server)

    async def subscribe(self) -> None:
        """Ask for ``state`` and ``stats`` events."""
        await self._object("subscribe")

    async def create_project(
        self,
        name: str,
        *,
        isolation: str | None = None,
        flake: str = "flake.nix",
        in_place: str | None = None,
        legacy_workspace: str | None = None,
    ) -> Info:
        """Make a project without a container yet; ``isolation`` ``None`` means a container."""
        made = await self._work(
            "project.create",
            name=name,
            isolation=isolation,
            flake=flake,
            in_place=in_place,
            legacy_workspace=legacy_workspace,
        )
        if not (info := wire.project(made))["id"]:  # without one nobody finds it again
            raise RemoteError("The agent described a project badly", plain(made), code="protocol")
        return info

    async def project(self, project: str) -> Info:
        """Return one project by its id."""
        return await self._object("project.get", project=project)

    async def start(self, project: str) -> Info:
        """Start a project's container."""
        return await self._work("project.start", project=project)

    async def stop(self, project: str) -> Info:
        """Stop a project's container, and what runs in it."""
        return await self._work("project.stop", project=project)

    async def remove(self, project: str) -> None:
        """Remove a project with its files on the server."""
        await self._work("project.remove", project=project)

    async def rename(self, project: str, name: str) -> Info:
        """Give a project another name."""
        return await self._work("project.rename", project=project, name=name)

    async def rebuild(
        self,
        project: str,
        flake: str | None = None,
        *,
        dev_shell: str | None = None,
        override_inputs: Mapping[str, str] | None = None,
        impure: bool = False,
        cause: str = "",
    ) -> Job:
        """Start to build a project's environment; the job goes on without us.

        ``flake`` is another one from now on; ``dev_shell``, ``override_inputs`` and ``impure``
        count for this rebuild only. ``cause`` is ``rebuild`` or ``warm-up``.
        """
        options: Info = {
            "dev_shell": dev_shell,
            "override_inputs": dict(override_inputs or {}),
            "impure": impure,
            "cause": cause,
        }
        given = {name: value for name, value in options.items() if value}
        return self._job(await self._work("project.rebuild", project=project, flake=flake, **given))

    async def rollback(self, project: str, generation: int | None = None) -> Info:
        """Switch to an older generation; ``None``: the one before."""
        return await self._work("project.rollback", project=project, generation=generation)

    async def generations(self, project: str) -> list[Generation]:
        """Return the generations of a project's environment, newest first."""
        from mnix_tui.link import wire_generations  # what starts needs none of it

        found = await self._object("generation.list", project=project)
        return wire_generations.generations(found)

    async def diff(self, project: str, a: int, b: int) -> GenerationDiff:
        """Compare the packages of two generations."""
        from mnix_tui.link import wire_generations

        found = await self._work("generation.diff", project=project, a=a, b=b)
        return wire_generations.diff(found, a, b)

    async def gc(self, project: str) -> Collected:
        """Collect what nothing needs in the store that a project uses."""
        from mnix_tui.link import wire_generations

        return wire_generations.collected(await self._work("store.gc", project=project))

    async def flake(self, project: str) -> tuple[Texts, Texts]:
        """Return the flake's files: of the workspace, and as the running generation had them.

        Each maps the names of ``domain.drift.FILES`` to texts, or to ``None`` for a missing file;
        it is empty where nothing is known of them.
        """
        found = await self._object("project.flake", project=project)
        return wire.flake_texts(found, "workspace"), wire.flake_texts(found, "generation")

    async def trash(
        self, project: str, trashed: str = "", paths: list[str] | None = None
    ) -> list[Trashed]:
        """Return what transfers replaced or deleted in a workspace, newest first.

        ``trashed`` is an id or how it begins; with ``paths`` only what is there or below them.
        """
        found = await self._object(
            "trash.list", project=project, id=trashed or None, paths=paths or None
        )
        return wire.trashed(found)

    async def restore(self, project: str, trashed: str, paths: list[str]) -> int:
        """Bring paths back that went to the trash; return how many files it were.

        Without an id it is the newest copy of each path, without paths all that has the id.
        """
        found = await self._work(
            "trash.restore", project=project, id=trashed or None, paths=paths or None
        )
        return count(found.get("restored")) or 0

    async def file(self, project: str, path: str) -> Info:
        """Return a file of the workspace: its text (``None``: it is none), size and state."""
        return await self._object("project.file", project=project, path=path)

    async def open_session(
        self,
        project: str,
        *,
        cols: int,
        rows: int,
        name: str | None = None,
        argv: list[str] | None = None,
        bare: bool = False,
        term: str = "xterm-256color",
        piped: bool = False,
    ) -> Job:
        """Start a shell, or ``argv``, on a PTY that outlives the connection.

        ``piped``: its stdin is no terminal, but what a client that says so sends.
        """
        return self._job(
            await self._work(
                "session.open",
                project=project,
                cols=cols,
                rows=rows,
                name=name,
                argv=argv,
                bare=bare,
                term=term,
                piped=piped or None,
            )
        )

    async def rename_session(self, session: str, name: str) -> Job:
        """Give a session another name; "" takes it away."""
        return self._job(await self._object("session.rename", job=session, name=name))

    async def start_job(
        self, project: str, argv: list[str], *, bare: bool = False, title: str = ""
    ) -> Job:
        """Start a detached command."""
        return self._job(
            await self._work("job.start", project=project, argv=argv, bare=bare, title=title)
        )

    async def jobs(self, project: str | None = None, kind: str | None = None) -> list[Job]:
        """Return the jobs of a project, or all, the newest first; ended ones too."""
        found = await self._object("job.list", project=project, kind=kind)
        return [self._job(item) for item in objects(found.get("jobs"), wire.MAX_JOBS)]

    async def job(self, job: str) -> Job:
        """Return one job by its id."""
        return self._job(await self._object("job.get", job=job))

    async def kill(self, job: str, grace: float = 5) -> Job:
        """End a job: TERM, then KILL after ``grace`` seconds."""
        return self._job(await self._work("job.kill", job=job, grace=grace))

    def _job(self, told: Any) -> Job:
        return wire.job(told, self._server)

    async def _object(self, method: str, **params: Any) -> Info:
        return _an_object(method, await self._send(method, params, QUICK))

    async def _work(self, method: str, **params: Any) -> Info:
        return _an_object(method, await self._send(method, params, None))


def _an_object(method: str, answer: Any) -> Info:
    if not isinstance(answer, dict):
        said = f"{method}: {plain(answer, 80)}"
        raise RemoteError("The agent's answer makes no sense", said, code="protocol")
    return answer
