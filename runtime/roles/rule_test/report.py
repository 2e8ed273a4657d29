"""What a run of the tests says, for a person and as data."""

import json
from collections.abc import Iterator, Mapping, Sequence

import attrs

from runtime.roles.rule_test.examples import Broken, Example, broken, examples_of
from runtime.roles.rule_test.mutation import Mutation, Survivor, mutation_of
from runtime.roles.rule_test.subject import Subject, place_of_test


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
    findings: Sequence[Finding]
    mutation: Mutation | None = None
    """None where no mutants were tried."""

    @property
    def data(self) -> Mapping[str, object]:
        """Give it as plain data."""
        return {
            "rules": self.rules,
            "tests": self.tests,
            "findings": [attrs.asdict(each) for each in self.findings],
            "mutation": None if self.mutation is None else _mutation_data(self.mutation),
        }


def report_on(subject: Subject, *, only: str | None = None, mutate: bool = False) -> Report:
    """Run the tests of a rule set, or those beside the rule `only`; `mutate` tries its mutants.

    Mutants are tried against the tests that hold, of all rules.
    """
    asked = [each for each in subject.enabled() if only in (None, each[0].id)]
    findings = [Finding("set_aside", "", each) for each in subject.set_aside if only is None]
    tests = 0
    for rule, place in asked:
        if not rule.tests:
            findings.append(Finding("untested", str(place), f"rule {rule.id} has no test", rule.id))
        tests += len(rule.tests)
        for case in examples_of(rule, subject.known):
            failed = broken(case, subject.rules) if isinstance(case, Example) else case
            if failed is not None:
                findings.append(_failed(failed, place_of_test(place, failed.number)))
    if not mutate:
        return Report(len(asked), tests, findings)
    holding = [each for each in _examples(subject) if each.holds(subject.rules)]
    mutation = mutation_of(subject.rules, holding, subject.known, only)
    at = {rule.id: str(place) for rule, place in asked}
    findings += [_survived(each, at[each.mutant.rule_id]) for each in mutation.survivors]
    return Report(len(asked), tests, findings, mutation)


def _examples(subject: Subject) -> Iterator[Example]:
    for rule, _ in subject.enabled():
        for case in examples_of(rule, subject.known):
            if isinstance(case, Example):
                yield case


def _failed(failed: Broken, place: str) -> Finding:
    says = f"test {failed.number} of {failed.rule_id}: {failed.says}"
    return Finding("failed", place, says, failed.rule_id, failed.why)


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
