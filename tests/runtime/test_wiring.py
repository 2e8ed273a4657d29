"""The wiring check: what is refused, by name, before the first message."""

import pytest
from hypothesis import given, strategies as st

from runtime.actor import actor, service
from runtime.mailbox import Coalesce, Full, Mailbox
from runtime.supervisor import check_wiring
from runtime.wiring import Edge, WiringError, check_cycles, knots


class Sink:
    async def handle(self, message: int) -> None:
        """Do nothing."""


async def idle() -> None:
    """Do nothing."""


def edge(sender: str, reader: str, *, blocks: bool = True) -> Edge:
    return Edge(sender, f"to_{reader}", reader, blocks)


def test_a_line_of_actors_is_accepted() -> None:
    first, second = Mailbox[int]("first", capacity=1), Mailbox[int]("second", capacity=1)

    edges = check_wiring(
        service("source", idle, sends=[first], ingress=True),
        actor("a", reads=first, make=Sink, sends=[second]),
        actor("b", reads=second, make=Sink),
    )

    assert [(e.sender, e.reader) for e in edges] == [("source", "a"), ("a", "b")]


def test_a_cycle_of_blocking_mailboxes_is_refused_by_name() -> None:
    left, right = Mailbox[int]("left", capacity=1), Mailbox[int]("right", capacity=1)

    with pytest.raises(WiringError, match=r"a -\[right\]-> b -\[left\]-> a"):
        check_wiring(
            actor("a", reads=left, make=Sink, sends=[right]),
            actor("b", reads=right, make=Sink, sends=[left]),
        )


def test_an_actor_that_may_wait_for_itself_is_refused() -> None:
    own = Mailbox[int]("own", capacity=1)

    with pytest.raises(WiringError, match=r"a -\[own\]-> a"):
        check_wiring(actor("a", reads=own, make=Sink, sends=[own]))


@pytest.mark.parametrize(
    "feedback",
    [
        Mailbox[int]("feedback", capacity=1, full=Full.LATEST),
        Mailbox[int]("feedback", capacity=1, full=Full.REFUSE),
        Mailbox[int]("feedback", capacity=1, weak=True),
    ],
    ids=["latest", "refuse", "weak"],
)
def test_a_cycle_closed_by_a_mailbox_that_cannot_block_is_accepted(feedback: Mailbox[int]) -> None:
    onward = Mailbox[int]("onward", capacity=1)

    check_wiring(
        actor("a", reads=feedback, make=Sink, sends=[onward]),
        actor("b", reads=onward, make=Sink, sends=[feedback]),
    )


def test_a_mailbox_that_coalesces_may_still_block() -> None:
    own = Mailbox[int]("own", capacity=4, full=Coalesce[int](key=lambda number: number % 10))

    with pytest.raises(WiringError, match="cycle"):
        check_wiring(actor("a", reads=own, make=Sink, sends=[own]))


def test_a_mailbox_that_nobody_reads_is_refused() -> None:
    lost = Mailbox[int]("lost", capacity=1)

    with pytest.raises(WiringError, match="source sends to lost, which nobody reads"):
        check_wiring(service("source", idle, sends=[lost]))


def test_two_readers_of_one_mailbox_are_refused() -> None:
    shared = Mailbox[int]("shared", capacity=1)

    with pytest.raises(WiringError, match="two actors read shared"):
        check_wiring(actor("a", reads=shared, make=Sink), actor("b", reads=shared, make=Sink))


def test_two_actors_of_one_name_are_refused() -> None:
    with pytest.raises(WiringError, match="two actors are named a"):
        check_wiring(service("a", idle), service("a", idle))


def test_two_mailboxes_of_one_name_are_refused() -> None:
    one, other = Mailbox[int]("box", capacity=1), Mailbox[int]("box", capacity=1)

    with pytest.raises(WiringError, match="two mailboxes are named box"):
        check_wiring(actor("a", reads=one, make=Sink, sends=[other]))


_names = st.sampled_from("abcdef")
_edges = st.lists(st.builds(edge, _names, _names, blocks=st.booleans()), max_size=15)


@given(edges=_edges)
def test_what_is_accepted_can_be_put_in_an_order_in_which_nobody_waits_backwards(
    edges: list[Edge],
) -> None:
    try:
        check_cycles(edges)
    except WiringError:
        accepted = False
    else:
        accepted = True

    # Taking away whoever waits for nobody, again and again, leaves exactly the cycles.
    left = [e for e in edges if e.blocks]
    while free := {e.reader for e in left} - {e.sender for e in left}:
        left = [e for e in left if e.reader not in free]
    assert accepted == (not left)


@given(edges=_edges)
def test_a_knot_holds_exactly_those_that_reach_each_other(edges: list[Edge]) -> None:
    reaches = {(e.sender, e.reader) for e in edges}
    for via in "abcdef":
        reaches |= {
            (a, b)
            for a in "abcdef"
            for b in "abcdef"
            if (a, via) in reaches and (via, b) in reaches
        }

    knot_of = {name: knot for knot in knots("abcdef", edges) for name in knot}

    for a in "abcdef":
        for b in "abcdef":
            tied = a == b or {(a, b), (b, a)} <= reaches
            assert (knot_of[a] is knot_of[b]) == tied
