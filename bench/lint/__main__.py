"""`python -m bench.lint`: how long lint takes over 100,000 rules, and what it finds in them.

The rules are those of the L1 bench, held against any event, and against what the events of that
bench hold: the second lets a rule fill every status or platform that there is, and so takes longer.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from actors.catalogue.emission import ANY_EVENT, TEXT, Domain, Emission, Shape, one_of
from actors.catalogue.misfits import Surroundings
from actors.catalogue.rule_files import RawRules, RulePlace
from actors.l1_evaluator.lint import Finding, lint
from bench.l1.workload import (
    FLAGS,
    METRICS,
    PLATFORMS,
    SEVERITIES,
    SIZES,
    Size,
    Workload,
)

LIMIT_S = 30.0


def emission(size: Size) -> Emission:
    """Say what the events of the L1 bench hold: per check type a drift, or a healthy report."""
    fields: Mapping[str, Domain] = {
        "site_id": one_of(*(f"site-{number}" for number in range(size.sites))),
        **dict.fromkeys(("host_id", "agent_id", "ip_address", "message", "actual"), TEXT),
        "platform": one_of(*PLATFORMS),
        "distro": one_of("ubuntu", None),
        "severity": one_of(*SEVERITIES),
        **{f"details.{metric}": Domain("number") for metric in METRICS},
        **{f"details.{flag}": one_of(True, False) for flag in FLAGS},
    }
    cases: tuple[Mapping[str, Domain], ...] = (
        {"status": one_of("fail", "warning", "error"), "drift_detected": one_of(True)},
        {"status": one_of("pass", "unknown"), "drift_detected": one_of(False)},
    )
    types = (f"check_{number}" for number in range(size.check_types))
    about: list[Mapping[str, Domain]] = [
        {"check_type": one_of(each), "incident_type": one_of(each)} for each in types
    ]
    return Emission(tuple(Shape("agent", {**fields, **a, **case}) for a in about for case in cases))


def main() -> None:
    """Lint the rules of each size, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, choices=SIZES, action="append")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for rules in given.rules or [1_000, 100_000]:
        size = SIZES[rules]
        raw = Workload(size, given.seed, event_count=0).rules
        read = RawRules(tuple(raw), tuple(RulePlace("bench", n) for n in range(1, rules + 1)))
        against = {"any event": ANY_EVENT, "the bench's events": emission(size)}
        for name, emitted in against.items():
            wall, cpu = time.perf_counter(), time.process_time()
            report = lint(read, Surroundings(emitted, emitted.checks), time.perf_counter)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            found = ", ".join(f"{n} {code}" for code, n in counted(report.findings))
            held = "" if rules < max(SIZES) else f" (limit {LIMIT_S:g} s)"
            print(f"{rules:,} rules against {name}: {wall:.1f} s, CPU {cpu:.1f} s{held}")
            print(f"    {found}; {len(report.undecided)} undecided", flush=True)


def counted(findings: Iterable[Finding]) -> Sequence[tuple[str, int]]:
    """Count findings by code, the most frequent first."""
    return Counter(each.code for each in findings).most_common()


if __name__ == "__main__":
    main()
