"""The tree in tiles: where a hash stands, and how tiles grow with the leaves.

A tile of level L holds up to 256 hashes of complete subtrees of `256 ** L` leaves.  A full one
never changes again; the partial ones, at most one a level, are the right edge of the tree.

Source: C2SP tlog-tiles.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import attrs

from actors.evidence_log.tlog.hashing import EMPTY_ROOT, SIZE, is_hash, node_hash
from actors.evidence_log.tlog.making import Subtree
from runtime.errors import EvidenceFormatError

WIDTH: Final = 256
"""Hashes of a full tile."""

_HEIGHT: Final = 8
"""Levels of the tree that a tile spans."""

ReadTile: TypeAlias = Callable[[int, int], bytes]
"""The bytes of the tile by level and index; a wider one than asked for does as well."""


@attrs.frozen
class Tile:
    """Some hashes in a row, 32 bytes each."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds, 1 to 256."""
        return len(self.data) // SIZE

    @property
    def path(self) -> str:
        """Where a web server shows it, below the log's prefix."""
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Spell where a tile stands; `level` is `entries` for the entries themselves."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *parents, last = (digits[start : start + 3] for start in range(0, len(digits), 3))
    name = "/".join([*(f"x{part}" for part in parents), last])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Name every tile of a tree of `size` leaves: level, index, width."""
    level, hashes = 0, size
    while hashes:
        full, partial = divmod(hashes, WIDTH)
        yield from ((level, index, WIDTH) for index in range(full))
        if partial:
            yield level, full, partial
        level, hashes = level + 1, full


def edge_of(size: int) -> list[tuple[int, int, int]]:
    """Name the partial tiles that a log needs to go on from `size` leaves: level, index, width.

    A level without a partial tile has width 0: nothing is kept for it.
    """
    edge, level, hashes = list[tuple[int, int, int]](), 0, size
    while hashes:
        edge.append((level, hashes // WIDTH, hashes % WIDTH))
        level, hashes = level + 1, hashes // WIDTH
    return edge


def subtrees_in(read: ReadTile) -> Subtree:
    """Find the hash of any complete subtree in tiles.

    Tiles once read stay at hand for as long as what is returned: one proof asks for few.  Asking
    raises EvidenceFormatError when a tile is narrower than its tree.
    """
    at_hand = dict[tuple[int, int], bytes]()

    def subtree(level: int, place: int) -> bytes:
        tile_level, height = divmod(level, _HEIGHT)
        leaves = 1 << height
        index, start = divmod(place * leaves, WIDTH)
        if (tile_level, index) not in at_hand:
            at_hand[tile_level, index] = read(tile_level, index)
        data = at_hand[tile_level, index][start * SIZE : (start + leaves) * SIZE]
        if len(data) != leaves * SIZE:
            name = tile_path(tile_level, index)
            raise EvidenceFormatError("tile_too_narrow", f"{name} lacks hashes of its tree")
        return _folded(data)

    return subtree


@attrs.define
class TileTree:
    """A tree as it grows: the right edge of it, and nothing else in memory."""

    size: int = 0
    edge: list[bytearray] = attrs.field(factory=list[bytearray])
    """The partial tile of each level, the lowest first; empty where a level has none."""

    @classmethod
    def resumed(cls, size: int, read: ReadTile) -> "TileTree":
        """Take up a tree of `size` leaves by the tiles of its right edge, hashing none of it.

        Raises:
            EvidenceFormatError: a tile is narrower than the tree.
        """
        edge = list[bytearray]()
        for level, index, width in edge_of(size):
            data = read(level, index)[: width * SIZE] if width else b""
            if len(data) != width * SIZE:
                name = tile_path(level, index, width)
                raise EvidenceFormatError("tile_too_narrow", f"{name} lacks hashes of its tree")
            edge.append(bytearray(data))
        return cls(size, edge)

    def append(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaves by their hashes; give the tiles to be kept, those that are full first.

        Raises:
            ValueError: a leaf's hash is not one.
        """
        full, before = list[Tile](), self.size
        for leaf in leaves:
            if not is_hash(leaf):
                raise ValueError(f"a leaf's hash has {SIZE} bytes, not {len(leaf)}")
            self._grow(0, leaf, full)
            self.size += 1
        return [*full, *self._partial(before)]

    def root(self) -> bytes:
        """Give the root of what was appended so far."""
        root: bytes | None = None
        for tile in self.edge:
            for data in _complete_parts(bytes(tile)):
                part = _folded(data)
                root = part if root is None else node_hash(part, root)
        return EMPTY_ROOT if root is None else root

    def _grow(self, level: int, value: bytes, full: list[Tile]) -> None:
        if level == len(self.edge):
            self.edge.append(bytearray())
        tile = self.edge[level]
        tile += value
        if len(tile) < WIDTH * SIZE:
            return
        data = bytes(tile)
        tile.clear()
        full.append(Tile(level, self.size // WIDTH ** (level + 1), data))
        self._grow(level + 1, _folded(data), full)

    def _partial(self, before: int) -> Iterator[Tile]:
        """Give the partial tiles that got a hash since the tree had `before` leaves."""
        for level, tile in enumerate(self.edge):
            span = WIDTH**level
            if tile and self.size // span > before // span:
                yield Tile(level, self.size // span // WIDTH, bytes(tile))


def _folded(data: bytes) -> bytes:
    """Hash a power of two of neighbours into the one node above them all."""
    row = [data[start : start + SIZE] for start in range(0, len(data), SIZE)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _complete_parts(data: bytes) -> Iterator[bytes]:
    """Take the hashes of a partial tile apart into powers of two, the rightmost first."""
    end = len(data) // SIZE
    while end:
        start = end & (end - 1)
        yield data[start * SIZE : end * SIZE]
        end = start
