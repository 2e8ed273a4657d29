"""The errors of Aright.  An exception says that a promise broke, and carries the values."""

import difflib
from collections.abc import Iterable


class ArightError(Exception):
    """Everything that Aright itself raises; what a library raises is translated at its door."""


class InvalidFileError(ArightError):
    """A file written by a person is not what it should be."""

    def __init__(self, path: str, problem: str, *, line: int | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}")
        self.path, self.line, self.problem = path, line, problem


class NotFoundError(ArightError):
    """A person named a thing that is not there."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        near = difflib.get_close_matches(name, list(known), n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"no {kind} {name}{meant}")
        self.kind, self.name = kind, name


class ConflictError(ArightError):
    """What was asked does not fit the state a thing is in."""


class InvalidRequestError(ArightError):
    """What was asked is not complete, or not of the right kind."""


class StoreError(ArightError):
    """What was to be kept was not kept."""


class StoreFullError(StoreError):
    """No room is left on the disk or in the budget; nothing of the commit was kept."""


class StateDirError(StoreError):
    """The state directory cannot be used: read-only, or held by another process."""


class UnansweredError(ArightError):
    """A host gave no answer to a question: a timeout, a disk error, a file too large."""

    def __init__(self, reason: str, question: str) -> None:
        super().__init__(f"{question}: {reason}")
        self.reason, self.question = reason, question
        """`reason` is a code in snake_case."""


class UnanswerableError(UnansweredError):
    """A host cannot answer a question at all: no rights, or a tree of files cannot know."""


class EvidenceFormatError(ArightError):
    """A proof, a signed note or a kit that is not in its form; nothing in it is believed.

    `reason` is a code in snake_case.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
