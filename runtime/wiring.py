"""The wiring as a graph: who sends to whom, checked before the first message.  Pure.

Nodes are the names of actors, an edge is a mailbox that one sends to and the other reads.
"""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from runtime.errors import ArightError


class WiringError(ArightError):
    """The actors do not fit together; the process does not start."""


@attrs.frozen
class Edge:
    """A mailbox between two actors."""

    sender: str
    mailbox: str
    reader: str
    blocks: bool
    """Whether the sender may have to wait without end."""


@attrs.frozen
class Node:
    """An actor, the mailbox it reads and those it sends to; `blocking` are those that may block."""

    name: str
    reads: str | None
    sends: Sequence[str]


def edges_of(nodes: Sequence[Node], blocking: Mapping[str, bool]) -> list[Edge]:
    """Join senders and readers.  `blocking` says of each mailbox whether it may block.

    Raises:
        WiringError: two actors have one name or read one mailbox, or a mailbox has no reader.
    """
    _refuse_twins("actors are named", [node.name for node in nodes])
    _refuse_twins("actors read", [node.reads for node in nodes if node.reads is not None])
    reader_of = {node.reads: node.name for node in nodes if node.reads is not None}
    for node in nodes:
        for mailbox in node.sends:
            if mailbox not in reader_of:
                raise WiringError(f"{node.name} sends to {mailbox}, which nobody reads")
    return [
        Edge(node.name, mailbox, reader_of[mailbox], blocking[mailbox])
        for node in nodes
        for mailbox in node.sends
    ]


def check_cycles(edges: Sequence[Edge]) -> None:
    """See to it that full mailboxes cannot stop their actors for good.

    Raises:
        WiringError: a cycle is made only of mailboxes that block; the message names it.
    """
    blocking = [edge for edge in edges if edge.blocks]
    for edge in blocking:
        path = _path(blocking, start=edge.reader, goal=edge.sender)
        if path is not None:
            cycle = [edge, *path]
            steps = " ".join(f"-[{step.mailbox}]-> {step.reader}" for step in cycle)
            raise WiringError(
                f"a cycle of blocking mailboxes: {edge.sender} {steps}; one of them must be"
                " LATEST, REFUSE or weak"
            )


def knots(names: Sequence[str], edges: Sequence[Edge]) -> list[frozenset[str]]:
    """Gather the actors into knots: those that reach each other, and each other one alone."""
    reach = {name: _reachable(edges, name) for name in names}
    found: dict[str, frozenset[str]] = {}
    for name in names:
        knot = frozenset({name} | {other for other in reach[name] if name in reach[other]})
        found.setdefault(min(knot), knot)
    return list(found.values())


def _reachable(edges: Sequence[Edge], start: str) -> frozenset[str]:
    reached: dict[str, None] = {}
    ahead = [start]
    while ahead:
        name = ahead.pop()
        fresh = [e.reader for e in edges if e.sender == name and e.reader not in reached]
        reached.update(dict.fromkeys(fresh))
        ahead.extend(fresh)
    return frozenset(reached)


def _path(edges: Sequence[Edge], *, start: str, goal: str) -> list[Edge] | None:
    """Find a shortest way, breadth first; the empty way when it starts at its goal."""
    ways: dict[str, list[Edge]] = {start: []}
    ahead = [start]
    for name in ahead:
        for edge in edges:
            if edge.sender == name and edge.reader not in ways:
                ways[edge.reader] = [*ways[name], edge]
                ahead.append(edge.reader)
    return ways.get(goal)


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise WiringError(f"two {what} {name}")
        seen.add(name)
