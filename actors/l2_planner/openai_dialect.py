"""Chat completions: OpenAI, Azure OpenAI, and the many servers that speak it too.  Pure.

Sources: the API references of OpenAI (chat completions, structured outputs) and of Azure OpenAI
(data plane); vLLM, llama.cpp, LM Studio and Ollama document the same request for their port.
"""

from collections.abc import Mapping

import attrs

from actors.l2_planner.asking import (
    MAX_REPLY,
    Answer,
    Fault,
    NoAnswer,
    Tokens,
    plain_fault,
)
from actors.l2_planner.envelope import (
    Json,
    MalformedReplyError,
    at,
    count_at,
    envelope,
    text_at,
)
from actors.l2_planner.prompt import Prompt
from runtime.outbound import Call
from runtime.scrub import Code, Inline, Template, assemble, ours


@attrs.frozen
class ChatCompletions:
    """One model behind `…/chat/completions`."""

    url: str = attrs.field(repr=False)
    """Of the request, whole."""
    model: str
    max_tokens: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    is_hosted: bool = False
    """OpenAI's own and Azure: they name the bound of tokens anew, and some of their models take no
    temperature but the default."""

    def call(self, prompt: Prompt, *, structured: bool) -> Call:
        """Spell a prompt."""
        body: dict[str, Template] = {
            "model": Code(self.model),
            "messages": [
                {"role": ours("system"), "content": prompt.system},
                {"role": ours("user"), "content": prompt.user},
            ],
            "stream": False,
        }
        if self.is_hosted:
            body["max_completion_tokens"] = self.max_tokens
        else:
            body["max_tokens"] = self.max_tokens
            body["temperature"] = 0
        if structured:
            body["response_format"] = {
                "type": ours("json_schema"),
                "json_schema": {
                    "name": ours("plan"),
                    "strict": True,
                    "schema": Inline(prompt.schema),
                },
            }
        return Call("POST", self.url, self.headers, assemble(body), max_reply=MAX_REPLY)

    def read(self, body: bytes) -> Answer | NoAnswer:
        """Read a `chat.completion` object."""
        try:
            reply = envelope(body)
        except MalformedReplyError:
            return NoAnswer(Fault.MALFORMED)
        tokens, choice = _tokens(reply), at(reply, "choices", 0)
        if not isinstance(at(choice, "message"), dict):
            return NoAnswer(Fault.MALFORMED, tokens)
        if fault := _fault_in(choice):
            return NoAnswer(fault, tokens)
        text = text_at(choice, "message", "content")
        return Answer(text, tokens)

    def fault_of(self, status: int, body: bytes) -> Fault:
        """Name a refusal; Azure says with a 400 that its filter took the question."""
        try:
            code = text_at(envelope(body), "error", "code")
        except MalformedReplyError:
            code = ""
        return Fault.FILTERED if code == "content_filter" else plain_fault(status)


def _fault_in(choice: Json) -> Fault | None:
    if text_at(choice, "message", "refusal"):
        return Fault.REFUSED
    match text_at(choice, "finish_reason"):
        case "length":
            return Fault.TRUNCATED
        case "content_filter":
            return Fault.FILTERED
        case _:
            return None if text_at(choice, "message", "content").strip() else Fault.EMPTY


def _tokens(reply: Mapping[str, Json]) -> Tokens | None:
    asked = count_at(reply, "usage", "prompt_tokens")
    said = count_at(reply, "usage", "completion_tokens")
    if asked is None or said is None:
        return None
    cached = count_at(reply, "usage", "prompt_tokens_details", "cached_tokens") or 0
    cached = min(cached, asked)
    return Tokens(asked - cached, said, cached)
