"""Rule sets and events that look for trouble, as hypothesis strategies.

Fields, values and rules are drawn from small pools, so that rules meet events often; the pools
hold the pairs that are easily mistaken for each other: `1`, `1.0`, `True`, `"1"` and so on.
"""

from typing import Any

from hypothesis import strategies as st

TEXTS = [
    "fw", "FW", "av", "", "1", "5", "1.0", "1e2", "-0", "00", " 5", "+5", "5_0", "\u0661", "true",
    "straße", "STRASSE", "\u0131", "\u212a", "k", "a.b", "fail\n", "fail",
    "\ud800", "é", "e\u0301", "\x0b",
    "10.0.0.1", "9" * 64, "9" * 65, "1e999", "NaN", "pass",
]  # fmt: skip
NUMBERS = [0, 1, 5, -1, 100, 1.0, 0.0, -0.0, 5.5, 2**53, 2**53 + 1, float(2**53), 10**400, 1e308]
HOSTILE = [None, float("nan"), float("inf"), float("-inf"), [], {}, [1], ["fw"], [True, "FW"],
           {"x": "fw"}, [["fw"]], [None], [float("nan")]]  # fmt: skip
FIELDS = ["check_type", "platform", "status", "severity", "n", "d.x", "d.x.y", "d"]
PATTERNS = ["f", "^fw$", "fail$", r"\d", r"^\d{1,3}\.\d", r"\s", r"\w", "(?i)fw", "(?s)l.", "a|b",
            "(?m)l$", r"\bfw\b", "(?P<n>f)w", "[^a-z]", "."]  # fmt: skip

texts = st.sampled_from(TEXTS)
scalars = st.one_of(texts, st.sampled_from(NUMBERS), st.booleans())
values = st.one_of(scalars, st.sampled_from(HOSTILE))


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(FIELDS))
    operator = draw(
        st.sampled_from(
            ["eq"] * 8
            + ["in"] * 4
            + ["ne", "not_in", "contains", "starts_with", "ends_with", "regex"]
            + ["gt", "gte", "lt", "lte", "exists"]
        )
    )
    match operator:
        case "in" | "not_in":
            value: Any = draw(st.lists(scalars, min_size=1, max_size=4))
        case "starts_with" | "ends_with":
            value = draw(texts)
        case "regex":
            value = draw(st.sampled_from(PATTERNS))
        case "gt" | "gte" | "lt" | "lte":
            value = draw(st.sampled_from(NUMBERS))
        case "exists":
            value = draw(st.booleans())
        case _:
            value = draw(st.one_of(texts, texts, scalars))
    condition = {"field": field, "operator": operator, "value": value}
    if operator != "regex" and draw(st.integers(0, 5)) == 0:
        condition["ignore_case"] = True
    return condition


@st.composite
def rules(draw: st.DrawFn, rule_id: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": rule_id, "action": "alert"}
    rule["conditions"] = draw(st.lists(conditions(), max_size=3))
    if not rule["conditions"]:
        rule["match_all"] = True
    rare = st.integers(0, 4).map(lambda number: number == 0)
    if draw(st.booleans()):
        rule["priority"] = draw(st.integers(-2, 2))
    if draw(rare):
        rule["severity_filter"] = draw(st.lists(texts, max_size=2))
    if draw(rare):
        group = st.lists(conditions(), min_size=1, max_size=2)
        rule["any_of"] = draw(st.lists(group, min_size=1, max_size=3))
    if draw(rare):
        rule["none_of"] = draw(st.lists(conditions(), max_size=2))
    if draw(rare):
        rule["enabled"] = draw(st.booleans())
    return rule


@st.composite
def rule_sets(draw: st.DrawFn, max_size: int = 24) -> list[dict[str, Any]]:
    count = draw(st.integers(1, max_size))
    # A few ids come twice.
    ids = [
        f"r{draw(st.integers(0, 40))}" if index % 5 == 4 else f"r{index}" for index in range(count)
    ]
    return [draw(rules(rule_id)) for rule_id in ids]


def merged(top: dict[str, Any], nested: dict[str, Any]) -> dict[str, Any]:
    return {**top, **nested}


events = st.builds(
    merged,
    st.dictionaries(st.sampled_from(["check_type", "platform", "status", "severity", "n"]), values),
    st.one_of(
        st.just({}),
        values.map(lambda value: {"d": value}),
        values.map(lambda value: {"d": {"x": value}}),
        values.map(lambda value: {"d": {"x": {"y": value}}, "d.x": "fw"}),
    ),
)
