"""What the commands share: the settings, the target that was named, and how to get at it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from mnix_tui.cli import complete, output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mnix_tui.config.model import ClientConfig

Command = TypeVar("Command", bound="Callable[..., Any]")
OpenDashboard: TypeAlias = "Callable[[ClientConfig], int]"
"""Opens the dashboard and returns its exit code; given by whoever starts the command line."""


@dataclass
class Context:
    """One run of the command line."""

    project: str = ""
    """The project that was named, ``name`` or ``name@server``; "" when none was."""
    server: str = ""
    accept_host_key: bool = False
    quiet: bool = False
    """Keep stderr for the command that runs on the server."""
    open_dashboard: OpenDashboard | None = field(default=None, repr=False)
    _config: ClientConfig | None = field(default=None, repr=False)

    @property
    def config(self) -> ClientConfig:
        """The settings, loaded once; what is odd in them is said once."""
        if self._config is None:
            from mnix_tui.config.client import load

            self._config = load()
            if not self.quiet:
                for warning in self._config.warnings:
                    output.note(f"mnix: {output.visible(warning)}")
        return self._config

    @property
    def database(self) -> Path:
        """Where the store is."""
        return self.config.database_path

    def merged(
        self,
        project: str | None = None,
        server: str | None = None,
        accept_host_key: bool = False,
    ) -> Context:
        """Return the context with a command's own options over the general ones."""
        return replace(
            self,
            project=project or self.project,
            server=server or self.server,
            accept_host_key=accept_host_key or self.accept_host_key,
        )


def target_options(command: Command) -> Command:
    """Add ``--project`` and ``--server``."""
    return project_option(server_option(command))


def project_option(command: Command) -> Command:
    """Add ``--project``."""
    option = click.option(
        "--project",
        "-p",
        metavar="NAME",
        shell_complete=complete.projects,
        help="The project: name or name@server. Default: the selected one; where only files move,"
        " the one whose folder you are in.",
    )
    return option(command)


def server_option(command: Command) -> Command:
    """Add ``--server``."""
    option = click.option(
        "--server", "-s", metavar="NAME", shell_complete=complete.servers, help="The server."
    )
    return option(command)


def several_options(command: Command) -> Command:
    """Add ``--all`` and ``--tag``, which mean several projects at once."""
    every = click.option(
        "--all", "every", is_flag=True, help="All projects; with --server: all of that server."
    )
    tag = click.option(
        "--tag",
        "-t",
        metavar="TAG",
        shell_complete=complete.tags,
        help="All projects on servers with this tag.",
    )
    return every(tag(command))


def link_options(command: Command) -> Command:
    """Add ``--accept-host-key``."""
    option = click.option(
        "--accept-host-key",
        is_flag=True,
        help="Save the key of a server that was never seen before, without asking.",
    )
    return option(command)


def pass_merged(command: Callable[..., Any]) -> Callable[..., Any]:
    """Call a command with the context that its target and link options make, taken out of them."""

    @click.pass_obj
    @functools.wraps(command)
    def inner(context: Context, /, **options: Any) -> Any:
        names = ("project", "server", "accept_host_key")
        mine = {name: options.pop(name) for name in names if name in options}
        return command(context.merged(**mine), **options)

    return inner
