"""A rule on its way down the tree: what of it remains to be asked."""

from collections.abc import Callable

import attrs

from actors.l1_evaluator.questions import Event, Question


@attrs.frozen(eq=False)
class Entry:
    """A rule as far as it is not decided yet."""

    order: int
    """Where the rule stands among all: by priority, then by position."""
    questions: tuple[Question, ...]
    """All must hold; cheapest first."""
    further: Callable[[Event], bool] | None = None
    """What `any_of` and `none_of` ask, if the rule has them."""

    def anchors(self) -> dict[str, tuple[str, ...]]:
        """Give the fields that must hold certain texts, with the texts."""
        return {each.key: each.anchors for each in self.questions if each.anchors}

    def given(self, field: str, value: str) -> "Entry | None":
        """Give what remains once `field` is known to hold `value`; None if that excludes it."""
        for question in self.questions:
            if question.key == field:
                break
        else:  # most rules that are copied ask nothing about it
            return self
        remaining: list[Question] = []
        for question in self.questions:
            if question.key != field:
                remaining.append(question)
            elif not question.holds(value):
                return None
        return Entry(self.order, tuple(remaining), self.further)

    def answered(self, question: Question) -> "Entry":
        """Give what remains once `question` is known to hold."""
        remaining = tuple(each for each in self.questions if each is not question)
        return Entry(self.order, remaining, self.further)
