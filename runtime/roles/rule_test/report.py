"""What a run of the tests says, for a person and as data."""

import json
from collections.abc import Iterator, Mapping, Sequence

import attrs

from actors.catalogue.rule_files import RulePlace
from actors.catalogue.rules import Rule
from runtime.roles.rule_test.examples import Example, broken, examples_of
from runtime.roles.rule_test.mutation import Mutation, Survivor, mutation_of
from runtime.roles.rule_test.subject import Subject, place_of_test
from runtime.roles.scenario import Theatre, UnplayableError, Written


@attrs.frozen
class Finding:
    """Something that must be mended before a rule set may be trusted."""

    kind: str
    """failed, untested, survived, set_aside, scenario."""
    place: str
    """File and line."""
    says: str
    rule: str = ""
    why: Sequence[str] = ()
    """Lines that explain it."""


@attrs.frozen
class Report:
    """What was tested, and what was found."""

    rules: int
    tests: int
    scenarios: int
    findings: Sequence[Finding]
    mutation: Mutation | None = None
    """None where no mutants were tried."""

    @property
    def data(self) -> Mapping[str, object]:
        """Give it as plain data."""
        return {
            "rules": self.rules,
            "tests": self.tests,
            "scenarios": self.scenarios,
            "findings": [attrs.asdict(each) for each in self.findings],
            "mutation": None if self.mutation is None else _mutation_data(self.mutation),
        }


def report_on(subject: Subject, *, only: str | None = None, mutate: bool = False) -> Report:
    """Run the tests and the scenarios of a subject; `mutate` tries the mutants of its rules.

    `only` is the id of the one rule that is tested, without scenarios.  Mutants are tried against
    the tests that hold, of all rules.
    """
    tested = subject.tested(only)
    findings: list[Finding] = []
    if only is None:
        findings += [Finding("set_aside", "", each) for each in subject.catalogue.problems]
    for rule, place in tested:
        findings += _of_rule(rule, place, subject)
    scenarios = subject.scenarios if only is None else ()
    findings += _of_scenarios(scenarios, subject)
    mutation = None
    if mutate:
        holding = [each for each in _examples(subject) if each.holds(subject.rules)]
        tried = [rule for rule, _ in tested]
        mutation = mutation_of(subject.rules, tried, holding, subject.known)
        at = {rule.id: str(place) for rule, place in tested}
        findings += [_survived(each, at[each.mutant.rule_id]) for each in mutation.survivors]
    tests = sum(len(rule.tests) for rule, _ in tested)
    return Report(len(tested), tests, len(scenarios), findings, mutation)


def _of_rule(rule: Rule, place: RulePlace, subject: Subject) -> Iterator[Finding]:
    if not rule.tests:
        yield Finding("untested", str(place), f"rule {rule.id} has no test", rule.id)
    for case in examples_of(rule, subject.known):
        failed = broken(case, subject.rules) if isinstance(case, Example) else case
        if failed is not None:
            says = f"test {failed.number} of {rule.id}: {failed.says}"
            place_of_it = place_of_test(place, failed.number)
            yield Finding("failed", place_of_it, says, rule.id, failed.why)


def _of_scenarios(scenarios: Sequence[Written], subject: Subject) -> Iterator[Finding]:
    if not scenarios:
        return
    theatre = Theatre.of(subject.catalogue)
    for written in scenarios:
        name = written.scenario.name
        try:
            missed = theatre.play(written.scenario)
        except UnplayableError as error:
            yield Finding("scenario", written.place, f"{name}: {error}")
        else:
            for miss in missed:
                place = written.place_of(miss.position)
                yield Finding("scenario", place, f"{name}: {miss.says}", why=miss.why)


def _examples(subject: Subject) -> Iterator[Example]:
    for rule, _ in subject.enabled():
        for case in examples_of(rule, subject.known):
            if isinstance(case, Example):
                yield case


def _survived(survivor: Survivor, place: str) -> Finding:
    mutant, decides = survivor.mutant, survivor.decides
    given = json.dumps(survivor.given, ensure_ascii=False, default=str)
    expect = {None: "none", mutant.rule_id: "this"}.get(decides, decides)
    why = [
        f"a test that would: {{given: {given}, expect: {expect}}}",
        f"with the mutant {survivor.mutant_decides or 'no rule'} decides",
    ]
    says = f"no test notices {mutant.what} in {mutant.rule_id}"
    return Finding("survived", place, says, mutant.rule_id, why)


def _mutation_data(mutation: Mutation) -> Mapping[str, object]:
    return {
        "score": mutation.score,
        "caught": mutation.caught,
        "survived": len(mutation.survivors),
        "excused": [{"rule": each.rule_id, "mutant": each.what} for each in mutation.excused],
    }
