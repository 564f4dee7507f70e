"""A job: a detached process on a server with a log. A session is a job with a PTY."""

from __future__ import annotations

from dataclasses import dataclass, field

from mnix_tui.domain.states import JobState


@dataclass(frozen=True)
class Job:
    """A job as its server describes it."""

    id: str
    kind: str
    """``session``, ``rebuild`` or ``exec``."""
    project_id: str
    state: JobState
    title: str = ""
    pty: bool = False
    started: float = 0.0
    ended: float | None = None
    exit_code: int | None = None
    """The command's exit code; ``None`` while it runs, or when nobody knows."""
    reason: str = ""
    """Why it ended, where that is not its exit code (``killed by signal 9``, ``holder died``)."""
    socket: str = ""
    """The holder's Unix socket on the server, absolute; "" once the job has ended."""
    log_size: int = 0
    active: float = 0.0
    """When it last printed something; 0 when it never did, or nobody knows."""
    name: str = ""
    """What a person called a session; "" when nobody did."""
    clients: int = 0
    """How many clients are attached to it now."""
    generation: int | None = None
    """For a rebuild: the generation that it made. For a session: the one that its shell is in."""
    cause: str = ""
    """For a rebuild: why it runs, ``rebuild`` or ``warm-up``; "" where nobody said."""
    replaced: bool = False
    """For a session: it runs in a container that another one has replaced since."""
    server: str = field(default="", compare=False)
    """Whose link told of it: clones, and one machine under two names, have the same ids. ""
    where nobody said."""

    @property
    def key(self) -> tuple[str, str]:
        """Its id, and its server's name."""
        return self.id, self.server

    @property
    def live(self) -> bool:
        """Say whether the job still runs."""
        return self.state in (JobState.STARTING, JobState.RUNNING)
