"""``mnix completion``: the script by which a shell completes commands and names."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash: eval "$(mnix completion bash)"
    zsh:  eval "$(mnix completion zsh)"
    fish: mnix completion fish | source
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "mnix", "_MNIX_COMPLETE").source())
    return 0
