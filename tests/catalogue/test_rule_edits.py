"""Changes to rule files: one thing changes, and every other byte stays."""

import copy
import itertools
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from actors.catalogue.rule_edits import UneditableError, rule_text, with_key, with_rule
from tests.actors.l1_evaluator import hostile

FILE = """\
# Ours.
rules:
  # The door first.
  - id: DOOR   # front
    conditions:   # all of them
      - {field: check_type, operator: eq, value: "door"}

    action: escalate

  - {id: FLOW, conditions: [], match_all: true, action: escalate}   # in one line
  - action: escalate
    mode: 'approve'   # since May
    enabled:
    conditions: [{field: a, operator: exists, value: true}]
    id: LAST
    note: |
      two
        lines

# the end
"""
DOOR, FLOW, LAST = 0, 1, 2


def rules_of(text: str) -> list[Any]:
    data = yaml.safe_load(text)
    rules: list[Any] = data["rules"] if isinstance(data, dict) else data
    return rules


def added(before: str, after: str) -> str:
    """Give what was put in, where nothing was taken away."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = len(list(same))
    end = len(after) - (len(before) - start)
    assert after[:start] + after[end:] == before
    return after[start:end]


@pytest.mark.parametrize(
    ("index", "key", "value", "put_in"),
    [
        (DOOR, "enabled", False, "\n    enabled: false"),
        (FLOW, "mode", "auto", ", mode: auto"),
        (LAST, "enabled", True, " true"),
    ],
)
def test_what_is_not_said_yet_is_put_in_and_nothing_is_taken_away(
    index: int, key: str, value: str | bool, put_in: str
) -> None:
    after = with_key(FILE, index, key, value)

    assert sorted(added(FILE, after)) == sorted(put_in)
    assert rules_of(after)[index] == {**rules_of(FILE)[index], key: value}


def test_a_word_is_replaced_where_it_stands() -> None:
    assert with_key(FILE, LAST, "mode", "auto") == FILE.replace("'approve'", "auto")


@pytest.mark.parametrize(
    ("index", "key", "value", "line"),
    [
        (DOOR, "mode", "auto", "    # 2026-01-01 me: why\n"),
        (FLOW, "mode", "auto", "  # 2026-01-01 me: why\n"),
        (LAST, "mode", "auto", "    # 2026-01-01 me: why\n"),
    ],
)
def test_a_reason_stands_as_a_comment_on_a_line_of_its_own(
    index: int, key: str, value: str, line: str
) -> None:
    plain = with_key(FILE, index, key, value)

    assert with_key(FILE, index, key, value, "2026-01-01 me: why").replace(line, "", 1) == plain


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), "\ufeff{}".format])
def test_line_ends_and_a_byte_order_mark_stay(change: Any) -> None:
    told = change(FILE)

    assert with_key(told, DOOR, "mode", "auto", "why") == change(
        with_key(FILE, DOOR, "mode", "auto", "why")
    )


@pytest.mark.parametrize(
    "text",
    [
        "- id: A\n  mode: &m audit\n  action: x\n- id: B\n  mode: *m\n",
        "- {id: &i A, also: *i}\n- id: B\n  day: 2026-99-99\n",
    ],
)
def test_what_a_program_cannot_change_safely_is_refused(text: str) -> None:
    with pytest.raises(UneditableError, match="by hand"):
        with_key(with_key(text, 0, "mode", "auto"), 1, "mode", "auto")


def test_a_rule_is_taken_out_with_its_comments_and_put_in_elsewhere() -> None:
    taken = [rule_text(FILE, index) for index in range(3)]

    assert taken[DOOR].startswith("# The door first.\nid: DOOR   # front\nconditions:   # all")
    assert taken[FLOW].startswith("{id: FLOW")
    text = ""
    for rule in taken:
        text = with_rule(text, rule)
    assert rules_of(text) == rules_of(FILE)
    assert "since May" in text


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        "- id: A\n  action: x",
        "rules: []  # none yet\nmade_by: hand\n",
        "rules:\n- id: A\n\n\n",
    ],
)
def test_a_rule_is_added_after_the_last_one(text: str) -> None:
    after = with_rule(text, "# new\nid: NEW\naction: escalate\ntests:\n  - a")

    assert rules_of(after) == [
        *rules_of(text), {"id": "NEW", "action": "escalate", "tests": ["a"]},
    ]  # fmt: skip
    assert "# new\n" in after
    if "[]" not in text:
        assert added(text, after)


def test_a_list_in_brackets_takes_no_further_rule() -> None:
    with pytest.raises(UneditableError, match="brackets"):
        with_rule("[{id: A}]", "id: B")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=st.lists(hostile.rules("r"), min_size=1, max_size=2),
    data=st.data(),
    style=st.fixed_dictionaries(
        {"default_flow_style": st.sampled_from([True, False, None]), "indent": st.integers(2, 6)}
    ),
    note=st.sampled_from(["", "why"]),
)
def test_any_file_says_the_same_afterwards_but_for_the_change(
    rules: list[dict[str, Any]], data: st.DataObject, style: dict[str, Any], note: str
) -> None:
    assume("\\ud800" not in repr(rules))  # half a character cannot be read from a file
    whole = {"rules": rules} if data.draw(st.booleans()) else rules
    text = yaml.safe_dump(copy.deepcopy(whole), sort_keys=False, allow_unicode=True, **style)
    index = data.draw(st.integers(0, len(rules) - 1))
    changes: list[tuple[str, str | bool]] = [("mode", "audit"), ("enabled", False)]
    key, value = data.draw(st.sampled_from(changes))

    after = with_key(text, index, key, value, note)

    rules[index][key] = value
    assert yaml.safe_load(after) == whole
    assert after.count("# why") == bool(note)
    if not style["default_flow_style"]:
        once_more = with_rule(after, rule_text(after, index))
        assert rules_of(once_more) == [*rules, rules[index]]
