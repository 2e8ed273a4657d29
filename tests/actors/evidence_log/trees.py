"""Logs in memory for tests: leaves, tiles and what can be asked of them."""

import attrs

from actors.evidence_log.tlog.hashing import leaf_hash
from actors.evidence_log.tlog.making import make_consistency, make_inclusion, root_of
from actors.evidence_log.tlog.tiles import TileTree, subtrees_in


@attrs.define
class MemoryLog:
    """Entries and the tiles over them."""

    entries: list[bytes] = attrs.field(factory=list[bytes])
    tree: TileTree = attrs.field(factory=TileTree)
    tiles: dict[tuple[int, int], bytes] = attrs.field(factory=dict[tuple[int, int], bytes])

    @classmethod
    def of(cls, size: int) -> "MemoryLog":
        log = cls()
        log.append([b"entry %d" % number for number in range(size)])
        return log

    def append(self, entries: list[bytes]) -> None:
        self.entries += entries
        for tile in self.tree.append(map(leaf_hash, entries)):
            self.tiles[tile.level, tile.index] = tile.data

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]

    def leaf(self, index: int) -> bytes:
        return leaf_hash(self.entries[index])

    def root(self, size: int) -> bytes:
        return root_of(size, subtrees_in(self.tile))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return make_inclusion(index, size, subtrees_in(self.tile))

    def consistency(self, old: int, new: int) -> list[bytes]:
        return make_consistency(old, new, subtrees_in(self.tile))
