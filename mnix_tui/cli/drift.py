"""``mnix drift``: how the flake here, the one on the server and the one that runs differ."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnix_tui.cli import output, own_terminal, target
from mnix_tui.cli.context import link_options, pass_merged, target_options

if TYPE_CHECKING:
    from mnix_tui.cli.context import Context
    from mnix_tui.domain.drift_report import DriftReport, FileDrift

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


@click.command(short_help="Show what a push would send, and a rebuild would build.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something differs.")
@target_options
@link_options
@pass_merged
def drift(context: Context, as_json: bool, exit_code: bool) -> int:
    """Compare flake.nix, flake.lock and mnix.toml: here, on the server, and as they were built.

    The exit code is 0 whether something differs or not; with --exit-code it is 1 when something
    does, as with git diff.
    """
    from mnix_tui.actions.comparing import drift as compare
    from mnix_tui.cli import connect

    chosen = target.project(context)

    async def work() -> tuple[DriftReport, bool]:
        async with connect.linked(context, chosen.server) as (store, link):
            report = await compare(store, link, chosen.project)
            info = await link.agent.project(chosen.project.remote_id)
            return report, info.get("generation") is not None

    report, built = connect.run(work())
    if as_json:
        output.print_json(asdict(report))
    else:
        name = output.visible(chosen.project.name)
        again = f"mnix rebuild-switch{target.naming(context.database, chosen.project)}"
        _print(report.unpushed, f"{name}: not sent yet", f"{again} sends and builds it")
        _print(report.unbuilt, f"{name}: on the server, not built", f"{again} builds it")
        if not built:
            click.echo(f"{name} has no environment yet: {again} builds the first")
        elif not report:
            click.echo(f"{name}: what runs is what is here")
    return 1 if exit_code and report else 0


def _print(files: tuple[FileDrift, ...], title: str, hint: str) -> None:
    if not files:
        return
    click.echo(f"{title}: {', '.join(each.name for each in files)}  → {hint}")
    for each in files:
        for line in each.inputs:
            click.echo(f"  {each.name}: {output.visible(line)}")
        for line in each.diff:
            click.echo(f"  {_coloured(output.visible(line.expandtabs()))}")
        if each.more:
            click.echo(f"  … and {each.more} lines more")


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1], "") if own_terminal.colours() else ""
    return f"{colour}{line}\x1b[m" if colour else line
