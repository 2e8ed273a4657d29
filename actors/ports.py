"""What rooms write in one commit with each other: ports, given by one room, wired by the role.

A stop and its ticket, a verdict and the breaker that counts it, stand in one transaction or not
at all.  So the giving room's store offers a `Write`, and the deciding room puts it into its commit.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.messages import (
    Decision,
    Fact,
    Incident,
    Intent,
    Jump,
    Moment,
    Move,
    Observation,
    Status,
    Stop,
    Verdict,
)
from actors.messages.evidence import (
    Head,
    Log,
    Logged,
    OwedFact,
    ProofKind,
    SigningKey,
)
from actors.messages.healing import HealOrder, HealReport
from runtime.errors import ArightError, ConflictError
from runtime.store import Query, Write


class StaleMoveError(ConflictError):
    """The incident is no longer where the mover believed it to be; somebody else moved it."""


class IllegalMoveError(ConflictError):
    """The table of states does not know such a transition: a programming error."""


class Incidents(Protocol):
    """Given by the journal: the only way to change an incident."""

    def move(self, incident_id: str, move: Move, at: Moment) -> Write[Incident]:
        """Append the fact, change the state, give the incident as it then is.

        The write raises StaleMoveError, IllegalMoveError, or NotFoundError.
        """
        ...

    def decide_again(
        self, incident_id: str, decision: Decision | None, fact: Fact, due: Moment, at: Moment
    ) -> Write[Incident]:
        """Replace the decision of an incident that is `deciding`, with the fact that says why.

        None leaves the decision as it is.  The incident is due anew.
        The write raises StaleMoveError when it is not `deciding`, or NotFoundError.
        """
        ...

    def note(self, incident_id: str, fact: Fact, at: Moment) -> Write[None]:
        """Append a line to the trace; the state stays."""
        ...

    def get(self, incident_id: str) -> Query[Incident | None]:
        """Look an incident up."""
        ...

    def observation(self, observation_id: str) -> Query[Observation]:
        """Look an observation up; raises NotFoundError."""
        ...


class Tickets(Protocol):
    """Given by the escalator: what people are told."""

    def open(self, stop: Stop, at: Moment) -> Write[str]:
        """Open a ticket, or add to the open one of the same kind and key; give its id."""
        ...

    def settle(self, incident_ids: Sequence[str], at: Moment) -> Write[None]:
        """Incidents are closed: resolve each ticket that is about no other unsettled one."""
        ...


class Accounts(Protocol):
    """Given by the circuit breaker and the flap suppressor: what they must know of every fix."""

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        """Count a verdict, once however often it is told.  Gives the stops it causes."""
        ...


class Coverage(Protocol):
    """Given by the coverage room: what was observed, and so what was not."""

    def heard(self, observations: Sequence[Observation], jumps: Sequence[Jump]) -> Write[None]:
        """Count in what is kept in the same commit; `observations` are new, no repeats.

        `jumps` are those whose numbers do not follow on those heard before, in their order.
        """
        ...

    def settled(self) -> None:
        """Say that the last batch that was counted in is durable.

        What it taught is then known by heart; untold, the next batch asks the file again.
        """
        ...


class Intents(Protocol):
    """Given by the journal: what the runner is about to do, is doing, has done."""

    def plan(self, intent: Intent, at: Moment) -> Write[None]:
        """Keep an intent as `planned`."""
        ...

    def start(self, intent_id: str, pre_state: str, at: Moment) -> Write[None]:
        """Mark it `started`, with what undo needs; durable before the act begins."""
        ...

    def runs_until(self, intent_id: str, deadline: Moment, at: Moment) -> Write[None]:
        """Set until when what was begun may still be running; durable before it begins."""
        ...

    def retry(self, intent_id: str, at: Moment) -> Write[None]:
        """Mark that its one retry is used; durable before the runbook acts again."""
        ...

    def finish(self, intent_id: str, verdict: Verdict, at: Moment) -> Write[None]:
        """Mark it `finished` with its verdict."""
        ...

    def unfinished(self, incident_id: str | None = None) -> Query[Sequence[Intent]]:
        """List intents that are planned or started, of one incident or of all."""
        ...


class Answers(Protocol):
    """Given by the journal: what hosts answered last."""

    def last_status(self, site: str, host: str, check: str) -> Query[Status | None]:
        """Give the last answer of a host to a check; None where there was none."""
        ...


class Facts(Protocol):
    """Given by the journal: what happened, in its order, for whoever proves it.

    The trace is the list of what is owed: a line stands in the commit of what it tells.
    """

    def facts_after(self, line: int, limit: int) -> Query[Sequence[OwedFact]]:
        """List what follows a line of all traces, by its number."""
        ...


class Proofs(Protocol):
    """Given by the evidence log: what must be proved beside the journal's own facts."""

    def owe(  # noqa: PLR0913  # a fact with where it belongs
        self,
        proves: ProofKind,
        fact: Fact,
        at: Moment,
        *,
        site: str,
        host: str = "",
        check: str = "",
    ) -> Write[None]:
        """Owe a statement, in the commit of the fact itself."""
        ...

    def proved(self) -> Query[int]:
        """Give up to which line of all traces everything is proved: it may be forgotten."""
        ...


