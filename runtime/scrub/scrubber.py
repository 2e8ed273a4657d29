"""Text in, `Scrubbed` out: finds what must go, and puts tags in its place."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from runtime.scrub.normal import plain
from runtime.scrub.reading import Finders, Reading
from runtime.scrub.recall import Recall
from runtime.scrub.scrubbed import SEAL, Scrubbed, ScrubError
from runtime.scrub.span import Span
from runtime.scrub.tags import TAG, Tags
from runtime.scrub.vocabulary import Vocabulary, shipped_vocabulary

Json: TypeAlias = str | int | float | bool | list["Json"] | Mapping[str, "Json"] | None


@attrs.frozen
class Scrubber:
    """Scrubs for one site."""

    key: bytes = attrs.field(repr=False)
    """The site's own, 16 bytes or more: the same value has the same tag in all its texts."""
    private_addresses: bool = attrs.field(default=False, kw_only=True)
    """Whether the private addresses of machines go as well."""
    vocabulary: Vocabulary = attrs.field(factory=shipped_vocabulary, kw_only=True, repr=False)
    _tags: Tags = attrs.field(init=False, repr=False)
    _finders: Finders = attrs.field(init=False, repr=False)
    _recall: Recall = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_tags", Tags(self.key))
        object.__setattr__(self, "_recall", Recall(hashlib.sha256(self.key).digest()))
        object.__setattr__(self, "_finders", Finders(self.vocabulary, self.private_addresses))

    def reading(self) -> Reading:
        """Begin to read one text, whose lines are given to it one after the other."""
        return Reading(self._finders, self._recall)

    def find(self, text: str) -> list[Span]:
        """Find what must go from one text, in order and without overlaps."""
        reading, found, at = self.reading(), list[Span](), 0
        for line in text.split("\n"):
            found += (
                Span(at + each.start, at + each.end, each.label) for each in reading.line(line)
            )
            at += len(line) + 1
        return found

    def line(self, line: str, reading: Reading) -> Scrubbed:
        """Scrub the next line of a text that is read line by line; raises ScrubError."""
        try:
            return Scrubbed(self._tags.tagged(line, reading.line(line)), SEAL)
        except _FAILURES as error:
            # Nothing of the text may stand in what is raised, nor behind it.
            raise ScrubError(f"a text was not scrubbed: {type(error).__name__}") from None

    def text(self, text: str) -> Scrubbed:
        """Scrub one text: lines, judged alone unless the first says that they are one thing.

        Raises:
            ScrubError: it could not be done; nothing of the text may leave.
        """
        reading = self.reading()
        return Scrubbed("\n".join(self.line(line, reading).text for line in text.split("\n")), SEAL)

    def document(self, value: Json) -> Scrubbed:
        """Scrub structured data, keys and numbers too; gives JSON text.

        What a value means is told by the way to it, as `aright scrub` reads a line of JSON.

        Raises:
            ScrubError: it could not be done, or `value` is nothing that JSON can say.
        """
        try:
            spelled = json.dumps(value, allow_nan=False)
            labels = self._finders.json.labels(plain(spelled).text)
            clean = self._clean(value, "", labels, itertools.count())
            return Scrubbed(json.dumps(clean), SEAL)
        except _FAILURES as error:
            raise ScrubError(f"data was not scrubbed: {type(error).__name__}") from None

    def _clean(
        self, value: Json, key: str, labels: Mapping[int, str], leaves: Iterator[int]
    ) -> object:
        """Scrub what stands under `key`; `labels` are of the leaves that the ways tell."""
        match value:
            case str():
                return self._leaf(value, key, labels.get(next(leaves)))
            case None | bool():
                next(leaves)
                return value
            case int() | float():
                spelled = json.dumps(value)
                clean = self._leaf(spelled, key, labels.get(next(leaves)))
                return value if clean == spelled else clean
            case list():
                return [self._clean(inner, key, labels, leaves) for inner in value]
            case _:
                return {
                    self.text(name).text: self._clean(inner, name, labels, leaves)
                    for name, inner in value.items()
                }

    def _leaf(self, value: str, key: str, label: str | None) -> str:
        if label is not None and value and not TAG.fullmatch(value):
            return self._tags.tag(label, value)
        if not key or "\n" in value:
            value = self.text(value).text
        # Behind its key each line may be what the key tells: `"password": "hunter2\n"`.
        return "\n".join(self._behind(key, line) for line in value.split("\n")) if key else value

    def _behind(self, key: str, line: str) -> str:
        """Scrub a line that stands under a key."""
        if not line.strip():
            return line
        if '"' in line:
            # Its own quotes do not end it.  What stands between them is looked at below.
            line = self._tags.tagged(line, self._told(key, line.replace('"', "'")))
        return self._tags.tagged(line, self._told(key, line))

    def _told(self, key: str, line: str) -> list[Span]:
        """Find what must go from a line behind the name of its field."""
        before, after = f'"{key}": "', ' "' if line.endswith("\\") else '"'
        begin, end = len(before), len(before) + len(line)
        return [
            Span(max(span.start, begin) - begin, min(span.end, end) - begin, span.label)
            for span in self.reading().line(f"{before}{line}{after}")
            if span.start < end and span.end > begin
        ]


_FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""All that a mistake of ours can raise on a text that nobody thought of."""
