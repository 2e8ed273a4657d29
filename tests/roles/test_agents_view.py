"""What operators read of one agent."""

import datetime as dt

import pytest

from actors.drift_receiver import Agent, SqliteAgents
from actors.drift_receiver.inventory import Inventory
from actors.messages import Platform
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.hosts.sqlite import InlineStore
from runtime.roles.views import view
from tests.fakes.store import inline_store

SEEN = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
CERTIFIED = {
    "serial": "0a1b",
    "host": "ws-7",
    "agent_id": "go-WS-7-00000000",
    "not_before": "2020-11-24T09:30:00+00:00",
    "not_after": "2020-11-25T09:30:00+00:00",
    "issued_at": "2020-11-24T09:30:00+00:00",
    "address": "192.0.2.7",
}


@pytest.fixture
async def store() -> InlineStore:
    store = inline_store("drift_receiver", "site_ca")
    agent = Agent("go-WS-7-00000000", "WS-7", Platform.WINDOWS, "2.1", SEEN, SEEN)
    await store.commit(SqliteAgents().register(agent, Inventory("Windows 11")))
    return store


def shown(store: InlineStore, host: str) -> dict[str, object]:
    page = view(store.connection, "agent", "show", {"host": host})
    assert isinstance(page, dict)
    return page


async def test_an_agent_without_a_certificate_is_shown_with_none(store: InlineStore) -> None:
    page = shown(store, "ws-7")

    assert (page["host"], page["os_version"], page["certificate"]) == ("WS-7", "Windows 11", None)


async def test_an_agent_is_shown_with_its_certificate_and_how_that_stands(
    store: InlineStore,
) -> None:
    names = ", ".join(CERTIFIED)
    store.connection.execute(
        f"insert into certificates ({names}) values (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        tuple(CERTIFIED.values()),
    )

    assert shown(store, "WS-7")["certificate"] == {
        "state": "expired", "expires": CERTIFIED["not_after"], "serial": "0a1b",
    }  # fmt: skip


async def test_a_host_without_an_agent_and_no_host_are_told(store: InlineStore) -> None:
    with pytest.raises(NotFoundError):
        shown(store, "ws-9")
    with pytest.raises(InvalidRequestError):
        shown(store, "")
