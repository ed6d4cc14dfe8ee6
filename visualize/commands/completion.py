"""`packetpath completion`."""

from __future__ import annotations

import click

from visualize.commands.common import guarded

_SETUP = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/packetpath.fish"}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_SETUP)))
@guarded
def command(shell: str) -> None:
    """Print the shell's completion of packetpath's commands, options and files.

    \b
    Examples:
      packetpath completion bash >> ~/.bashrc
      packetpath completion zsh >> ~/.zshrc
      packetpath completion fish > ~/.config/fish/completions/packetpath.fish
    """
    from click.shell_completion import get_completion_class

    from visualize.cli import main
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "packetpath", "_PACKETPATH_COMPLETE").source())
