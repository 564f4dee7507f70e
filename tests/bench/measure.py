"""Timing, and the table that the benchmarks print."""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Sample:
    """Repeated timings of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """The 99th percentile; of few timings, the largest."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def timed(action: Callable[[], object]) -> float:
    """Return how long ``action`` took, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(*actions: Callable[[], object], repeats: int, warm: int = 1) -> tuple[Sample, ...]:
    """Time the actions turn by turn, so that a noisy machine is noisy for all of them."""
    for _ in range(warm):
        for action in actions:
            action()
    rounds = [[timed(action) for action in actions] for _ in range(repeats)]
    return tuple(Sample(tuple(column)) for column in zip(*rounds, strict=True))


def command(
    argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | None = None
) -> Callable[[], object]:
    """Return an action that runs ``argv`` to its end; it must succeed, or the benchmark fails."""

    def run() -> None:
        done = subprocess.run(
            list(argv), env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {said}")

    return run


@dataclass
class Report:
    """The rows printed so far; a row that misses its target is marked, never hidden."""

    missed: list[str] = field(default_factory=list)

    def title(self, text: str) -> None:
        """Print a heading."""
        print(f"\n{text}", flush=True)

    def ratio(self, what: str, ours: Sample, peer: str, theirs: Sample, target: float) -> None:
        """Print our median, the peer's, and their ratio against the target."""
        value = ours.p50 / theirs.p50
        self._row(
            what,
            f"{ours.p50 * 1e3:9.1f} ms",
            f"{peer} {theirs.p50 * 1e3:.1f} ms",
            f"ratio {value:5.2f}",
            f"≤ {target}",
            value <= target,
        )

    def value(self, what: str, value: float, unit: str, target: float, note: str = "") -> None:
        """Print one measured value against its target."""
        shown = f"{value:9.2f} {unit}"
        self._row(what, shown, note, "", f"≤ {target} {unit}", value <= target)

    def least(self, what: str, value: float, target: float, note: str = "") -> None:
        """Print a ratio that should be no less than its target."""
        self._row(what, f"{value:9.2f}", note, "", f"≥ {target}", value >= target)

    def _row(self, what: str, ours: str, peer: str, ratio: str, target: str, met: bool) -> None:
        mark = "ok" if met else "MISSED"
        if not met:
            self.missed.append(what)
        print(f"  {what:44} {ours:>13}  {peer:34} {ratio:12} {target:12} {mark}", flush=True)
