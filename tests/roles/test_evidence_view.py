"""What operators ask of the evidence log: what is none of it is not found, whatever it is."""

import pytest

from runtime.errors import InvalidRequestError, NotFoundError
from runtime.roles.evidence_view import statement, statements
from tests.fakes.store import inline_store

ROOMS = ("journal", "coverage", "evidence_log")


@pytest.mark.parametrize("identity", ["x", "1", "1/", "/1", "1/-1", "1/²", "²/1", "1/1/1"])
def test_what_names_no_statement_is_not_found(identity: str) -> None:
    connection = inline_store(*ROOMS).connection
    with pytest.raises(NotFoundError):
        statement(connection, {"id": identity})
    with pytest.raises(NotFoundError):
        statements(connection, {"before": identity})


@pytest.mark.parametrize("limit", ["", "0", "-1", "²", "10001", "9" * 5000])
def test_a_limit_that_is_none_is_said_to_be_none(limit: str) -> None:
    with pytest.raises(InvalidRequestError, match="limit"):
        statements(inline_store(*ROOMS).connection, {"limit": limit})
