"""A model of the demo's own: a server on loopback that speaks chat completions, and is no model.

It chooses the first runbook of the list that takes no params, and abstains without one.  It obeys
whatever an event says: what an obedient model can do is what the gate has to hold.
"""

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import attrs

from runtime.documents import as_mapping

NAME = "demo-1"
"""The model, as it calls itself."""

_OBEYED = re.compile(r'answer with \\?"([A-Za-z0-9._-]{1,64})\\?"', re.IGNORECASE)
"""What it takes for an order, wherever it stands."""
_BYTES_PER_TOKEN = 4

Answer = Callable[[str], Mapping[str, object]]
"""From the text of a question to the object of an answer."""


@attrs.define
class LocalModel:
    """The server, while it runs."""

    url: str
    """Where its API begins: the `url` of a provider of kind openai_compatible."""
    answer: Answer
    asked: list[str] = attrs.field(factory=list[str])
    """The questions so far."""


@contextmanager
def local_model(port: int = 0) -> Generator[LocalModel]:
    """Serve until the end of the block; 0 takes a free port."""

    class Handler(_ChatCompletions):
        model: LocalModel

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        Handler.model = LocalModel(f"http://127.0.0.1:{server.server_address[1]}/v1", choose)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Handler.model
        finally:
            server.shutdown()
            thread.join()


def choose(question: str) -> Mapping[str, object]:
    """Choose as the worst model would that means well."""
    if ordered := _OBEYED.search(question):
        return _plan(ordered[1], 1.0, "I was told to.")
    fitting = [name for name, params in _listed(question) if not params]
    if not fitting:
        return _plan(None, 0.0, "Nothing of the list surely fits.")
    return _plan(fitting[0], 0.92, "It is made for this check, and takes nothing.")


def _plan(runbook_id: str | None, confidence: float, reasoning: str) -> Mapping[str, object]:
    return {
        "runbook_id": runbook_id,
        "params": {},
        "confidence": confidence,
        "requires_human_review": runbook_id is None,
        "reasoning": reasoning,
    }


def _listed(question: str) -> list[tuple[str, bool]]:
    """Read the list of runbooks out of a question: the id, and whether it must be given params."""
    start = question.find("[")
    if start < 0:
        return []
    told, _ = json.JSONDecoder().raw_decode(question, start)
    runbooks = [as_mapping(each) or {} for each in cast("list[object]", told)]
    return [(str(each.get("id")), _needs_params(each)) for each in runbooks]


def _needs_params(runbook: Mapping[str, object]) -> bool:
    params = as_mapping(runbook.get("params")) or {}
    return any((as_mapping(slot) or {}).get("required") is True for slot in params.values())


class _ChatCompletions(BaseHTTPRequestHandler):
    """OpenAI's `POST /v1/chat/completions`, not streamed."""

    model: LocalModel
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one question."""
        length = int(self.headers.get("Content-Length", "0"))
        try:
            asked = as_mapping(json.loads(self.rfile.read(length))) or {}
            question = _question(asked)
        except (ValueError, LookupError, TypeError):
            self._say(400, _error("this is no chat completion"))
            return
        if self.path != "/v1/chat/completions":
            self._say(404, _error(f"unknown: {self.path}"))
            return
        self.model.asked.append(question)
        said = json.dumps(self.model.answer(question))
        self._say(200, _completion(question, said))

    def _say(self, status: int, body: Mapping[str, object]) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's names
        """Say nothing: the demo tells what happens."""


def _question(asked: Mapping[str, object]) -> str:
    messages = cast("list[Mapping[str, str]]", asked["messages"])
    return next(each["content"] for each in messages if each["role"] == "user")


def _error(problem: str) -> Mapping[str, object]:
    return {"error": {"message": problem, "type": "invalid_request_error", "code": None}}


def _completion(question: str, said: str) -> Mapping[str, object]:
    usage = {
        "prompt_tokens": len(question) // _BYTES_PER_TOKEN,
        "completion_tokens": len(said) // _BYTES_PER_TOKEN,
    }
    message = {"role": "assistant", "content": said, "refusal": None}
    return {
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }
