"""Labelled texts, and how well a scrubber does on them."""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from runtime.scrub import Scrubber

DATA = Path(__file__).parents[2] / "data" / "scrub"

_MARK = re.compile(r"«(!?)([a-z_]+):(.*?)»|\u2039(.*?)\u203a", re.DOTALL)


@attrs.frozen
class Part:
    """A part of a text that must go, or must stay."""

    start: int
    end: int
    label: str = ""
    """Empty for what must stay."""
    in_context: bool = True
    """A word or field beside it tells its kind."""


@attrs.frozen
class Labelled:
    """One text and what is known of it."""

    group: str
    text: str
    parts: tuple[Part, ...]

    def shown(self, part: Part) -> str:
        return self.text[part.start : part.end]


def labelled(name: str) -> list[Labelled]:
    """Read a file of texts; its README tells the marks."""
    group, texts = "", list[Labelled]()
    for line in (DATA / name).read_text(encoding="utf-8").split("\n"):
        if line.startswith("== "):
            group = line[3:]
        elif line and not line.startswith("# "):
            texts.append(_read(group, line.replace("⏎", "\n").replace("␍", "\r")))
    return texts


def _read(group: str, marked: str) -> Labelled:
    text, parts, done = "", list[Part](), 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        inner = mark[3] if mark[2] else mark[4]
        parts.append(Part(len(text), len(text) + len(inner), mark[2] or "", mark[1] != "!"))
        text += inner
        done = mark.end()
    return Labelled(group, text + marked[done:], tuple(parts))


@attrs.define
class Score:
    """How many of how many."""

    told: int = 0
    told_gone: int = 0
    formed: int = 0
    formed_gone: int = 0
    stay: int = 0
    damaged: int = 0
    wrong: list[str] = attrs.field(factory=list[str])

    @property
    def in_context(self) -> float:
        return self.told_gone / max(1, self.told)

    @property
    def by_form(self) -> float:
        return self.formed_gone / self.formed if self.formed else 1.0

    @property
    def damage(self) -> float:
        return self.damaged / max(1, self.stay)

    def __str__(self) -> str:
        return (
            f"recall beside a word {self.told_gone}/{self.told} = {self.in_context:.3f},"
            f" by form {self.formed_gone}/{self.formed} = {self.by_form:.3f};"
            f" damaged {self.damaged}/{self.stay} = {self.damage:.3f}"
        )


def measured(scrubber: Scrubber, texts: list[Labelled]) -> Score:
    """Scrub all, and count: gone is what has no letter or digit left, damaged what lost any."""
    score = Score()
    for each in texts:
        covered = {at for span in scrubber.find(each.text) for at in range(span.start, span.end)}
        for part in each.parts:
            _count(score, each, part, covered)
    return score


def _count(score: Score, text: Labelled, part: Part, covered: set[int]) -> None:
    if not part.label:
        score.stay += 1
        if not covered.isdisjoint(range(part.start, part.end)):
            score.damaged += 1
            score.wrong.append(f"damaged {text.shown(part)!r} in {text.text!r}")
        return
    gone = all(at in covered for at in _telling(text.text, part))
    if part.in_context:
        score.told += 1
        score.told_gone += gone
    else:
        score.formed += 1
        score.formed_gone += gone
    if not gone:
        score.wrong.append(f"left {part.label} {text.shown(part)!r} in {text.text!r}")


def _telling(text: str, part: Part) -> Iterator[int]:
    return (at for at in range(part.start, part.end) if text[at].isalnum())
