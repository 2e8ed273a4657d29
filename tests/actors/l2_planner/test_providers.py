"""Dialects against servers that speak the documented protocols: answers, and why none came."""

import json
from random import Random

import attrs
import pytest
import trio
from hypothesis import given, strategies as st

from actors.l2_planner.anthropic_dialect import Messages
from actors.l2_planner.asking import Answer, Dialect, Fault, NoAnswer, Tokens
from actors.l2_planner.ollama_dialect import OllamaChat
from actors.l2_planner.openai_dialect import ChatCompletions
from actors.l2_planner.prices import Price
from actors.l2_planner.prompt import Prompt
from actors.l2_planner.provider import Provider
from runtime.clock import SystemClock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpClient
from runtime.outbound import Outbound
from runtime.scrub import ours
from tests.fakes.providers import (
    KEY,
    Anthropic,
    Azure,
    Local,
    Ollama,
    OpenAi,
    Server,
    Spoken,
    Turn,
    fails,
    misbehaves,
    raw,
    says,
    serving,
    status,
)
from tests.runtime.webhook import dripping, endless, hang, head_without_end, reset

PLAN = {"runbook_id": "LIN-SSH-003", "confidence": 0.9, "requires_human_review": False}
TEXT = json.dumps(PLAN)
PROMPT = Prompt(
    ours("You choose."),
    ours("The drift: max_tries 6"),
    ours('{"type":"object","properties":{"runbook_id":{"type":"string"}}}'),
)

BEARER = {"Authorization": f"Bearer {KEY}"}
VERSIONED = "?api-version=2024-10-21"

ALL = ["openai", "azure", "local", "anthropic", "ollama"]
SPOKEN: dict[str, Spoken] = {
    "openai": OpenAi(),
    "azure": Azure(),
    "local": Local(),
    "anthropic": Anthropic(),
    "ollama": Ollama(),
}


def dialect(kind: str, url: str, model: str = "m-1") -> Dialect:
    match kind:
        case "openai":
            return ChatCompletions(url, model, 300, BEARER, is_hosted=True)
        case "azure":
            return ChatCompletions(url + VERSIONED, model, 300, {"api-key": KEY}, is_hosted=True)
        case "local":
            return ChatCompletions(url, model, 300)
        case "anthropic":
            return Messages(url, model, 300, {"x-api-key": KEY})
        case _:
            return OllamaChat(url, model, 300)


def provider(kind: str, server: Server, model: str = "m-1") -> Provider:
    door = Outbound(
        HttpClient(),
        frozenset({Destination.of(server.url)}),
        SystemClock(),
        Random(7),  # noqa: S311  jitter
    )
    price = Price.of_dollars(1, 5)
    return Provider(kind, model, dialect(kind, server.url, model), price, 300, door)


async def ask(
    kind: str, *turns: Turn, within_s: float = 5.0, model: str = "m-1"
) -> Answer | NoAnswer:
    async with serving(SPOKEN[kind], *turns) as server:
        return await provider(kind, server, model).ask(PROMPT, within_s)


@pytest.mark.parametrize("kind", ALL)
async def test_a_question_is_spelled_as_documented_and_its_answer_read(kind: str) -> None:
    async with serving(SPOKEN[kind], says(TEXT)) as server:
        given = await provider(kind, server).ask(PROMPT, 5.0)

    assert server.refused == []
    assert isinstance(given, Answer)
    assert json.loads(given.text) == PLAN
    assert given.tokens is not None
    assert (given.tokens.input + given.tokens.cached, given.tokens.output) == (900, 60)


@pytest.mark.parametrize(("kind", "cached"), [("openai", 100), ("anthropic", 100), ("ollama", 0)])
async def test_what_the_provider_had_in_its_cache_is_counted_apart(kind: str, cached: int) -> None:
    given = await ask(kind, says(TEXT))

    assert isinstance(given, Answer)
    assert given.tokens == Tokens(900 - cached, 60, cached)


@pytest.mark.parametrize("kind", ALL)
async def test_the_model_is_held_to_the_schema_in_the_way_of_each(kind: str) -> None:
    async with serving(SPOKEN[kind], says(TEXT)) as server:
        await provider(kind, server).ask(PROMPT, 5.0)

    [asked] = server.asked
    match kind:
        case "anthropic":
            schema = asked.body["tools"][0]["input_schema"]
        case "ollama":
            schema = asked.body["format"]
        case _:
            schema = asked.body["response_format"]["json_schema"]["schema"]
    assert schema == json.loads(PROMPT.schema.text)


