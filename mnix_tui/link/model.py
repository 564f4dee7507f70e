"""What a link is made of: options, questions, channels and events. No I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mnix_tui.domain.audit import Ran
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import ServerStatus


@dataclass(frozen=True)
class HostKeyQuestion:
    """A host key that nobody has seen yet: is it the right one?"""

    server: str
    host: str
    """As known_hosts names it: ``host`` or ``[host]:port``."""
    key_type: str
    fingerprint: str
    """``SHA256:…``, as ``ssh-keygen -l`` prints it."""
    randomart: str = ""
    others: tuple[str, ...] = ()
    """Fingerprints of keys of other kinds that are known for this host."""
    hint: str = ""


@dataclass(frozen=True)
class SecretQuestion:
    """What only a person can answer while logging in. All texts are cleaned and bounded."""

    server: str
    kind: str
    """``passphrase``, ``password``, ``codes``, ``new-password`` or ``confirm``."""
    about: str
    """The key file, or ``user@host``."""
    prompts: tuple[tuple[str, bool], ...]
    """Each one a text and whether the answer may be seen; as many answers are expected. For
    ``confirm`` there are none, and any answer (``()``) says yes."""
    instructions: str = ""
    """What the server says about it, "" for nothing."""
    attempt: int = 1
    """2 or more: the answer before was wrong."""
    jump: str = ""
    """The jump host that asks; "" for the server itself."""


AskSecret = Callable[[SecretQuestion], Awaitable["tuple[str, ...] | None"]]
"""Has a person answer; ``None`` when they would rather not."""


@dataclass(frozen=True)
class Stage:
    """A step of connecting that begins now."""

    server: str
    key: str
    """``config``, ``resolve``, ``connect``, ``hostkey`` or ``login``; ``python`` and ``agent``."""
    said: str = ""
    """``via HOST`` for a jump host's."""


@dataclass(frozen=True)
class LinkOptions:
    """How to connect; the same for every server of a client."""

    ask_host_key: Callable[[HostKeyQuestion], Awaitable[bool]] | None = None
    """Asks a person about an unknown host key; ``None`` refuses it (``HostKeyUnknown``)."""
    ask_secret: AskSecret | None = None
    """Asks a person for passphrases, passwords and codes; ``None``: only what needs nobody."""
    may_ask: Callable[[str], bool] | None = None
    """Says of a server whether somebody wants it: another's login asks nothing (``LoginWaits``)."""
    stage: Callable[[Stage], None] | None = None
    """Hears of each step of connecting when it begins."""
    audit: Callable[[Ran], None] | None = None
    """Takes a record of each thing that was done on a server; never waits, never raises."""
    accept_host_keys: bool = False
    """Save unknown host keys without asking; changed ones are refused all the same."""
    connect_timeout: float = 15.0
    """Seconds for each step: reaching the server, logging in, the agent's answer."""
    keepalive_interval: float = 5.0
    """Seconds between questions to a silent server; 0 asks none."""
    keepalive_count: int = 3
    """Unanswered questions after which the server counts as gone."""
    idle_timeout: float = 60.0
    """Seconds after which a connection beside the main one is closed if nothing runs over it."""
    linger: float = 600.0
    """Seconds for which a fleet stays connected to a server that nobody uses any more."""
    forward_agent: bool = False
    """Let the server use the keys of this machine's SSH agent."""
    dialler: float = 0.0
    """Seconds for which a process stays ready to dial for the next commands; 0: none does."""
    remote_binary: str = ""
    """An agent that is installed on the servers; "" delivers our own."""
    deliver_otherwise: bool = False
    """Deliver our own agent where ``remote_binary`` is missing or of another version. ``local``
    uses our own then in any case."""


class Channel(Protocol):
    """A stream of bytes in both directions."""

    async def read(self, limit: int = 65536) -> bytes:
        """Return what came, at most ``limit`` bytes; ``b""`` at the end. May be cancelled."""

    async def readable(self) -> bool:
        """Wait until ``read`` would not wait, and return true; false after a ``poke``."""

    def poke(self) -> None:
        """Have ``readable`` return now: something else happened that its caller has to see."""

    def calm(self) -> None:
        """Take that what comes now is live: from here on it shall not delay others."""

    async def write(self, data: bytes) -> None:
        """Send ``data``; wait while the peer is slow. Raise ``LinkLost`` when it has gone."""

    def send(self, data: bytes) -> None:
        """Send ``data`` without waiting: for what is small or bounded elsewhere, like keys."""

    async def write_eof(self) -> None:
        """Say that nothing more will be written."""

    async def close(self) -> None:
        """End the stream, now; a second call does nothing."""


class CommandChannel(Channel, Protocol):
    """A program that runs on the server, with its stdin, stdout and stderr."""

    @property
    def hello(self) -> dict[str, Any]:
        """The object that came with the preface; empty when none was asked for."""

    async def read_stderr(self, limit: int = 65536) -> bytes:
        """Return what came on stderr; ``b""`` at the end."""

    async def wait(self) -> int:
        """Wait for the end and return the exit code, 128 + N for signal N.

        Raise ``LinkLost`` when nobody knows the exit code: that is never success.
        """


@dataclass(frozen=True)
class StatusChanged:
    """The link to a server came up, went down or was refused."""

    status: ServerStatus


@dataclass(frozen=True)
class StateSnapshot:
    """All that a server has: its projects (ProjectInfo objects of the protocol) and jobs."""

    projects: tuple[dict[str, Any], ...]
    jobs: tuple[Job, ...]
    seen: float
    """When this was observed, seconds since the epoch."""


@dataclass(frozen=True)
class Usage:
    """What a project's container uses."""

    cpu: float
    """Cores: 1.5 is one and a half."""
    memory: int
    memory_limit: int | None = None
    """``None`` where nothing limits it."""


@dataclass(frozen=True)
class Stats:
    """How busy a server is; ``None`` where it could not be measured."""

    load1: float | None = None
    cpus: int | None = None
    memory_total: int | None = None
    """Bytes, as all sizes here."""
    memory_available: int | None = None
    disk_total: int | None = None
    disk_free: int | None = None
    seen: float = 0.0
    store: int | None = None
    """What is in the stores that the projects there use, measured now and then."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """What each project's container uses, by the project's id; only those that run."""

    @property
    def load(self) -> float | None:
        """The load of one minute as a share of all processors, 1.0 when all are busy."""
        return None if self.load1 is None or not self.cpus else self.load1 / self.cpus


@dataclass(frozen=True)
class Silence:
    """The server gives no sign of life, told once a second; with 0 seconds: it speaks again."""

    seconds: float


@dataclass(frozen=True)
class Connected:
    """The connection is there again, so streams can go on; the agent may still be starting."""


@dataclass(frozen=True)
class Trying:
    """The link is down: ``attempt`` attempts failed since it was up."""

    attempt: int
    next_try: float | None
    """When it is tried again, seconds since the epoch; ``None``: when the user says so. In the
    past: it is being tried."""
    reason: str


LinkEvent = StatusChanged | StateSnapshot | Stats | Silence | Connected | Trying
"""What a link tells its subscribers."""
