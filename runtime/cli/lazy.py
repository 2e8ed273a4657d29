"""A group whose commands are imported when they are asked for: `--help` names them all at once."""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

import click
from typing_extensions import override


class LazyGroup(click.Group):
    """Knows its commands by name and one line of help; a module of that name has `command`."""

    def __init__(
        self, *args: Any, package: str = "", lazy: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:  # Any: click's own arguments, passed on
        super().__init__(*args, **kwargs)
        self.package, self.lazy = package, lazy or {}

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module = importlib.import_module(f"{self.package}.{cmd_name}")
        command: click.Command = module.command
        return command

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.lazy and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.lazy, n=1)
            meant = f"  Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.lazy:
            with formatter.section("Commands"):
                formatter.write_dl(list(self.lazy.items()))