@pytest.mark.parametrize(
    "refusing", [status(400, "response_format"), status(500, "failed to parse grammar")]
)
async def test_a_server_that_knows_no_schemas_is_asked_without_from_then_on(refusing: Turn) -> None:
    async with serving(Local(), refusing, says(TEXT)) as server:
        local = provider("local", server)
        first = await local.ask(PROMPT, 5.0)
        await local.ask(PROMPT, 5.0)

    assert isinstance(first, Answer)
    assert ["response_format" in asked.body for asked in server.asked] == [True, False, False]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    ("turn", "fault"),
    [
        (status(401), Fault.UNAUTHORIZED),
        (status(403), Fault.UNAUTHORIZED),
        (status(404), Fault.NO_SUCH_MODEL),
        (status(413), Fault.BAD_REQUEST),
        (status(307, Location="http://127.0.0.1:1/"), Fault.BAD_REQUEST),
        (status(429), Fault.RATE_LIMITED),
        (status(500), Fault.SERVER_ERROR),
        (status(503), Fault.UNAVAILABLE),
        (status(529), Fault.UNAVAILABLE),
        (fails("truncated"), Fault.TRUNCATED),
        (fails("empty"), Fault.EMPTY),
        (raw(b"<html>"), Fault.MALFORMED),
        (raw(b"[]"), Fault.MALFORMED),
        (raw(b"{}"), Fault.MALFORMED),
        (raw(b'{"choices": [], "content": 1, "message": []}'), Fault.MALFORMED),
        (raw(b'{"a": 1, "a": 2}'), Fault.MALFORMED),
        (raw(b'{"a": NaN}'), Fault.MALFORMED),
        (raw(b"[" * 100_000), Fault.MALFORMED),
        (raw(b"\xff\xfe"), Fault.MALFORMED),
        (raw(b"{" + b" " * 300_000 + b"}"), Fault.TOO_LARGE),
        (misbehaves(endless), Fault.TOO_LARGE),
        (misbehaves(reset), Fault.BROKEN_OFF),
    ],
)
async def test_each_way_to_give_no_answer_has_its_name(kind: str, turn: Turn, fault: Fault) -> None:
    given = await ask(kind, turn)

    assert isinstance(given, NoAnswer)
    assert given.fault is fault


@pytest.mark.parametrize("kind", ["openai", "azure", "local"])
@pytest.mark.parametrize(
    ("turn", "fault"),
    [(fails("filtered"), Fault.FILTERED), (fails("refused"), Fault.REFUSED)],
)
async def test_a_filter_and_a_refusal_are_told_apart(kind: str, turn: Turn, fault: Fault) -> None:
    given = await ask(kind, turn)

    assert given == NoAnswer(fault, Tokens(800, 60, 100))


async def test_anthropic_refuses_by_a_stop_reason() -> None:
    given = await ask("anthropic", fails("refused"))

    assert isinstance(given, NoAnswer)
    assert given.fault is Fault.REFUSED


async def test_azure_filters_a_question_with_a_400() -> None:
    async def filtered(stream: trio.SocketStream, *_: object) -> None:
        body = json.dumps({"error": {"code": "content_filter", "message": "no", "status": 400}})
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n"
        await stream.send_all((head + body).encode())

    given = await ask("azure", filtered)

    assert given == NoAnswer(Fault.FILTERED)


@pytest.mark.parametrize("kind", ALL)
async def test_a_model_that_is_gone_and_a_wrong_key_are_said_by_the_protocol(kind: str) -> None:
    gone = await ask(kind, says(TEXT), model="gone")

    assert gone == NoAnswer(Fault.NO_SUCH_MODEL)


@pytest.mark.parametrize("conduct", [hang, dripping, head_without_end])
async def test_who_does_not_come_to_an_end_is_left_in_time(conduct: object) -> None:
    begun = trio.current_time()

    given = await ask("openai", misbehaves(conduct), within_s=0.3)  # type: ignore[arg-type]

    assert isinstance(given, NoAnswer)
    assert given.fault in {Fault.TIMEOUT, Fault.BROKEN_OFF, Fault.BAD_HTTP}
    assert trio.current_time() - begun < 30  # they go on for ever


async def test_nobody_there_is_unreachable() -> None:
    async with serving(OpenAi(), says(TEXT)) as server:
        gone = provider("openai", server)

    assert await gone.ask(PROMPT, 1.0) == NoAnswer(Fault.UNREACHABLE)


async def test_a_pause_that_a_provider_asks_for_is_told() -> None:
    given = await ask("openai", status(429, Retry_After="7"))

    assert given == NoAnswer(Fault.RATE_LIMITED, retry_in_s=7)


async def test_a_provider_that_counts_nothing_is_understood() -> None:
    async def uncounted(stream: trio.SocketStream, spoken: Spoken, _: object) -> None:
        reply = spoken.answer(TEXT)
        del reply["usage"]
        await raw(json.dumps(reply).encode())(stream, spoken, _)  # type: ignore[arg-type]

    given = await ask("local", uncounted)

    assert isinstance(given, Answer)
    assert given.tokens is None


async def test_two_uses_of_the_tool_are_no_one_answer() -> None:
    async def twice(stream: trio.SocketStream, spoken: Spoken, _: object) -> None:
        reply = spoken.answer(TEXT)
        reply["content"].append(reply["content"][1])
        await raw(json.dumps(reply).encode())(stream, spoken, _)  # type: ignore[arg-type]

    given = await ask("anthropic", twice)

    assert isinstance(given, Answer)
    with pytest.raises(json.JSONDecodeError):
        json.loads(given.text)


def test_a_key_is_shown_nowhere() -> None:
    for kind in ALL:
        spoken = dialect(kind, "https://example.org/v1")
        assert KEY not in repr(spoken)
        assert KEY not in repr(spoken.call(PROMPT, structured=True))
        assert KEY not in str(attrs.astuple(PROMPT))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([
                "choices", "message", "content", "usage", "type", "text", "input", "error", "code",
                "finish_reason", "stop_reason", "done", "eval_count", "prompt_tokens", "name",
            ]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(body=st.binary(max_size=64) | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_reply_makes_a_dialect_raise(body: bytes) -> None:
    for kind in ALL:
        spoken = dialect(kind, "https://example.org/v1")
        assert isinstance(spoken.read(body), Answer | NoAnswer)
        assert isinstance(spoken.fault_of(400, body), Fault)
