"""The command line's entry: the group, whose commands are the files of `visualize/commands/`, loaded when they are asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

from visualize import commands

VERSION = "0.1.0"
_SHARED = ("common",)  # modules of that folder that are no command


class Folder(click.Group):
    """A group whose commands are the modules of a package; each holds its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """By name."""
        return sorted(module.name.replace("_", "-") for module in iter_modules(commands.__path__) if module.name not in _SHARED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The module's `command`; None for a name without a file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found = import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}").command
        assert isinstance(found, click.Command)
        return found


@click.command(cls=Folder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="packetpath")
def main() -> None:
    """Where did this packet go, which rule did it, and what did NAT turn it into?

    SNAPSHOT is what collect.sh made on the host, a sosreport, or whatever else was sent: a tarball (gz, xz, bz2, zst), a zip file, a
    directory, or one file.

    \b
    Example: packetpath flows samples/default-bridge/snapshot.tar.gz
    More:    packetpath COMMAND --help

    \b
    Exit codes: 0 done; 1 done, but something asked for is missing or different;
    2 usage; 3 the input can't be used.
    """


if __name__ == "__main__":
    main()
