"""`aright evidence verify`."""

import attrs
import click

from runtime.cli.exits import Exit, explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.reasons import why_unsigned
from runtime.cli.settings import settings


@click.command()
@output_option
def command(*, output: Format) -> None:
    """Compute the whole log of this appliance anew: leaves, tree, heads, signatures and keys.

    Ends with 6 where something is not as it was signed.
    """
    from runtime.roles.evidence_recheck import rechecked

    with explained():
        result = rechecked(settings().state_path)
    if output is not Format.TABLE:
        print_data(attrs.asdict(result), output)
    else:
        click.echo(
            f"{result.leaves} leaves, {result.purged} of them purged, {result.heads} heads:"
            f" {'all as it was signed' if not result.problems else 'NOT as it was signed'}"
        )
        for each in result.problems:
            click.echo(f"log {each.log}, {each.place}: {why_unsigned(each.reason)}")
    if result.problems:
        raise SystemExit(Exit.UNVERIFIED)
