"""`aright evidence verify`."""

from pathlib import Path
from typing import NoReturn

import attrs
import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.reasons import why_unsigned
from runtime.cli.settings import settings

_FILE = click.Path(path_type=Path, dir_okay=False)
_LARGEST = 1 << 32
"""Bytes of a kit: what one ZIP holds."""
_EXITS = {
    "verified": Exit.OK,
    "mismatch": Exit.UNVERIFIED,
    "unusable": Exit.ERROR,
    "pending": Exit.PENDING,
    "unchecked": Exit.UNCHECKED,
}


@click.command()
@click.argument("kit", required=False, type=_FILE)
@click.option(
    "--key", help="The site's key, not from the kit: its fingerprint, or a file with that or it."
)
@click.option("--headers", type=_FILE, help="Bitcoin headers of your own, as JSON by height.")
@output_option
def command(*, kit: Path | None, key: str | None, headers: Path | None, output: Format) -> None:
    """Verify a kit that `export` wrote, offline; or, without KIT, the log of this appliance.

    \b
    Of a kit it ends with
       0  verified: each statement is signed, logged and, where the site anchors, anchored
       6  mismatch: something is not what was signed, logged or anchored
       1  unusable: this is no kit
      11  pending: all holds so far; an anchor is on its way
      12  unchecked: all holds so far; the key, or the header of a block, was not at hand

    The log of this appliance is computed anew: leaves, tree, heads, signatures and keys.  That ends
    with 6 where something is not as it was signed.
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its lines
    if kit is not None:
        _kit(kit, key, headers, output)
    if key is not None or headers is not None:
        end(Exit.USAGE, "--key and --headers are for a kit: name it")
    _log(output)


def _kit(kit: Path, key: str | None, headers: Path | None, output: Format) -> NoReturn:
    from runtime.cli.tlog_files import is_file, raw
    from runtime.roles.evidence_kit import judged_kit
    from runtime.roles.kit_words import lines

    with explained():
        named = raw(Path(key)).decode(errors="replace") if key and is_file(key) else key
        verdict = judged_kit(raw(kit, _LARGEST), named, None if headers is None else raw(headers))
    if output is Format.TABLE:
        for line in lines(verdict, key_named=key is not None):
            click.echo(line)
    else:
        print_data(verdict.data, output)
    raise SystemExit(_EXITS[verdict.outcome])


def _log(output: Format) -> None:
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
