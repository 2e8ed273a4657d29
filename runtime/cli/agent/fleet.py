"""A fleet at play, as a person sees it: a live line, and a table at the end."""

import signal
import sys

import click
import trio

from runtime.cli.exits import Exit
from runtime.cli.output import Format, print_data, print_rows
from runtime.roles.simulate import Fleet

_COLUMNS = [
    "seconds", "hosts", "sent", "acked", "not_taken", "missing", "acks_per_s", "p50_ms", "p99_ms",
    "reconnects", "heal_commands",
]  # fmt: skip
_LINE_S = 0.5


def simulated(fleet: Fleet, output: Format) -> None:
    """Play to the end, and end the command with what came of it."""
    seconds = trio.run(_play, fleet)
    told = fleet.tally.told(seconds)
    if output is Format.TABLE:
        print_rows([told], _COLUMNS, output, none="")
        for problem, times in fleet.tally.problems.most_common():
            click.echo(f"aright: {times} times: {problem}", err=True)
    else:
        print_data(told, output)
    raise SystemExit(Exit.OK if fleet.succeeded else Exit.ERROR)


async def _play(fleet: Fleet) -> float:
    """Give the seconds that it took."""
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_on_signal, fleet, nursery.cancel_scope)
        if sys.stderr.isatty():
            nursery.start_soon(_show, fleet, began)
        await fleet.play()
        nursery.cancel_scope.cancel()
    return trio.current_time() - began


async def _stop_on_signal(fleet: Fleet, all_of_it: trio.CancelScope) -> None:
    """The first Ctrl-C waits for the last acks, the second does not."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if fleet.stopping.is_set():
                all_of_it.cancel()
            fleet.stopping.set()


async def _show(fleet: Fleet, began: float) -> None:
    try:
        while True:
            told = fleet.tally.told(trio.current_time() - began)
            line = (
                f"{told['seconds']:>7} s  {fleet.tally.connected} of {len(fleet.names)} connected"
                f"  sent {told['sent']}  acked {told['acked']}  p99 {told['p99_ms']} ms"
                f"  reconnects {told['reconnects']}"
            )
            click.echo(f"\r{line}\x1b[K", err=True, nl=False)
            await trio.sleep(_LINE_S)
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)
