"""A whole decision of the planner without its model: question, ledger, gate, records, on disk.

The model answers at once, in memory; the file is a real one, with `synchronous=FULL`.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import attrs
import structlog
import trio

from actors.catalogue.runbooks import Runbook
from actors.escalator import SqliteTickets
from actors.journal import SqliteJournal
from actors.l2_planner import (
    Budgets,
    Chain,
    ChatCompletions,
    ClosedCatalogue,
    L2PlannerActor,
    PlannerSettings,
    Price,
    Prompt,
    Provider,
    SitePolicy,
    SqlitePlans,
    catalogue_of,
    drift_text_of,
    prompt_for,
)
from actors.messages import (
    Fact,
    FixProposed,
    Mode,
    Moment,
    Move,
    Observation,
    PlanWanted,
    Severity,
    State,
    Status,
)
from runtime.allowance import Allowance
from runtime.clock import SystemClock
from runtime.destination import Destination
from runtime.hosts.http_client import Reply
from runtime.hosts.sqlite import open_database
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.outbound import Outbound
from runtime.roles.line import SCHEMAS
from runtime.scrub import Scrubber

MODELS: Mapping[str, Price] = {
    "gpt-4o": Price.of_dollars(2.50, 10.00),
    "gpt-4o-mini": Price.of_dollars(0.15, 0.60),
    "claude-haiku-4-5": Price.of_dollars(1.00, 5.00),
}
BYTES_PER_TOKEN = 3
"""Of such text; four are usual for English, JSON has fewer."""
ANSWER_TOKENS = 80
_MOST = 10**12


class AtOnce:
    """A model that answers what it is asked about with the first runbook, at once."""

    async def request(
        self, _method: str, _url: str, _headers: object, body: bytes, _max_reply: int
    ) -> Reply:
        """Answer."""
        await trio.lowlevel.checkpoint()
        schema = json.loads(body)["response_format"]["json_schema"]["schema"]
        chosen = schema["properties"]["runbook_id"]["anyOf"][0]["enum"][0]
        said = {
            "runbook_id": chosen, "params": {}, "confidence": 0.9,
            "requires_human_review": False, "reasoning": "It fits the check.",
        }  # fmt: skip
        choice = {"message": {"content": json.dumps(said)}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 600, "completion_tokens": 60}
        return Reply(200, {}, json.dumps({"choices": [choice], "usage": usage}).encode())


@attrs.frozen
class Figures:
    """Milliseconds, sorted, and bytes of the questions."""

    decisions: Sequence[float]
    """By the wall."""
    processor: Sequence[float]
    """Of all threads: the same decisions without waiting for the disk, and for other programs."""
    commits: Sequence[float]
    """One durable commit of this disk, as a floor: a decision has two."""
    sizes: Sequence[int]


def measured(runbooks: Sequence[Runbook], count: int) -> Figures:
    """Make so many decisions."""
    return trio.run(_measured, runbooks, count)


async def _measured(runbooks: Sequence[Runbook], count: int) -> Figures:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    clock, random = SystemClock(), Random(7)
    ids, gate = TimeOrderedIds(clock), Mailbox[FixProposed]("gate", capacity=count)
    tickets, plans = SqliteTickets(ids, ()), SqlitePlans()
    journal, sizes = SqliteJournal(tickets), list[int]()
    offered = catalogue_of(runbooks, SitePolicy())
    scrubber = Scrubber(b"the key of a site")
    door = Outbound(
        AtOnce(), frozenset({Destination("https", "a", 443)}), clock, random, Allowance(_MOST)
    )
    provider = Provider(
        "a", "m", ChatCompletions("https://a/v1", "m", 300), Price(1, 1, 1), 300, door
    )
    budgets = Budgets(_MOST, _MOST, _MOST, _MOST, _MOST, _MOST)
    settings = PlannerSettings(mode=Mode.AUTO, budgets=budgets, answers_s=0.0)

    def prompt(observation: Observation, offered: ClosedCatalogue, came_back: bool) -> Prompt:
        text = drift_text_of(observation)
        asked = prompt_for(text, offered, f"{random.getrandbits(128):032x}", scrubber,
                           came_back=came_back)  # fmt: skip
        sizes.append(sum(len(part.body) for part in (asked.system, asked.user, asked.schema)))
        return asked

    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "journal.db", SCHEMAS) as store:
            chain = Chain([provider], 30.0, budgets, store, plans, clock, ids, random)
            actor = L2PlannerActor(
                gate.post, chain, lambda: offered, prompt, settings, store, plans, journal,
                tickets, clock, ids,
            )  # fmt: skip
            kinds = itertools.cycle((each, check) for each in runbooks for check in each.checks)
            decisions, processor, commits = list[float](), list[float](), list[float]()
            for number, (runbook, check) in zip(range(count), kinds, strict=False):
                observation = Observation(
                    ids.new("obs"), "clinic", f"ws-{number}", check, Status.FAIL, Severity.HIGH,
                    clock.now(), "agent", runbook.platform, expected="yes", actual="no such file",
                    details={"path": "/etc/issue.net", "mode": "0644"},
                )  # fmt: skip
                now = Moment.read(clock)
                [[kept]] = await store.commit(
                    journal.record([observation], lambda: ids.new("inc"), now)
                )
                assert kept.opened is not None
                move = Move(State.DECIDING, (State.OBSERVED,), Fact("no_rule_matched"))
                begun = time.perf_counter()
                [incident] = await store.commit(journal.move(kept.opened.id, move, now))
                commits.append((time.perf_counter() - begun) * 1000)
                begun, cpu = time.perf_counter(), time.process_time()
                await actor.handle(PlanWanted(incident, observation))
                decisions.append((time.perf_counter() - begun) * 1000)
                processor.append((time.process_time() - cpu) * 1000)
    return Figures(sorted(decisions), sorted(processor), sorted(commits), sorted(sizes))


def costs(sizes: Sequence[int]) -> Mapping[str, float]:
    """Give the dollars of a decision with the middle question, by model."""
    tokens = sizes[len(sizes) // 2] // BYTES_PER_TOKEN
    return {name: price.worst(tokens, ANSWER_TOKENS) / 1e6 for name, price in MODELS.items()}
