"""Anthropic's messages: the answer is the input of the one tool that the model must use.  Pure.

Source: the API reference of Anthropic, messages and tool use, version 2023-06-01.
"""

import json
from collections.abc import Mapping
from typing import Final

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

VERSION: Final = "2023-06-01"
"""The `anthropic-version` header."""

_TOOL: Final = "plan"


@attrs.frozen
class Messages:
    """One model behind `/v1/messages`."""

    url: str = attrs.field(repr=False)
    model: str
    max_tokens: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    def call(self, prompt: Prompt, *, structured: bool) -> Call:
        """Spell a prompt."""
        body: dict[str, Template] = {
            "model": Code(self.model),
            "max_tokens": self.max_tokens,
            "system": prompt.system,
            "messages": [{"role": ours("user"), "content": prompt.user}],
        }
        if structured:
            body["tools"] = [
                {
                    "name": ours("plan"),
                    "description": ours("Give the plan for this incident, or abstain."),
                    "input_schema": Inline(prompt.schema),
                }
            ]
            body["tool_choice"] = {"type": ours("tool"), "name": ours("plan")}
        headers = {"anthropic-version": VERSION, **self.headers}
        return Call("POST", self.url, headers, assemble(body), max_reply=MAX_REPLY)

    def read(self, body: bytes) -> Answer | NoAnswer:
        """Read a `message` object."""
        try:
            reply = envelope(body)
        except MalformedReplyError:
            return NoAnswer(Fault.MALFORMED)
        tokens, blocks = _tokens(reply), at(reply, "content")
        match text_at(reply, "stop_reason"):
            case "max_tokens" | "model_context_window_exceeded":
                return NoAnswer(Fault.TRUNCATED, tokens)
            case "refusal":
                return NoAnswer(Fault.REFUSED, tokens)
            case _:
                pass
        if not isinstance(blocks, list):
            return NoAnswer(Fault.MALFORMED, tokens)
        text = _said(blocks)
        if not text.strip():
            return NoAnswer(Fault.EMPTY, tokens)
        return Answer(text, tokens)

    def fault_of(self, status: int, _body: bytes) -> Fault:
        """Name a refusal."""
        return plain_fault(status)


def _said(blocks: list[Json]) -> str:
    """Give what was put into our tool; without that the text.  Two uses of the tool stay two."""
    uses = [
        json.dumps(at(block, "input"))
        for block in blocks
        if text_at(block, "type") == "tool_use" and text_at(block, "name") == _TOOL
    ]
    texts = [text_at(block, "text") for block in blocks if text_at(block, "type") == "text"]
    return "\n".join(uses or texts)


def _tokens(reply: Mapping[str, Json]) -> Tokens | None:
    asked = count_at(reply, "usage", "input_tokens")
    said = count_at(reply, "usage", "output_tokens")
    if asked is None or said is None:
        return None
    written = count_at(reply, "usage", "cache_creation_input_tokens") or 0
    cached = count_at(reply, "usage", "cache_read_input_tokens") or 0
    return Tokens(asked + written, said, cached)
