"""How fast the embedded terminal takes floods, beside tmux, and how soon it answers keys in them.

Only the widget, with a shell on a local PTY inside: what a session and its link cost is measured by
`python -m tests.bench shells`.

    python -m tests.bench.bench_terminal_flood [NAME-OF-A-FLOOD…]
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
if __name__ == "__main__" and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.bench_shells import (  # noqa: E402 - found only once ROOT is on the path
    ANSWERING,
    COLS,
    ROWS,
    answers,
    cat,
    tmux_pane,
)
from tests.bench.bench_terminal_echo import environment, widget  # noqa: E402
from tests.bench.floods import FLOODS, MIB  # noqa: E402
from tests.bench.measure import Report, Sample  # noqa: E402
from tests.bench.ptys import OnPty, on_pty  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

REPEATS = 3
ANSWERED = ("plain log", "unique true colours")
"""The floods that scroll, so that an answer in the first line stays there; small letters are the
answers, so there may be none."""


@contextlib.contextmanager
def widget_pane() -> Iterator[OnPty]:
    """Give the widget alone, with a shell of COLS × ROWS in it."""
    with on_pty(widget(["bash", "--norc"]), environment(), COLS, ROWS) as program:
        program.until(b"bash", 20)
        program.quiet(0.5)
        yield program


def run(report: Report, names: list[str]) -> None:
    """Measure the floods, and print them."""
    with tempfile.TemporaryDirectory(prefix="mnix-floods-") as folder:
        script = Path(folder, "answering.py")
        script.write_text(ANSWERING)
        report.title(f"The widget, {COLS}×{ROWS}")
        for name in names:
            make, size, target = FLOODS[name]
            path = Path(folder, name.replace(" ", "-"))
            path.write_bytes(make(size))
            with widget_pane() as ours, tmux_pane() as theirs:
                pairs = [
                    (cat(theirs, str(path)), cat(ours, str(path))) for _ in range(REPEATS + 1)
                ][1:]
            peer, mine = (Sample(tuple(column)) for column in zip(*pairs, strict=True))
            note = f"{size / mine.p50 / MIB:.0f} MiB/s, tmux {size / peer.p50 / MIB:.0f}"
            report.least(f"speed of tmux's: {name}", peer.p50 / mine.p50, target, note)
            if name not in ANSWERED:
                continue
            text = make(4 * MIB)
            path.write_bytes(text.upper() if b"\x1b" not in text else text)
            with widget_pane() as ours:
                keys = answers(ours, str(script), str(path))
            note = f"p50 {keys.p50 * 1e3:.1f} ms"
            report.value(f"{name}: keys answered, p99", keys.p99 * 1e3, "ms", 50, note)


if __name__ == "__main__":
    run(Report(), sys.argv[1:] or list(FLOODS))
