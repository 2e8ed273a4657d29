"""What ended a nursery, told apart."""

from collections.abc import Sequence
from typing import cast


def leaves(group: BaseExceptionGroup[BaseException]) -> Sequence[BaseException]:
    """List the errors in a group and in the groups within it."""
    found: list[BaseException] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            found += leaves(cast("BaseExceptionGroup[BaseException]", error))
        else:
            found.append(error)
    return found