class Heads(Protocol):
    """Given by the evidence log: the heads that were signed, for whoever anchors or witnesses."""

    def logs(self) -> Query[Sequence[Log]]:
        """List the site's logs, the one that is being written last."""
        ...

    def keys(self) -> Query[Sequence[SigningKey]]:
        """List the keys that signed, the one that signs last."""
        ...

    def last_head(self, log: int | None = None) -> Query[Head | None]:
        """Give the newest head of a log; None: of the last log."""
        ...

    def head(self, log: int, size: int) -> Query[Head | None]:
        """Look a signed head up."""
        ...

    def head_over(self, log: int, leaf: int) -> Query[Head | None]:
        """Give the first head that a leaf is under; None where none was signed yet."""
        ...

    def heads_after(self, log: int, size: int, limit: int = 1000) -> Query[Sequence[Head]]:
        """List the heads of a log that are larger than `size`, smallest first."""
        ...

    def consistency(self, log: int, old: int, new: int) -> Query[Sequence[bytes]]:
        """Prove that the log of `old` leaves is the beginning of that of `new`; RFC 9162.

        Raises NotFoundError where the log is not that long.
        """
        ...


class EvidenceReads(Heads, Protocol):
    """Given by the evidence log: its statements, and the proofs that they stand in it."""

    def statements(  # noqa: PLR0913  # what one may ask for
        self,
        *,
        incident_id: str = "",
        host: str = "",
        control: str = "",
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        before: tuple[int, int] | None = None,
        limit: int | None = None,
    ) -> Query[Sequence[Logged]]:
        """List statements in the order of the log; with a `limit` the newest of them.

        Args:
            incident_id: of this incident alone.
            host: of this host alone.
            control: whose check stands for this control; purged ones are left out.
            since: that happened then or later.
            until: that happened earlier.
            before: log and leaf; only what stands before it.
            limit: how many at most.
        """
        ...

    def statement(self, log: int, leaf: int) -> Query[Logged]:
        """Look a statement up; raises NotFoundError."""
        ...

    def leaves(self, log: int, first: int, limit: int) -> Query[Sequence[Logged]]:
        """List the statements of a log from a leaf on, in its order, at most `limit`."""
        ...

    def inclusion(self, log: int, leaf: int, size: int) -> Query[Sequence[bytes]]:
        """Prove that a leaf stands in the log of `size` leaves; RFC 9162.

        Raises NotFoundError where the log has no such leaf, or is not that long.
        """
        ...


class AgentExecutor(Protocol):
    """Given by the drift receiver: heals on the hosts of agents."""

    @property
    def interval_s(self) -> float:
        """Give the seconds that an agent takes from one look to the next."""
        ...

    def reaches(self, host: str) -> Query[bool]:
        """Say whether the agent of a host may be given orders."""
        ...

    async def heal(self, order: HealOrder) -> HealReport:
        """Have an agent heal; returns when it has confirmed.  The caller's scope has the deadline.

        Raises StoreError when the order could not be kept; nobody was given it then.
        """
        ...

    async def next_answer(self, host: str, check: str) -> bool:
        """Wait until an event of a check of a host is durable; give whether it passed."""
        ...


@attrs.frozen
class Issued:
    """A certificate, and what an agent needs to use it; all of it PEM."""

    ca_pem: bytes
    certificate_pem: bytes
    key_pem: bytes = b""
    """Empty where the device made its own key."""


class EnrolmentRefusedError(ArightError):
    """A certificate is not issued; `reason` is a code in snake_case."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason, self.problem = reason, problem


class Certificates(Protocol):
    """Given by the site CA: identities for agents that call Register."""

    async def issue(
        self,
        *,
        host: str,
        agent_id: str,
        address: str,
        certificate: bytes | None,
        csr_pem: bytes = b"",
    ) -> Issued:
        """Issue a certificate for the agent of a host.

        Args:
            host: whose agent calls; with `certificate` it must be the host named there.
            agent_id: as it registered.
            address: where the call comes from.
            certificate: DER, as the connection showed it: then this is a renewal.  None needs an
                open enrolment window, which counts it in the same commit.
            csr_pem: of a device that made its own key: 24 hours.  Without it the key is made here
                and the certificate is for 90 days, as agents in the field expect.

        Raises:
            EnrolmentRefusedError: it is not issued, and why.
            StoreError: it could not be kept, so it was not issued.
        """
        ...
