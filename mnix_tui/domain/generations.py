"""Generations: the numbered environments of a project, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """How many packages differ from the generation before, and by how many bytes."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    bytes: int = 0
    """How much larger the closure is; negative when it is smaller."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.bytes)


@dataclass(frozen=True)
class Generation:
    """A numbered environment that a project can go back to."""

    number: int
    created: float
    """Seconds since the epoch."""
    cause: str = ""
    """Why it was made: ``rebuild``, ``warm-up``…"""
    store_path: str = ""
    current: bool = False
    """Whether it is the one that new shells get."""
    duration: float | None = None
    """Seconds that its rebuild took; ``None`` where nobody noted it."""
    size: int | None = None
    """Bytes of its whole closure."""
    paths: int | None = None
    """How many store paths its closure has."""
    changes: Changes | None = None
    """Compared with the one before; ``None`` for the first, or where it is unknown."""
    kept: bool = True
    """Whether its packages are protected; without that they may be collected, or are gone."""
    job: str = ""
    """The id of the rebuild that made it."""


@dataclass(frozen=True)
class PackageChange:
    """A package that two generations have differently."""

    name: str
    before: tuple[str, ...] = ()
    """Its versions in the older one; none for a package that was added."""
    after: tuple[str, ...] = ()
    """Its versions in the newer one; none for a package that was removed."""
    bytes: int = 0
    """How much larger it became; negative when it became smaller."""


@dataclass(frozen=True)
class GenerationDiff:
    """What differs between the closures of two generations."""

    a: int
    b: int
    added: tuple[PackageChange, ...] = ()
    removed: tuple[PackageChange, ...] = ()
    changed: tuple[PackageChange, ...] = ()
    bytes: int = 0
    """How much larger b's closure is than a's."""
    sizes: tuple[int, int] = (0, 0)
    """Bytes of both closures."""
    more: int = 0
    """Packages that were left out of the lists."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.more)


@dataclass(frozen=True)
class Collected:
    """What a garbage collection freed."""

    paths: int
    bytes: int
