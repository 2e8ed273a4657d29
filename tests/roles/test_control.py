"""What an operator's program may say on the control socket."""

import pytest

from runtime.errors import InvalidRequestError
from runtime.roles.control import seconds


@pytest.mark.parametrize("given", [10**400, 1e300, 1e11, float("inf"), float("nan"), 0, -1, True])
def test_no_duration_makes_a_room_fall(given: object) -> None:
    with pytest.raises(InvalidRequestError, match="seconds must be a number"):
        seconds({"seconds": given}, "seconds")


def test_a_duration_may_be_left_out() -> None:
    assert seconds({}, "seconds") is None
    assert seconds({"seconds": 60}, "seconds") == 60.0
