"""Providers of models on loopback: each speaks its documented protocol and refuses any other.

Sources: the API references of OpenAI and Azure OpenAI (chat completions), Anthropic (messages) and
Ollama (chat).
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import attrs
import trio

Json = Any  # what a test looks into

KEY = "sk-test-0123456789"


@attrs.frozen
class Asked:
    """A request as it came in."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Json


@attrs.frozen
class NotSpokenError(Exception):
    """The protocol does not allow such a request."""

    status: int
    problem: str


Turn = Callable[[trio.SocketStream, "Spoken", Asked], Awaitable[None]]
"""What a server does with a request that the protocol allows."""


class Spoken(Protocol):
    """A protocol, as its server speaks it."""

    @property
    def path(self) -> str: ...

    def check(self, asked: Asked) -> None: ...

    def answer(self, text: str) -> Json: ...

    def without(self, fault: str) -> Json: ...

    def error(self, problem: str) -> Json: ...


def need(condition: object, status: int, problem: str) -> None:
    if not condition:
        raise NotSpokenError(status, problem)


def need_messages(body: Json, roles: set[str]) -> None:
    need(isinstance(body.get("messages"), list) and body["messages"], 400, "messages")
    for message in body["messages"]:
        need(message.keys() == {"role", "content"}, 400, "a message is role and content")
        need(message["role"] in roles and isinstance(message["content"], str), 400, "message")


@attrs.frozen
class OpenAi:
    """OpenAI's chat completions, and of all who speak it."""

    path: str = "/v1/chat/completions"
    token_key: str = "max_completion_tokens"
    takes_schema: bool = True

    def check(self, asked: Asked) -> None:
        need(asked.headers.get("authorization") == f"Bearer {KEY}", 401, "Incorrect API key")
        self.check_body(asked.body)

    def check_body(self, body: Json) -> None:
        allowed = {"model", "messages", "stream", self.token_key, "temperature", "response_format"}
        need(body.keys() <= allowed, 400, f"Unrecognized argument: {body.keys() - allowed}")
        need(isinstance(body.get("model"), str), 400, "you must provide a model parameter")
        need(body["model"] != "gone", 404, "The model does not exist")
        need_messages(body, {"system", "user"})
        need(isinstance(body[self.token_key], int), 400, self.token_key)
        form = body.get("response_format")
        need(form is None or self.takes_schema, 400, "response_format is not supported")
        if form is not None:
            need(form["type"] == "json_schema", 400, "response_format.type")
            need(form["json_schema"].keys() >= {"name", "schema"}, 400, "json_schema")
            need(isinstance(form["json_schema"]["schema"], dict), 400, "json_schema.schema")

    def answer(self, text: str) -> Json:
        return self._completion({"content": text, "refusal": None}, "stop")

    def without(self, fault: str) -> Json:
        match fault:
            case "truncated":
                return self._completion(
                    {"content": '{"runbook_id": "LI', "refusal": None}, "length"
                )
            case "filtered":
                return self._completion({"content": None, "refusal": None}, "content_filter")
            case "refused":
                return self._completion({"content": None, "refusal": "I cannot."}, "stop")
            case _:
                return self._completion({"content": "", "refusal": None}, "stop")

    def _completion(self, message: Json, finish: str) -> Json:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": "gpt-4o-2024-08-06",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", **message},
                    "logprobs": None,
                    "finish_reason": finish,
                }
            ],
            "usage": {
                "prompt_tokens": 900,
                "completion_tokens": 60,
                "total_tokens": 960,
                "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
            },
            "system_fingerprint": "fp_1",
        }

    def error(self, problem: str) -> Json:
        return {"error": {"message": problem, "type": "error", "param": None, "code": None}}


@attrs.frozen
class Azure(OpenAi):
    """Azure OpenAI: a deployment in the path, a version in the query, a key of its own."""

    path: str = "/openai/deployments/plans/chat/completions"

    def check(self, asked: Asked) -> None:
        need(asked.query.get("api-version") == ["2024-10-21"], 404, "Resource not found")
        need(asked.headers.get("api-key") == KEY, 401, "Access denied")
        self.check_body(asked.body)


@attrs.frozen
class Local(OpenAi):
    """vLLM, llama.cpp, LM Studio: the older name for the bound of tokens, and no key."""

    token_key: str = "max_tokens"

    def check(self, asked: Asked) -> None:
        need("authorization" not in asked.headers, 400, "a key for nobody")
        self.check_body(asked.body)


@attrs.frozen
class Anthropic:
    """Anthropic's messages."""

    path: str = "/v1/messages"

    def check(self, asked: Asked) -> None:
        need(asked.headers.get("x-api-key") == KEY, 401, "invalid x-api-key")
        need(asked.headers.get("anthropic-version") == "2023-06-01", 400, "anthropic-version")
        body = asked.body
        allowed = {"model", "max_tokens", "system", "messages", "tools", "tool_choice"}
        need(body.keys() <= allowed, 400, "Extra inputs are not permitted")
        need(isinstance(body.get("max_tokens"), int), 400, "max_tokens: Field required")
        need(body["model"] != "gone", 404, "model: gone")
        need_messages(body, {"user", "assistant"})
        for tool in body.get("tools", []):
            need(tool.keys() == {"name", "description", "input_schema"}, 400, "tools")
            need(tool["input_schema"].get("type") == "object", 400, "input_schema.type")
        if choice := body.get("tool_choice"):
            names = [tool["name"] for tool in body["tools"]]
            need(choice == {"type": "tool", "name": names[0]}, 400, "tool_choice")

    def answer(self, text: str) -> Json:
        block = {"type": "tool_use", "id": "toolu_1", "name": "plan", "input": json.loads(text)}
        return self._message([{"type": "text", "text": "I choose."}, block], "tool_use")

    def without(self, fault: str) -> Json:
        match fault:
            case "truncated":
                return self._message([{"type": "text", "text": "I th"}], "max_tokens")
            case "filtered" | "refused":
                return self._message([], "refusal")
            case _:
                return self._message([], "end_turn")

    def _message(self, content: Json, stop: str) -> Json:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5-20251001",
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 800,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 100,
                "output_tokens": 60,
            },
        }

    def error(self, problem: str) -> Json:
        return {"type": "error", "error": {"type": "api_error", "message": problem}}


