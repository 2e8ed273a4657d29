"""Tiles: what a tree of a size has, how they grow, and going on after a stop."""

import pytest
from hypothesis import given, settings, strategies as st

from actors.evidence_log.tlog.tiles import TileTree, edge_of, subtrees_in, tile_path, tiles_of
from runtime.errors import EvidenceFormatError
from tests.actors.evidence_log.trees import MemoryLog


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (2, 1234067, 256, "tile/2/x001/x234/067"),
        (1, 1000, 17, "tile/1/x001/000.p/17"),
    ],
)
def test_a_tile_stands_where_other_programs_look_for_it(
    level: int, index: int, width: int, path: str
) -> None:
    assert tile_path(level, index, width) == path


def test_entries_stand_beside_the_tiles() -> None:
    assert tile_path("entries", 273, 112) == "tile/entries/273.p/112"


def test_seventy_thousand_leaves_have_the_tiles_that_the_form_counts() -> None:
    tiles = list(tiles_of(70_000))

    assert [tile for tile in tiles if tile[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert sum(level == 0 and width == 256 for level, _, width in tiles) == 273
    assert sum(level == 1 and width == 256 for level, _, width in tiles) == 1


def test_a_full_tile_stands_alone_below_a_partial_one_with_its_root() -> None:
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert edge_of(256) == [(0, 1, 0), (1, 0, 1)]
    assert list(tiles_of(0)) == edge_of(0) == []


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_a_log_has_the_same_tiles_in_whatever_batches_it_grew(steps: list[int]) -> None:
    grown = MemoryLog()
    for step in steps:
        first = len(grown.entries)
        grown.append([b"entry %d" % number for number in range(first, first + step)])
        assert grown.tree.root() == grown.root(grown.tree.size)

    whole = MemoryLog.of(sum(steps))

    assert grown.tiles == whole.tiles
    expected = {(level, index): width * 32 for level, index, width in tiles_of(sum(steps))}
    assert {name: len(data) for name, data in grown.tiles.items()} == expected


@settings(max_examples=40, deadline=None)
@given(size=st.integers(0, 1200), more=st.integers(1, 300))
def test_a_log_goes_on_after_a_stop_as_if_there_had_been_none(size: int, more: int) -> None:
    whole, stopped = MemoryLog.of(size + more), MemoryLog.of(size)

    resumed = MemoryLog(stopped.entries, TileTree.resumed(size, stopped.tile), stopped.tiles)
    resumed.append(whole.entries[size:])

    assert resumed.tiles == whole.tiles
    assert resumed.tree.root() == whole.tree.root()


def test_only_the_tiles_that_changed_are_kept_anew() -> None:
    log = MemoryLog.of(70_000)

    (tile,) = log.tree.append([b"\x07" * 32])

    assert (tile.path, tile.width) == ("tile/0/273.p/113", 113)


def test_an_older_tree_is_proved_from_the_tiles_of_a_newer_one() -> None:
    log = MemoryLog.of(1000)
    older = MemoryLog.of(300)
    assert log.root(300) == older.root(300)
    assert log.inclusion(7, 300) == older.inclusion(7, 300)


def test_a_tile_that_lost_hashes_is_refused_by_name() -> None:
    log = MemoryLog.of(300)
    log.tiles[0, 1] = log.tiles[0, 1][:-32]

    with pytest.raises(EvidenceFormatError, match=r"tile/0/001\.p/44 lacks"):
        TileTree.resumed(300, log.tile)
    with pytest.raises(EvidenceFormatError, match="tile/0/001 lacks"):
        subtrees_in(log.tile)(0, 299)


def test_a_leaf_whose_hash_is_none_is_no_leaf() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 5"):
        TileTree().append([b"leaf!"])
