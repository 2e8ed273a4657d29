"""Reads attacks: `redteam/*.yaml` of the rule folders."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pydantic

from actors.l2_planner.attacks import Attacks, BadAnswer, BadEvent, BadValue
from runtime.documents import read_document, validated
from runtime.errors import InvalidFileError

_Id = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
_Title = Annotated[str, pydantic.Field(min_length=1, max_length=100)]
_Text = Annotated[str, pydantic.Field(max_length=100_000)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class _Long(_Strict):
    """A text that would be tiresome to write out."""

    repeat: _Text
    times: Annotated[int, pydantic.Field(ge=1, le=100_000)]
    before: _Text = ""
    after: _Text = ""

    @property
    def text(self) -> str:
        return self.before + self.repeat * self.times + self.after


_Field = Annotated[
    _Text | _Long | dict[str, pydantic.JsonValue], pydantic.Field(union_mode="left_to_right")
]


class _Attack(_Strict):
    id: _Id
    title: _Title


class _Answer(_Attack):
    says: _Text | _Long


class _Event(_Attack):
    fields: dict[str, _Field]
    wants: _Text
    hidden: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()


class _Value(_Attack):
    value: pydantic.JsonValue


class _File(_Strict):
    answers: list[_Answer] = []
    events: list[_Event] = []
    values: list[_Value] = []


def load_attacks(folders: Iterable[Path]) -> Attacks:
    """Read the attacks of all folders, sorted by file.

    Raises:
        InvalidFileError: the first thing that is wrong, with file, line and what is allowed.
    """
    answers: list[BadAnswer] = []
    events: list[BadEvent] = []
    values: list[BadValue] = []
    taken: set[str] = set()
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        document = read_document(path)
        file = validated(document, _File)
        for kind, attacks in _by_kind(file):
            for position, each in enumerate(attacks):
                if each.id in taken:
                    line = document.line_of((kind, position))
                    raise InvalidFileError(str(path), f"{each.id} is there already", line=line)
                taken.add(each.id)
        answers += [BadAnswer(each.id, each.title, _text(each.says)) for each in file.answers]
        events += [_event(each) for each in file.events]
        values += [BadValue(each.id, each.title, each.value) for each in file.values]
    return Attacks(answers, events, values)


def _by_kind(file: _File) -> Iterator[tuple[str, Sequence[_Attack]]]:
    yield "answers", file.answers
    yield "events", file.events
    yield "values", file.values


def _event(written: _Event) -> BadEvent:
    fields = {
        name: value.text if isinstance(value, _Long) else value
        for name, value in written.fields.items()
    }
    return BadEvent(written.id, written.title, fields, written.wants, written.hidden)


def _text(written: str | _Long) -> str:
    return written.text if isinstance(written, _Long) else written
