"""Judgements over lines: what `aright plan judge` prints, made by the live gate."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import attrs

from actors.l2_planner.closed_catalogue import ClosedCatalogue
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling, judge
from actors.l2_planner.reply import Raw, Unreadable, strict_json

Id = str | int | None
"""What a line calls itself; anything else is told as null."""


@attrs.frozen
class JudgedLine:
    """One line of output, and whether its input could be read."""

    id: Id
    judgement: Judgement
    is_error: bool = False
    """Whether the input line was none: the command then ends with exit 1."""

    @property
    def text(self) -> str:
        """Spell it, without its newline."""
        judged = self.judgement
        return json.dumps(
            {"id": self.id, "decision": judged.decision.value, "reason": judged.reason}
        )


def judge_lines(catalogue: ClosedCatalogue, lines: Iterable[bytes]) -> Iterator[JudgedLine]:
    """Judge one answer a line, in order; a broken line is rejected and stops nothing."""
    for line in lines:
        yield _judged(catalogue, line)


def _judged(catalogue: ClosedCatalogue, line: bytes) -> JudgedLine:
    try:
        told = strict_json(line.decode())
    except UnicodeDecodeError:
        return _broken(None, "line_no_text")
    if isinstance(told, Unreadable):
        return _broken(None, f"line_{told.reason}")
    if not isinstance(told, dict):
        return _broken(None, "line_no_object")
    own_id, output = _id(told.get("id")), told.get("model_output")
    facts = _facts(told.get("event"))
    if facts is None:
        return _broken(own_id, "line_without_event")
    if not isinstance(output, str):
        return _broken(own_id, "line_without_output")
    return JudgedLine(own_id, judge(output, facts, catalogue))


def _broken(own_id: Id, reason: str) -> JudgedLine:
    return JudgedLine(own_id, Judgement(Ruling.REJECT, reason), is_error=True)


def _id(value: Raw) -> Id:
    return value if isinstance(value, str | int) else None


def _facts(event: Raw) -> IncidentFacts | None:
    """Give what of an event the gate needs; None where one of it is missing or no text."""
    if not isinstance(event, dict):
        return None
    told = cast("Mapping[str, object]", event)
    names = [told.get(name) for name in ("host", "platform", "check_type")]
    if not all(isinstance(name, str) and name for name in names):
        return None
    host, platform, check = cast("list[str]", names)
    return IncidentFacts(host, platform, check)
