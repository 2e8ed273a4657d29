"""An evidence log under load, to be killed: `python -m tests.system.evidence_under_load DIR`.

Drifts come and go without end and are proved in batches, a head after each second one.  What
happened is told on standard output, a line each, after it is durable:

    up LEAVES
    logged LEAVES
    head SIZE ROOT
"""

import sys
from importlib.resources import files
from pathlib import Path
from random import SystemRandom

import trio

from actors.escalator import SqliteTickets
from actors.evidence_log.appender import Appender, Desk
from actors.evidence_log.files import HEADS, HeadsFile, KeyFiles
from actors.evidence_log.opening import opened
from actors.evidence_log.sqlite import SqliteEvidence
from actors.journal import SqliteFacts, SqliteJournal
from actors.messages import Moment, Observation, Severity, Status
from runtime.clock import SystemClock
from runtime.hosts.sqlite import Database, open_database
from runtime.hosts.state_dir import held
from runtime.ids import TimeOrderedIds
from runtime.logs import configure_logs

SCHEMAS = {
    room: files(f"actors.{room}") / "schema" for room in ("journal", "escalator", "evidence_log")
}


async def main(state_dir: Path) -> None:
    """Live until killed."""
    with held(state_dir):
        async with open_database(state_dir / "journal.db", SCHEMAS) as database:
            clock = SystemClock()
            desk = Desk(
                "site",
                "1.0",
                database,
                SqliteEvidence(SqliteFacts()),
                KeyFiles(state_dir),
                HeadsFile(state_dir / HEADS),
                str.encode,
                clock,
            )
            appender = await opened(desk)
            assert isinstance(appender, Appender), appender
            tell("up", appender.tree.size)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(drift, database, clock)
                nursery.start_soon(prove, desk, appender)


async def drift(database: Database, clock: SystemClock) -> None:
    """Have drifts come and go."""
    ids, random = TimeOrderedIds(clock), SystemRandom()
    journal = SqliteJournal(SqliteTickets(ids, ()))
    while True:
        now = Moment.read(clock)
        status = random.choice((Status.PASS, Status.FAIL, Status.UNKNOWN))
        heard = [
            Observation(
                ids.new("obs"), "site", f"ws-{number}", "firewall_status", status, Severity.HIGH,
                now.wall, "scanner",
            )
            for number in random.sample(range(200), random.randrange(1, 30))
        ]  # fmt: skip
        await database.commit(journal.record(heard, lambda: ids.new("inc"), now))
        await trio.sleep(0.01)  # for what is owed and never proved is nothing to look at


async def prove(desk: Desk, appender: Appender) -> None:
    """Prove what is owed, and sign a head over every second batch."""
    sign = False
    while True:
        owed = await desk.store.read(desk.memory.owed(64))
        if owed.facts:
            await appender.append(owed)
            tell("logged", appender.tree.size)
            sign = not sign
        if sign and appender.has_unsigned:
            head = await appender.sign_head()
            tell("head", head.size, head.root.hex())


def tell(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  what the killer reads


if __name__ == "__main__":
    configure_logs(level="error")
    trio.run(main, Path(sys.argv[1]))
