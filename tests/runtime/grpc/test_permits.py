"""Permits: what peers announce takes no room, and nobody takes all of it."""

from hypothesis import given, strategies as st

from runtime.hosts.grpc.permits import Permit, Pool

CAPACITY, EACH = 100, 40


def nothing() -> None:
    """Take no note of a grant."""


def test_room_is_granted_at_once_while_there_is_some() -> None:
    granted: list[str] = []
    pool = Pool(CAPACITY, EACH)

    pool.ask(Permit("a", "house-a", 40, lambda: granted.append("a")))

    assert granted == ["a"]
    assert pool.used == 40


def test_one_connection_never_holds_more_than_its_share() -> None:
    pool = Pool(CAPACITY, EACH)
    first, second = Permit("a", "house-a", 30, nothing), Permit("a", "house-a", 30, nothing)
    pool.ask(first)
    pool.ask(second)
    assert not second.granted

    pool.give_back(first)

    assert second.granted


def test_who_is_gone_as_it_is_granted_takes_neither_room_nor_turn() -> None:
    pool = Pool(EACH, EACH)
    first = Permit("a", "house-a", EACH, nothing)
    gone = Permit("b", "house-b", EACH, lambda: pool.give_back(gone))
    last = Permit("c", "house-c", EACH, nothing)
    for permit in (first, gone, last):
        pool.ask(permit)

    pool.give_back(first)

    assert last.granted
    assert pool.used == EACH
    pool.give_back(last)
    assert pool.used == 0


def test_others_do_not_wait_behind_one_that_has_its_share() -> None:
    pool = Pool(CAPACITY, EACH)
    for _ in range(2):
        pool.ask(Permit("a", "house-a", 30, nothing))

    other = Permit("b", "house-b", 30, nothing)
    pool.ask(other)

    assert other.granted


def test_all_connections_of_one_house_hold_half_at_most() -> None:
    pool = Pool(CAPACITY, EACH)
    permits = [Permit(str(number), "house", 25, nothing) for number in range(3)]
    for permit in permits:
        pool.ask(permit)

    assert [permit.granted for permit in permits] == [True, True, False]


def test_a_permit_that_was_given_up_while_it_waited_is_never_granted() -> None:
    pool = Pool(CAPACITY, EACH)
    held, waiting = Permit("a", "house-a", 40, nothing), Permit("a", "house-a", 1, nothing)
    pool.ask(held)
    pool.ask(waiting)

    pool.give_back(waiting)
    pool.give_back(held)

    assert not waiting.granted
    assert pool.used == 0


@given(
    moves=st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(1, EACH), st.booleans()), max_size=60
    )
)
def test_what_is_granted_never_exceeds_the_pool_and_all_comes_back(
    moves: list[tuple[str, int, bool]],
) -> None:
    pool, asked = Pool(CAPACITY, EACH), list[Permit]()
    for owner, size, gives_back in moves:
        if gives_back and asked:
            pool.give_back(asked.pop(0))
        else:
            asked.append(permit := Permit(owner, f"house-{owner in 'ab'}", size, nothing))
            pool.ask(permit)
        granted = [permit for permit in asked if permit.granted]
        assert pool.used == sum(permit.size for permit in granted) <= CAPACITY
        for each in "abcd":
            assert sum(permit.size for permit in granted if permit.owner == each) <= EACH

    while asked:  # whoever holds something gives it back at last, and so everybody had a turn
        held = next(permit for permit in asked if permit.granted)
        asked.remove(held)
        pool.give_back(held)
    assert pool.used == 0
