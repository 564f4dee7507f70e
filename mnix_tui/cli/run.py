"""Runs the command line: every error becomes a message on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mnix_tui.errors import EXIT_ERROR, MnixError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.cli.context import OpenDashboard

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def run(argv: Sequence[str], open_dashboard: OpenDashboard | None = None) -> int:
    """Run ``mnix`` with these arguments and return the exit code. No exception gets out.

    ``open_dashboard`` is what ``mnix`` alone does on a terminal; without it, it prints the help.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that can't show a letter still gets one
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(argv, open_dashboard)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader went away: say nothing, also not when the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(argv: Sequence[str], open_dashboard: OpenDashboard | None) -> int:
    from mnix_tui.cli.context import Context
    from mnix_tui.cli.root import cli

    try:
        if "_MNIX_COMPLETE" in os.environ:
            return int(cli.main(args=list(argv), prog_name="mnix", standalone_mode=False) or 0)
        with cli.make_context(
            "mnix", list(argv), obj=Context(open_dashboard=open_dashboard)
        ) as context:
            return int(cli.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:  # how click's completion ends
        return int(end.code or 0)
    except click.Abort:
        click.echo("Aborted.", err=True)
        return EXIT_ERROR
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MnixError as error:
        show(error)
        return error.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except BaseExceptionGroup as group:
        return _group(group)
    except Exception as error:  # the last resort: a person never sees a traceback
        return _unexpected(error)


def show(error: MnixError) -> None:
    """Write an error to stderr: what failed, why, and the next step."""
    from mnix_tui.cli.output import visible

    lines = [f"mnix: {visible(error.title)}"]
    lines += [f"  {visible(line)}" for line in error.detail.splitlines() if line.strip()]
    lines += [f"  → {visible(line)}" for line in error.hint.splitlines() if line.strip()]
    click.echo("\n".join(lines), err=True)
    if os.environ.get("MNIX_DEBUG"):
        _traceback(error)


def _group(group: BaseExceptionGroup[BaseException]) -> int:
    """Show what several tasks raised: the first error on purpose stands for all."""
    known = group.subgroup(MnixError)
    leaf: BaseException = known or group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    if isinstance(leaf, MnixError):
        show(leaf)
        return leaf.exit_code
    if isinstance(leaf, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return _unexpected(leaf)


def _unexpected(error: BaseException) -> int:
    from mnix_tui.cli.output import visible

    where = _log(error)
    text = visible(f"{type(error).__name__}: {error}")
    hint = f"the details are in {where}" if where else "set MNIX_DEBUG=1 to see the details"
    click.echo(f"mnix: Something went wrong inside mnix\n  {text}\n  → {hint}", err=True)
    if os.environ.get("MNIX_DEBUG"):
        _traceback(error)
    return EXIT_ERROR


def _traceback(error: BaseException) -> None:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True)


def _log(error: BaseException) -> str:
    """Append an unexpected error to the log; return its path, or "" if that failed too."""
    import time
    import traceback

    try:
        from mnix_tui.config import paths

        path = paths.log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S ") + " ".join(map(repr, sys.argv)) + "\n")
            file.write("".join(traceback.format_exception(error)) + "\n")
    except Exception:  # a failure to tell of a failure must not hide it
        return ""
    return str(path)
