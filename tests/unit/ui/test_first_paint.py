"""What the first paint waits for is only what it shows."""

import subprocess
import sys

LATER = (
    "asyncssh",
    "mnix_tui.actions",
    "mnix_tui.domain.generations",
    "mnix_tui.nixlog",
    "mnix_tui.terminal",
    "mnix_tui.ui.build_news",
    "mnix_tui.ui.dialogs",
    "mnix_tui.ui.panes.build",
    "mnix_tui.ui.panes.job",
    "pyghostty",
)


def test_what_is_shown_later_is_not_loaded_before_the_first_paint() -> None:
    code = "import sys, mnix_tui.ui.app, mnix_tui.ui.workbench.live; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = done.stdout.split()
    early = [name for name in loaded for later in LATER if f"{name}.".startswith(f"{later}.")]
    assert early == []
