"""The page that says of each of the predecessor's 145 rules what became of it."""

import re
from pathlib import Path

import attrs
import pytest

from actors.catalogue.rule_files import read_rules
from actors.catalogue.rules import Rule
from actors.l1_evaluator import RuleSet

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "predecessor-rules.md"
GIVEN = TOP / "tests" / "data" / "predecessor" / "rules"

SHIPPED = {
    rule.id
    for rule in RuleSet.compile(read_rules(TOP / "rules" / "l1").rules).rules
    if isinstance(rule, Rule)
}

_ROW = re.compile(r"\| (\d+) \| ([A-Z]) \| (\S+) \| (kept|merged|dropped)\b(.*) \|")


@attrs.frozen
class Row:
    number: int
    source: str
    rule: str
    fate: str
    told: str

    @property
    def ours(self) -> list[str]:
        """Name the rules of ours that the row points to."""
        return re.findall(r"`(L1-[A-Z0-9-]+)`", self.told)


def rows() -> list[Row]:
    """Read the rows of both tables, in their order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [_ROW.fullmatch(line) for line in lines if re.match(r"\| \d", line)]
    assert None not in found
    return [Row(int(m[1]), m[2], m[3], m[4], m[5]) for m in found if m]


def entries() -> list[tuple[int, str, str]]:
    """Give position, source and id of each of the predecessor's rules."""
    return [
        (position, rule["source"], rule["id"])
        for file in ("bundled.yaml", "synced.yaml")
        for position, rule in enumerate(read_rules(GIVEN / file).rules, 1)
        if isinstance(rule, dict)
    ]


def test_the_page_names_each_entry_once_and_in_its_place() -> None:
    assert len(entries()) == 92 + 53
    assert [(row.number, row.source, row.rule) for row in rows()] == entries()


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.source}{row.number}")
def test_what_became_of_an_entry_is_true_of_the_shipped_rules(row: Row) -> None:
    assert set(row.ours) <= SHIPPED
    if row.fate == "dropped":
        assert row.told.startswith(": ")
    else:
        assert row.ours
