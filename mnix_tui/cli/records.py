"""The log of what this command does on servers: opened when first asked for, written at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.cli.context import Context
    from mnix_tui.domain.audit import Ran
    from mnix_tui.store.audit import AuditLog

_KEY = "mnix.audit"


def recorder(context: Context) -> Callable[[Ran], None] | None:
    """Return what takes this run's records; ``None`` where no command runs that could write them.

    One log serves all links of a run. It is closed, and so written, with the outermost command.
    """
    running = click.get_current_context(silent=True)
    if running is None:
        return None
    root = running.find_root()
    log: AuditLog | None = root.meta.get(_KEY)
    if log is None:
        from mnix_tui.store.audit import AuditLog

        log = root.meta[_KEY] = AuditLog(context.database)
        root.call_on_close(lambda: _close(log))
    return log


def _close(log: AuditLog) -> None:
    log.close()
    if log.trouble is not None:
        from mnix_tui.cli import output

        output.note(f"mnix: not all of this is in the log: {output.visible(str(log.trouble))}")
