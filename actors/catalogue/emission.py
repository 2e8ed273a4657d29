"""What sources of events really write: the one model against which lint asks who could ever match.

A `Shape` is one kind of event: which fields stand in it, and what may stand in each.  A field that
no shape has is written by nobody, and a condition that needs it never holds.  An operator may
submit anything by hand; that counts only as far as a scanner or an agent could have said it too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import attrs

from actors.catalogue.check_names import CheckNames
from actors.catalogue.checks import Check
from actors.catalogue.rules import Scalar
from actors.messages import Platform, Status

Kind = Literal["values", "text", "number", "mapping", "anything"]


def _typed(values: tuple[Scalar | None, ...]) -> tuple[object, ...]:
    # True, 1 and 1.0 are equal to Python.
    return tuple((type(value), value) for value in values)


@attrs.frozen
class Domain:
    """What may stand in a field."""

    kind: Kind
    """`values`: one of those listed.  `mapping`: what stands below is told field by field."""
    values: tuple[Scalar | None, ...] = attrs.field(default=(), eq=_typed)
    """None among them: the field may be missing."""
    optional: bool = False
    """Whether the field may be missing; for `anything` it always may."""


MISSING: Final = Domain("values", (None,))
ANYTHING: Final = Domain("anything", optional=True)
TEXT: Final = Domain("text")
MAPPING: Final = Domain("mapping")


@attrs.frozen(eq=False)
class Shape:
    """One kind of event that a source writes."""

    source: str
    fields: Mapping[str, Domain]
    """By dotted field; `a.*` is every other field below a, `*` every other field."""
    _asked: dict[str, Domain] = attrs.field(factory=dict[str, Domain], init=False)

    def domain(self, field: str) -> Domain:
        """Say what may stand in a field, listed or not."""
        known = self._asked.get(field)
        if known is None:
            known = self._asked[field] = self._domain(field)
        return known

    def _domain(self, field: str) -> Domain:
        if field in self.fields:
            return self.fields[field]
        if any(each.startswith(f"{field}.") for each in self.fields):
            return MAPPING
        above = field
        while above:
            above = above.rpartition(".")[0]
            if above in self.fields and self.fields[above].kind != "mapping":
                return ANYTHING if self.fields[above].kind == "anything" else MISSING
            wild = self.fields.get(f"{above}.*" if above else "*")
            if wild is not None:
                return attrs.evolve(wild, optional=True)
        return MISSING

    def below(self, key: str) -> frozenset[tuple[str, Domain]]:
        """Give all that is said of what may stand under a top-level key."""
        fields = (f for f in self.fields if f == "*" or f.partition(".")[0] == key)
        return frozenset((field, self.fields[field]) for field in fields)

    @property
    def top_fields(self) -> Iterable[str]:
        """Name the fields of the event itself that are told of."""
        tops = (field.partition(".")[0] for field in self.fields)
        return dict.fromkeys(top for top in tops if top != "*")


@attrs.frozen(eq=False)
class Emission:
    """All kinds of events that there are."""

    shapes: tuple[Shape, ...]
    _tables: dict[str, "_Table"] = attrs.field(factory=dict[str, "_Table"], init=False)

    def where(self, fields: Mapping[str, Sequence[str]]) -> Sequence[Shape]:
        """Give kinds of events among which are all that hold one of some texts in each field."""
        few = min(((self._table(f).count(texts), f) for f, texts in fields.items()), default=None)
        if few is None or few[0] >= len(self.shapes):
            return self.shapes
        return self._table(few[1]).of(fields[few[1]])

    def _table(self, field: str) -> "_Table":
        table = self._tables.get(field)
        if table is None:
            table = self._tables[field] = _table(self.shapes, field)
        return table

    def writes(self, field: str) -> bool:
        """Say whether any source ever writes a field."""
        return any(shape.domain(field) != MISSING for shape in self.shapes)

    @property
    def checks(self) -> frozenset[str] | None:
        """Name the checks that events are about; None where that is not known."""
        domains = [shape.domain("check_type") for shape in self.shapes]
        if any(domain.kind != "values" for domain in domains):
            return None
        values = (value for domain in domains for value in domain.values)
        return frozenset(value for value in values if isinstance(value, str))


@attrs.frozen
class _Table:
    """Kinds of events by what a field of theirs may hold."""

    by_value: Mapping[str, list[Shape]]
    others: list[Shape]
    """Those of which that cannot be listed."""

    def count(self, texts: Iterable[str]) -> int:
        """Count the kinds of events that may hold one of some texts; some of them twice."""
        return len(self.others) + sum(len(self.by_value.get(text, ())) for text in texts)

    def of(self, texts: Iterable[str]) -> Sequence[Shape]:
        """Give these kinds of events."""
        found = (shape for text in texts for shape in self.by_value.get(text, ()))
        return (*dict.fromkeys(found), *self.others)


def _table(shapes: Iterable[Shape], field: str) -> _Table:
    by_value: defaultdict[str, list[Shape]] = defaultdict(list)
    others: list[Shape] = []
    for shape in shapes:
        domain = shape.domain(field)
        if domain.kind != "values":
            others.append(shape)
        for value in domain.values:
            if isinstance(value, str):
                by_value[value].append(shape)
    return _Table(by_value, others)


ANY_EVENT: Final = Emission((Shape("anything", {"*": ANYTHING}),))
"""Any event at all: against it a rule is judged by its conditions alone."""


def emission_of(checks: Mapping[str, Check], names: CheckNames) -> Emission:
    """Derive what the appliance's own sources write from the checks and the names of agents.

    The scanner answers each check of its platform in four ways and writes no metadata; an agent
    answers pass or fail, to a check of ours for its platform and to any other from anywhere.
    """
    shapes: list[Shape] = []
    for name, severity in names.severities.items():
        check = checks.get(name)
        about = _about(name, severity.value)
        if check is not None and not check.is_reported:
            shapes += _scanned(about, check.platform)
            shapes += _agent_said(about, [check.platform, Platform.UNKNOWN])
        else:
            shapes += _agent_said(about, list(Platform))
    return Emission(tuple(shapes))


def _about(name: str, severity: str) -> Mapping[str, Domain]:
    return {
        "site_id": TEXT,
        "host_id": TEXT,
        "check_type": one_of(name),
        "incident_type": one_of(name),
        "severity": one_of(severity),
        "expected": TEXT,
        "actual": TEXT,
        "details": MAPPING,
        "metadata": MAPPING,
    }


def _scanned(about: Mapping[str, Domain], platform: Platform) -> Iterable[Shape]:
    further = {
        "platform": one_of(platform.value),
        "distro": TEXT,
        "source": one_of("scanner", "operator"),
        "agent_id": one_of(""),
    }
    others = one_of(Status.PASS.value, Status.ERROR.value, Status.UNKNOWN.value)
    return _by_status({**about, **further}, "scanner", others)


def _agent_said(about: Mapping[str, Domain], platforms: Iterable[Platform]) -> Iterable[Shape]:
    further = {
        "platform": one_of(*(platform.value for platform in platforms)),
        "distro": one_of(""),
        "source": one_of("agent", "operator"),
        "agent_id": TEXT,
        "metadata.*": TEXT,
    }
    return _by_status({**about, **further}, "agent", one_of(Status.PASS.value))


def _by_status(fields: Mapping[str, Domain], source: str, others: Domain) -> Iterable[Shape]:
    yield Shape(
        source, {**fields, "status": one_of(Status.FAIL.value), "drift_detected": one_of(True)}
    )
    yield Shape(source, {**fields, "status": others, "drift_detected": one_of(False)})


def one_of(*values: Scalar | None) -> Domain:
    """Give the domain of a field that holds one of these; None for missing."""
    return Domain("values", values)
