"""Can a rule ever decide?  Sought by counterexample, event by event, against the live rule set.

The way to a proof: an event that the rule matches is given to the rule set.  If another rule wins,
each event that both match is lost to that rule; so one of its conditions must fail, and for each of
them the search goes on.  Where no condition is left that could fail, the way is closed.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import attrs

from actors.catalogue.emission import ANY_EVENT, Emission, Shape
from actors.catalogue.rules import Condition, Rule
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.lint.states import Solutions, Stage, State, Wish, Wishes
from actors.l1_evaluator.lint.values import Unsolved
from actors.l1_evaluator.questions import Question, Questions, severity_conditions

Event: TypeAlias = Mapping[str, object]

MOST_DECISIONS = 600
"""Events that are tried for one rule; then nobody knows."""
_MOST_WAYS = 64
"""Ways in which one rule may be kept out; more are not looked at."""


@attrs.frozen
class Reachable:
    """The rule decides this event."""

    event: Event


@attrs.frozen
class Shadowed:
    """Every event that the rule matches is given to others; one such event stands here."""

    by: tuple[str, ...]
    event: Event


@attrs.frozen
class Contradictory:
    """No event at all fulfils the rule's own conditions."""

    conditions: tuple[Condition, ...]
    """Those about one key of the event that exclude each other."""


@attrs.frozen
class Unreachable:
    """No source writes an event that the rule matches."""

    conditions: tuple[Condition, ...]
    """Those that stand in the way."""
    source: str | None
    """Whose events they are that come nearest; None where each condition fails everywhere."""


@attrs.frozen
class Undecided:
    """Nobody knows, and so nothing is said."""


Outcome: TypeAlias = Reachable | Shadowed | Contradictory | Unreachable | Undecided


@attrs.frozen(eq=False)
class Asked:
    """What a rule asks."""

    required: tuple[Question, ...]
    refused: tuple[Question, ...]
    groups: tuple[tuple[Question, ...], ...]

    def matching(self) -> Iterator[list[Wish]]:
        """Give what must be wished so that the rule matches: a way for each list of `any_of`."""
        wishes = [(question, True) for question in self.required]
        wishes += [(question, False) for question in self.refused]
        for group in self.groups or ((),):
            yield [*wishes, *((question, True) for question in group)]

    def failing(self, wishes: Wishes) -> Iterator[tuple[Wish, ...]]:
        """Give the ways in which the rule fails, save those against what is wished already."""
        ways = itertools.chain(
            (((question, False),) for question in self.required),
            (((question, True),) for question in self.refused),
            self._failing_groups(),
        )
        for way in ways:
            if not any((q, not wanted) in wishes.get(q.key, ()) for q, wanted in way):
                yield way

    def _failing_groups(self) -> Iterator[tuple[Wish, ...]]:
        if self.groups:
            for picked in itertools.product(*self.groups):
                yield tuple((question, False) for question in dict.fromkeys(picked))


@attrs.define
class Reach:
    """Answers for the rules of one set, asked one after the other."""

    rules: RuleSet
    emission: Emission
    questions: Questions = attrs.field(factory=Questions, init=False)
    _asked: dict[int, Asked] = attrs.field(factory=dict[int, Asked], init=False)
    """By the identity of the rule, which lives as long as its set."""
    _known_questions: dict[int, Question] = attrs.field(factory=dict[int, Question], init=False)
    """By the identity of the condition, which lives as long as its rule."""
    _known: Solutions = attrs.field(factory=Solutions, init=False)
    _stages: dict[Shape, Stage] = attrs.field(factory=dict[Shape, Stage], init=False)

    def asked(self, rule: Rule) -> Asked:
        """Give what a rule asks."""
        known = self._asked.get(id(rule))
        if known is None:
            severity = map(self.questions.about, severity_conditions(rule))
            known = self._asked[id(rule)] = Asked(
                (*map(self._about, rule.conditions), *severity),
                tuple(map(self._about, rule.none_of)),
                tuple(tuple(map(self._about, group)) for group in rule.any_of),
            )
        return known

    def _about(self, condition: Condition) -> Question:
        # Rules share their conditions, and looking one up by its content takes far longer.
        known = self._known_questions.get(id(condition))
        if known is None:
            known = self._known_questions[id(condition)] = self.questions.about(condition)
        return known

    def of(self, rule: Rule) -> Outcome:
        """Say whether an enabled rule of the set can decide an event that some source writes."""
        unsure = False
        lost: list[Shadowed] = []
        for stage in self._stages_of(rule):
            match _Search(self, rule, stage).run():
                case Reachable() as reachable:
                    return reachable
                case Shadowed() as shadowed:
                    lost.append(shadowed)
                case Undecided():
                    unsure = True
                case None:
                    pass
        if unsure:
            return Undecided()
        if lost:
            by = dict.fromkeys(name for each in lost for name in each.by)
            return Shadowed(tuple(by), lost[0].event)
        return self.unfulfilled(rule) or Undecided()

    def unfulfilled(self, rule: Rule) -> Contradictory | Unreachable | None:
        """Say why no event that some source writes fulfils a rule; None where one may."""
        asked = self.asked(rule)
        if not all(_fails(stage, asked) for stage in self._stages_of(rule)):
            return None
        anywhere = self._stage(ANY_EVENT.shapes[0])
        if _fails(anywhere, asked):
            return Contradictory(_at_odds(anywhere, asked))
        checks = {q.key: q.anchors for q in asked.required if q.anchors and q.key == "check_type"}
        return _unreachable(asked, [self._stage(shape) for shape in self.emission.where(checks)])

    def _stages_of(self, rule: Rule) -> Iterator[Stage]:
        """Yield the kinds of events that come into question, by the fields that name few texts."""
        anchored = {q.key: q.anchors for q in self.asked(rule).required if q.anchors}
        return map(self._stage, self.emission.where(anchored))

    def _stage(self, shape: Shape) -> Stage:
        stage = self._stages.get(shape)
        if stage is None:
            stage = self._stages[shape] = Stage(shape, self._known)
        return stage


