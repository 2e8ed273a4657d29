"""Ollama's own chat: the answer is held to a JSON schema by `format`.  Pure.

Source: Ollama's API documentation, generate a chat completion.
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
from actors.l2_planner.envelope import MalformedReplyError, at, count_at, envelope, text_at
from actors.l2_planner.prompt import Prompt
from runtime.outbound import Call
from runtime.scrub import Code, Inline, Template, assemble, ours


@attrs.frozen
class OllamaChat:
    """One model behind `/api/chat`."""

    url: str = attrs.field(repr=False)
    model: str
    max_tokens: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    def call(self, prompt: Prompt, *, structured: bool) -> Call:
        """Spell a prompt."""
        body: dict[str, Template] = {
            "model": Code(self.model),
            "messages": [
                {"role": ours("system"), "content": prompt.system},
                {"role": ours("user"), "content": prompt.user},
            ],
            "stream": False,
            "options": {"temperature": 0, "num_predict": self.max_tokens},
        }
        if structured:
            body["format"] = Inline(prompt.schema)
        return Call("POST", self.url, self.headers, assemble(body), max_reply=MAX_REPLY)

    def read(self, body: bytes) -> Answer | NoAnswer:
        """Read the one object of an answer that is not streamed."""
        try:
            reply = envelope(body)
        except MalformedReplyError:
            return NoAnswer(Fault.MALFORMED)
        asked, said = count_at(reply, "prompt_eval_count"), count_at(reply, "eval_count")
        # What Ollama has in its cache it does not count: the prompt has no tokens then.
        tokens = None if said is None else Tokens(asked or 0, said)
        if not isinstance(at(reply, "message"), dict) or at(reply, "done") is not True:
            return NoAnswer(Fault.MALFORMED, tokens)
        if text_at(reply, "done_reason") == "length":
            return NoAnswer(Fault.TRUNCATED, tokens)
        text = text_at(reply, "message", "content")
        if not text.strip():
            return NoAnswer(Fault.EMPTY, tokens)
        return Answer(text, tokens)

    def fault_of(self, status: int, _body: bytes) -> Fault:
        """Name a refusal."""
        return plain_fault(status)