@attrs.frozen
class Ollama:
    """Ollama's own chat."""

    path: str = "/api/chat"

    def check(self, asked: Asked) -> None:
        body = asked.body
        need(body.keys() <= {"model", "messages", "stream", "format", "options"}, 400, "keys")
        need(body["model"] != "gone", 404, "model 'gone' not found")
        need_messages(body, {"system", "user"})
        need(body["stream"] is False, 400, "this server does not stream")
        need(body["options"].keys() <= {"temperature", "num_predict"}, 400, "options")
        need(isinstance(body.get("format", {}), dict), 400, "format")

    def answer(self, text: str) -> Json:
        return self._reply(text, "stop")

    def without(self, fault: str) -> Json:
        return self._reply('{"run', "length") if fault == "truncated" else self._reply("", "stop")

    def _reply(self, text: str, why: str) -> Json:
        return {
            "model": "llama3.1:8b",
            "created_at": "2026-11-29T12:00:00.000000Z",
            "message": {"role": "assistant", "content": text},
            "done_reason": why,
            "done": True,
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": 900,
            "prompt_eval_duration": 1_000_000,
            "eval_count": 60,
            "eval_duration": 1_000_000,
        }

    def error(self, problem: str) -> Json:
        return {"error": problem}


def says(text: str) -> Turn:
    """Answer with this text of the model."""

    async def turn(stream: trio.SocketStream, spoken: Spoken, _: Asked) -> None:
        await reply(stream, 200, spoken.answer(text))

    return turn


def fails(fault: str) -> Turn:
    """Answer, but without a text that is of use: truncated, filtered, refused, empty."""

    async def turn(stream: trio.SocketStream, spoken: Spoken, _: Asked) -> None:
        await reply(stream, 200, spoken.without(fault))

    return turn


def status(code: int, problem: str = "no", **headers: str) -> Turn:
    """Answer an error as the protocol spells it."""

    async def turn(stream: trio.SocketStream, spoken: Spoken, _: Asked) -> None:
        await reply(stream, code, spoken.error(problem), headers)

    return turn


def raw(body: bytes) -> Turn:
    """Answer 200 with these bytes."""

    async def turn(stream: trio.SocketStream, _: Spoken, __: Asked) -> None:
        await write(stream, 200, body, {})

    return turn


def misbehaves(conduct: Callable[[trio.SocketStream], Awaitable[None]]) -> Turn:
    """Do to the connection what `tests.runtime.webhook` can do to one."""

    async def turn(stream: trio.SocketStream, _: Spoken, __: Asked) -> None:
        await conduct(stream)

    return turn


async def reply(
    stream: trio.SocketStream, code: int, data: Json, headers: Mapping[str, str] | None = None
) -> None:
    await write(stream, code, json.dumps(data).encode(), headers or {})


async def write(
    stream: trio.SocketStream, code: int, body: bytes, headers: Mapping[str, str]
) -> None:
    lines = [
        f"HTTP/1.1 {code} Said",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    await stream.send_all("\r\n".join([*lines, "", ""]).encode() + body)


@attrs.define
class Server:
    """A provider on loopback."""

    spoken: Spoken
    turns: list[Turn]
    """What it does with the first request, the second, ...; the last one with all that follow."""
    port: int = 0
    asked: list[Asked] = attrs.field(factory=list)
    refused: list[str] = attrs.field(factory=list)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.root + self.spoken.path

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                asked = await read(stream)
                self.asked.append(asked)
                turn = self.turns[min(len(self.asked), len(self.turns)) - 1]
                try:
                    need(asked.method == "POST", 405, "POST only")
                    need(asked.path == self.spoken.path, 404, "Not Found")
                    need(asked.headers["content-type"] == "application/json", 415, "JSON only")
                    self.spoken.check(asked)
                except NotSpokenError as refusal:
                    self.refused.append(refusal.problem)
                    error = self.spoken.error(refusal.problem)
                    await reply(stream, refusal.status, error)
                else:
                    await turn(stream, self.spoken, asked)
            except trio.BrokenResourceError:
                pass


async def read(stream: trio.SocketStream) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += bytes(await stream.receive_some())
    head, body = data.split(b"\r\n\r\n", 1)
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
    while len(body) < int(headers["content-length"]):
        body += bytes(await stream.receive_some())
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    return Asked(method, parts.path, parse_qs(parts.query), headers, json.loads(body))


@asynccontextmanager
async def serving(spoken: Spoken, *turns: Turn) -> AsyncIterator[Server]:
    """Listen on a free port of loopback."""
    server = Server(spoken, list(turns))
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