@attrs.define
class _Search:
    """The search for one rule among one kind of event."""

    reach: Reach
    rule: Rule
    stage: Stage
    _by: dict[str, None] = attrs.field(factory=dict[str, None], init=False)
    _event: Event | None = attrs.field(default=None, init=False)
    _unsure: bool = attrs.field(default=False, init=False)

    def run(self) -> Reachable | Shadowed | Undecided | None:
        """Say what becomes of the rule; None where no such event fulfils it."""
        begun = map(self.stage.begin, self.reach.asked(self.rule).matching())
        waiting = [state for state in map(self._sure, begun) if state is not None]
        seen: set[frozenset[tuple[str, frozenset[Wish]]]] = set()
        for _ in range(MOST_DECISIONS):
            if not waiting:
                break
            state = waiting.pop()
            event = self.stage.event(state)
            winner = self.reach.rules.winner(event)
            if winner is self.rule:
                return Reachable(event)
            if winner is None:  # the rule was to match: what was thought of it does not hold
                return Undecided()
            self._by[winner.id] = None
            self._event = event if self._event is None else self._event
            for child in self._without(winner, state):
                mark = frozenset(child.wishes.items())
                if mark not in seen:
                    seen.add(mark)
                    waiting.append(child)
        if waiting or self._unsure:
            return Undecided()
        return None if self._event is None else Shadowed(tuple(self._by), self._event)

    def _without(self, winner: Rule, state: State) -> Iterator[State]:
        """Give the states in which the winner no longer matches; the likeliest last."""
        failing = self.reach.asked(winner).failing(state.wishes)
        ways = list(itertools.islice(failing, _MOST_WAYS + 1))
        if len(ways) > _MOST_WAYS:
            self._unsure = True
            return
        # A key of which nothing is wished yet is free to be what keeps the winner out.
        ways.sort(key=lambda way: not any(question.key in state.wishes for question, _ in way))
        for way in ways:
            child = self._sure(self.stage.further(state, way))
            if child is not None:
                yield child

    def _sure(self, state: State | Unsolved) -> State | None:
        if isinstance(state, State):
            return state
        self._unsure = self._unsure or state is Unsolved.UNKNOWN
        return None


def _fails(stage: Stage, asked: Asked) -> bool:
    """Say whether it is certain that no event of a kind fulfils a rule."""
    return all(stage.begin(wishes) is Unsolved.NEVER for wishes in asked.matching())


def _unreachable(asked: Asked, stages: Iterable[Stage]) -> Unreachable:
    """Find the conditions that stand in the way: everywhere, or in what comes nearest."""
    blocked = [(_blockers(stage, asked), stage) for stage in stages]
    if not blocked:
        about = (each.condition for each in asked.required if each.key == "check_type")
        return Unreachable(tuple(about), None)
    first, *others = [conditions for conditions, _ in blocked]
    everywhere = tuple(each for each in first if all(each in other for other in others))
    if everywhere:
        return Unreachable(everywhere, None)
    conditions, stage = min(blocked, key=lambda each: len(each[0]))
    return Unreachable(conditions or _at_odds(stage, asked), stage.shape.source)


def _blockers(stage: Stage, asked: Asked) -> tuple[Condition, ...]:
    """Give the conditions that fail by themselves in every event of a kind."""
    return tuple(
        question.condition
        for question in asked.required
        if stage.begin([(question, True)]) is Unsolved.NEVER
    )


def _at_odds(stage: Stage, asked: Asked) -> tuple[Condition, ...]:
    """Give the conditions about one key that exclude each other, () where it takes several."""
    by_key: dict[str, list[Wish]] = {}
    for wish in next(asked.matching()):
        by_key.setdefault(wish[0].key, []).append(wish)
    for key, about in by_key.items():
        if stage.solve(key, frozenset(about)) is Unsolved.NEVER:
            return tuple(question.condition for question, _ in about)
    return ()
