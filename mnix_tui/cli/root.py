"""The command tree. A command's module is imported when the command is used, or listed."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from mnix_tui import __version__
from mnix_tui.cli.context import Context, link_options, target_options

COMMANDS: dict[str, str] = {
    "ls": "ls:ls",
    "select": "select:select",
    "new": "new:new",
    "rebuild-switch": "rebuild:rebuild_switch",
    "generations": "generations:generations",
    "rollback": "generations:rollback",
    "diff": "generations:diff",
    "drift": "drift:drift",
    "start": "lifecycle:start",
    "stop": "lifecycle:stop",
    "rm": "lifecycle:rm",
    "rename": "lifecycle:rename",
    "shell": "shell:shell",
    "exec": "execute:execute",
    "sessions": "sessions:sessions",
    "logs": "logs:logs",
    "push": "transfer:push",
    "pull": "transfer:pull",
    "watch": "watch:watch",
    "conflicts": "conflicts:conflicts",
    "resolve": "conflicts:resolve",
    "trash": "trash:trash",
    "adopt": "adopt:adopt",
    "sync": "sync:sync",
    "gc": "gc:collect",
    "server": "servers:server",
    "completion": "completion:completion",
}
"""Each command with the module and the name that define it, in the order of the help."""


class Root(click.Group):
    """The group that imports its commands late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"mnix_tui.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; say which one is near if there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else " See mnix --help."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@target_options
@link_options
@click.version_option(__version__, "--version", message="mnix %(version)s")
@click.pass_context
def cli(
    ctx: click.Context, project: str | None, server: str | None, accept_host_key: bool
) -> int | None:
    """Work on Nix projects that run on your servers.

    Without a command, mnix opens its dashboard.
    """
    context: Context = (ctx.obj or Context()).merged(project, server, accept_host_key)
    ctx.obj = context
    if ctx.invoked_subcommand is not None:
        return None
    if context.open_dashboard is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(ctx.get_help())
        return 0
    config = replace(context, quiet=True).config  # the dashboard shows the warnings itself
    if accept_host_key:
        config = replace(config, accept_host_keys=True)
    return context.open_dashboard(config)
