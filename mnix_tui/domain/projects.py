"""A project: a workspace on a server, its environment, and what runs in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mnix_tui.domain.drift import Drift
from mnix_tui.domain.states import ProjectState
from mnix_tui.domain.sync import SyncSummary

Inputs = tuple[tuple[str, str], ...]
"""What an environment is made from: the files' names (``flake.nix``…), each with its digest."""


@dataclass(frozen=True)
class Project:
    """What the store knows of a project: the map from a local folder to a server's project."""

    name: str
    server: str
    remote_id: str = ""
    """The id on the server; "" for one that was adopted from an older mnix and not rebuilt yet."""
    folder: str = ""
    """The local folder that is pushed, absolute; "" when there is none."""
    flake: str = "flake.nix"
    """The flake's path below the folder, with forward slashes."""
    in_place: bool = False
    """A project on ``local`` that uses its folder itself: nothing is pushed."""
    legacy_workspace: str = ""
    """Where an older mnix kept the workspace on the server; its files are taken over."""

    @property
    def ref(self) -> str:
        """The unambiguous name, ``project@server``."""
        return f"{self.name}@{self.server}"

    @property
    def key(self) -> tuple[str, str]:
        """Its id, and its server's name: clones of a machine have the same ids."""
        return self.remote_id, self.server


@dataclass(frozen=True)
class ProjectStatus:
    """What a server said of a project, and when."""

    state: ProjectState = ProjectState.UNKNOWN
    isolation: str = ""
    """``container`` or ``host``; "" while unknown."""
    generation: int | None = None
    """The generation that runs; ``None``: no environment was built yet."""
    detail: str = ""
    sessions: int = 0
    pushed: float | None = None
    """When files last arrived, seconds since the epoch."""
    seen: float | None = None
    """When this was observed, seconds since the epoch."""
    workspace_inputs: Inputs = ()
    """The inputs as they lie on the server now; empty while unknown."""
    generation_inputs: Inputs = ()
    """The inputs as the generation that runs was built from them; empty while unknown."""
    warm: bool = False
    """Whether a shell opens without any evaluation."""
    store: str = ""
    """Where its packages lie: ``volume``, ``private``, ``daemon`` or ``host``; "" while unknown."""


@dataclass(frozen=True)
class ProjectView:
    """A project with what is known of it: the row that ``mnix ls`` and the fleet tree show."""

    project: Project
    status: ProjectStatus = field(default_factory=ProjectStatus)
    drift: Drift = field(default_factory=Drift)
    """Which inputs differ between the local folder, the server and what runs."""
    sync: SyncSummary = field(default_factory=SyncSummary)
    """How the local folder stands to the workspace, as the last transfer found it."""
