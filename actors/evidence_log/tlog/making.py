"""Which hashes make up a proof, and how they are put together from complete subtrees.

A complete subtree is named by its level and by its place on it: `(level, place)` spans the leaves
from `place << level`, as many as `1 << level`.  Where those hashes come from is the caller's.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import TypeAlias

from actors.evidence_log.tlog.hashing import EMPTY_ROOT, node_hash

Subtree: TypeAlias = Callable[[int, int], bytes]
"""The hash of a complete subtree by level and place."""

_Span: TypeAlias = tuple[int, int]
"""First leaf and the one after the last."""


def root_of(size: int, subtree: Subtree) -> bytes:
    """Give the root of the first `size` leaves."""
    return _hash_of((0, size), subtree) if size else EMPTY_ROOT


def make_inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size` leaves: siblings from the leaf upwards.

    Raises:
        ValueError: the tree has no such leaf.

    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    spans, (first, end) = list[_Span](), (0, size)
    while end - first > 1:
        split = first + _half(end - first)
        if index < split:
            spans.append((split, end))
            end = split
        else:
            spans.append((first, split))
            first = split
    return [_hash_of(span, subtree) for span in reversed(spans)]


def make_consistency(old_size: int, new_size: int, subtree: Subtree) -> list[bytes]:
    """Prove that the tree of `old_size` leaves is the beginning of that of `new_size`.

    Raises:
        ValueError: the old tree has no leaves, or more than the new one.

    Source: RFC 6962, section 2.1.2.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"a tree of {new_size} leaves did not grow from one of {old_size}")
    spans, (first, end) = list[_Span](), (0, new_size)
    while end != old_size:
        split = first + _half(end - first)
        if old_size <= split:
            spans.append((split, end))
            end = split
        else:
            spans.append((first, split))
            first = split
    if first:  # the old tree itself is known to whoever checks, a part of it is not
        spans.append((first, end))
    return [_hash_of(span, subtree) for span in reversed(spans)]


def _half(leaves: int) -> int:
    """Count the leaves on the left of the root: the largest power of two below `leaves`."""
    return 1 << (leaves - 1).bit_length() - 1


def _hash_of(span: _Span, subtree: Subtree) -> bytes:
    hashes = [subtree(level, place) for level, place in _complete(span)]
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))


def _complete(span: _Span) -> Iterator[tuple[int, int]]:
    """Name the complete subtrees that fill a span, the largest first.

    A span of a proof begins where a subtree begins that is larger than it: so do its parts.
    """
    first, end = span
    while first < end:
        level = (end - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level
