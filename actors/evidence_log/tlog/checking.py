"""Whether a proof holds, by the algorithms of RFC 9162; what is malformed simply does not hold.

A length is checked with the rest: a proof with a hash too few or too many, or with one that is not
32 bytes long, proves nothing.  This module shares no code with the one that makes proofs.
"""

from collections.abc import Sequence

from actors.evidence_log.tlog.hashing import BIGGEST_TREE, EMPTY_ROOT, is_hash, node_hash


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes
) -> bool:
    """Say whether the leaf with hash `leaf` is number `index` of the tree with this root.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size <= BIGGEST_TREE or not all(map(is_hash, (leaf, root, *path))):
        return False
    here, last, reached = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            reached = node_hash(sibling, reached)
            here, last = _up_to_a_left_neighbour(here, last)
        else:
            reached = node_hash(reached, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Say whether the old tree is the beginning of the new one.

    Two equal sizes need equal roots and no path.  Nothing is consistent with a tree without
    leaves but that tree itself: such a proof would say nothing.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old_size <= new_size <= BIGGEST_TREE:
        return False
    if not all(map(is_hash, (old_root, new_root, *path))):
        return False
    if old_size == new_size:
        empty = old_size == 0
        return not path and old_root == new_root and (old_root == EMPTY_ROOT or not empty)
    if old_size == 0 or not path:
        return False
    return _grew(old_size, new_size, path, old_root) == (old_root, new_root)


def _grew(
    old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes
) -> tuple[bytes, bytes] | None:
    """Both roots that `path` leads to; none if its length is not the one such a path has."""
    whole = old_size & (old_size - 1) == 0  # a full tree is its own beginning and is left out
    seed, *rest = (old_root, *path) if whole else path
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = seed
    for sibling in rest:
        if last == 0:
            return None
        if here & 1 or here == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            here, last = _up_to_a_left_neighbour(here, last)
        else:
            new = node_hash(new, sibling)
        here, last = here >> 1, last >> 1
    return (old, new) if last == 0 else None


def _up_to_a_left_neighbour(here: int, last: int) -> tuple[int, int]:
    """Climb the right edge, where nodes have no sibling, to the first that stands on the right."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last
