"""The control socket's table of verbs, without a socket: what is asked, and what is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from runtime.errors import InvalidRequestError
from runtime.hosts.http_message import BadRequestError, Request, Response
from runtime.roles.control import (
    Args,
    Body,
    Control,
    MissingArgumentError,
    Probes,
    UnknownVerbError,
    limit_of,
    seconds,
    text,
)

PROBES = Probes(lambda: {"actors": []}, lambda: False, lambda: "metric 1\n")


async def read(noun: str, verb: str, args: Args) -> object:
    return {"asked": f"{noun} {verb}", **args}


async def echo(body: Body) -> object:
    return {"told": text(body, "who")}


CONTROL = Control(PROBES, read, {("thing", "change"): echo})


async def answer(method: str, path: str, body: object = None, **query: str) -> Response:
    sent = b"" if body is None else json.dumps(body).encode()
    return await CONTROL.handle(Request(method, path, query, {}, sent))


def data(response: Response) -> Any:
    return json.loads(response.body)


async def test_a_get_reads_and_a_post_changes() -> None:
    assert data(await answer("GET", "/v1/thing/list", host="a")) == {
        "asked": "thing list", "host": "a",
    }  # fmt: skip
    assert data(await answer("POST", "/v1/thing/change", {"who": "kim"})) == {"told": "kim"}


async def test_probes_are_answered_too() -> None:
    assert data(await answer("GET", "/health")) == {"actors": []}
    not_ready = await answer("GET", "/ready")
    assert (not_ready.status, data(not_ready)) == (503, {"ready": False})
    assert (await answer("GET", "/metrics")).body == b"metric 1\n"
    assert (await answer("GET", "/")).status == 404


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/thing/change"), ("POST", "/health")])
async def test_a_method_that_is_not_for_it_is_refused(method: str, path: str) -> None:
    assert (await answer(method, path)).status == 405


async def test_a_change_that_nobody_knows_is_told() -> None:
    with pytest.raises(UnknownVerbError):
        await answer("POST", "/v1/thing/explode", {})


@pytest.mark.parametrize("body", [[], "text", 5])
async def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(BadRequestError):
        await answer("POST", "/v1/thing/change", body)


@pytest.mark.parametrize("body", [{}, {"who": 5}, {"who": None}])
async def test_an_argument_that_is_missing_or_of_another_kind_is_named(
    body: Mapping[str, object],
) -> None:
    with pytest.raises(MissingArgumentError, match="who must be text"):
        await answer("POST", "/v1/thing/change", body)


@pytest.mark.parametrize("value", [0, -1, "5", True, [], float("nan")])
def test_a_duration_is_a_number_above_zero(value: object) -> None:
    with pytest.raises(MissingArgumentError, match="seconds must be"):
        seconds({"seconds": value}, "seconds")


def test_no_duration_is_none() -> None:
    assert seconds({}, "seconds") is None
    assert seconds({"seconds": 5}, "seconds") == 5.0


@pytest.mark.parametrize("text", ["", "0", "-1", "10001", "²", "1e3", "9" * 5000])
def test_a_limit_that_is_no_number_of_rows_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="limit must be a number from 1 to 10000"):
        limit_of({"limit": text})


def test_a_hundred_rows_are_listed_where_nobody_says_how_many() -> None:
    assert (limit_of({}), limit_of({"limit": "10000"})) == (100, 10_000)
