"""What members a kit has, and whether they are all there."""

import itertools
from collections.abc import Iterable, Iterator

import attrs

from actors.evidence_log.kit import parts as names
from actors.evidence_log.kit.parts import Name
from runtime.errors import EvidenceFormatError


@attrs.frozen
class Layout:
    """The numbers that stand in the names of a kit's members, in their order."""

    statements: tuple[tuple[int, int], ...]
    """Log and leaf."""
    heads: tuple[tuple[int, int], ...]
    """Log and size."""
    growths: tuple[tuple[int, int, int], ...]
    """Log, older and newer size, of heads that follow each other."""

    @classmethod
    def of(cls, members: Iterable[str]) -> "Layout":
        """Read the names.

        Raises:
            EvidenceFormatError: a name is none, or one that must stand beside another is not there;
                or there is no statement.
        """
        given = set(members)
        found = [Name.parse(name) for name in sorted(given - names.LOOSE)]
        statements = sorted((each.log, each.number) for each in found if each.kind == "dsse.json")
        heads = sorted((each.log, each.number) for each in found if each.kind == "checkpoint")
        growths = [
            (log, old, new)
            for (log, old), (other, new) in itertools.pairwise(heads)
            if log == other
        ]
        layout = cls(tuple(statements), tuple(heads), tuple(growths))
        wanted = set(layout.names())
        # An anchor may be missing, and only that.
        anchors = {f"{names.head_name(*head)}.ots" for head in heads}
        if odd := sorted((given - anchors) ^ wanted):
            raise EvidenceFormatError("bad_layout", f"{odd[0]} should be there, or should not")
        if not statements:
            raise EvidenceFormatError("bad_layout", "there is no statement in the kit")
        return layout

    def names(self) -> Iterator[str]:
        """Name the members that such a kit has, but the anchors."""
        yield from names.LOOSE
        yield from (names.head_name(*head) for head in self.heads)
        yield from (names.growth_name(*growth) for growth in self.growths)
        for log, leaf in self.statements:
            yield names.statement_name(log, leaf)
            yield names.statement_name(log, leaf, "tlog-proof")
