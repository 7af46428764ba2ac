"""Chat Completions: reads the request, writes the completion or its chunks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_gptv.local.wire.answering import FINGERPRINT, Result
from langchain_gptv.local.wire.asking import (
    Ask,
    read_forced,
    read_offered,
    read_output,
    read_stop,
    refuse,
)
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.conversation import read_chat
from langchain_gptv.local.wire.dialect import Dialect
from langchain_gptv.local.wire.enhancing import read_enhancements
from langchain_gptv.local.wire.streaming import DONE, encode_event, split_words
from langchain_gptv.vision.profile_data import LOCAL_MODEL

_REFUSED = {
    "functions": "Use 'tools' instead.",
    "function_call": "Use 'tool_choice' instead.",
    "logprobs": "The embedded engine is no language model and has no token probabilities.",
    "audio": "The embedded engine does not speak.",
}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for a completion.

    Attributes:
        ask: The question.
        choices: How many; the engine is deterministic, so that they are all the same.
        stream: Whether chunks are wanted.
        include_usage: Whether a last chunk with the usage is wanted.
        grounding: Whether the answer's phrases are to be tied to boxes.
    """

    ask: Ask
    choices: int
    stream: bool
    include_usage: bool
    grounding: bool = False


def read_chat_request(body: Node, dialect: Dialect) -> ChatRequest:
    """Read and check a request."""
    refuse(body, _REFUSED)
    options = body["stream_options"]
    conversation = read_chat(body["messages"], dialect)
    limit = body["max_completion_tokens" if body["max_completion_tokens"].given else "max_tokens"]
    return ChatRequest(
        ask=Ask(
            conversation=conversation,
            forced=read_forced(body, dialect),
            offered=read_offered(body, dialect),
            output=read_output(body["response_format"], dialect),
            max_tokens=limit.count(),
            stop=read_stop(body["stop"]),
        ),
        choices=body["n"].count(at_most=128) or 1,
        stream=body["stream"].flag(),
        include_usage=options["include_usage"].flag() if options.given else False,
        grounding=read_enhancements(body, conversation, dialect),
    )


@dataclass(frozen=True, slots=True)
class ChatReply:
    """Writes one result, whole or in chunks. On Azure with the marks of its content filter.

    The engine filters nothing, so these marks are empty and never say "safe". They are there
    since Azure's own first chunk, which has no choices, is what breaks clients that index it.
    """

    request: ChatRequest
    result: Result
    dialect: Dialect
    enhancements: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    call_id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self) -> dict[str, Any]:
        """The whole reply."""
        choices = [
            self._choice(index, {"message": self._message(index), "logprobs": None}, self._finish)
            for index in range(self.request.choices)
        ]
        marks = {"prompt_filter_results": _prompt_marks()} if self.dialect.azure else {}
        return {
            **self._head("chat.completion"),
            "choices": choices,
            "usage": self._usage(),
            **marks,
            "gptv": self.result.provenance,
        }

    def chunks(self) -> Iterator[bytes]:
        """The reply as a stream of events."""
        if self.dialect.azure:
            yield encode_event(_azure_first_chunk())
        for index in range(self.request.choices):
            yield from self._choice_chunks(index)
        if self.request.include_usage:
            yield encode_event(self._chunk([], usage=self._usage()))
        yield DONE

    def _choice_chunks(self, index: int) -> Iterator[bytes]:
        first = {"role": "assistant", **self._opening(index)}
        for delta in (first, *self._deltas()):
            yield encode_event(self._chunk([self._choice(index, {"delta": delta}, None)]))
        last = self._chunk([self._choice(index, {"delta": {}}, self._finish)])
        yield encode_event(last | {"gptv": self.result.provenance})

    def _opening(self, index: int) -> dict[str, Any]:
        if self.result.kind == "answer":
            return {"content": "", "refusal": None}
        if self.result.kind == "refusal":
            return {"content": None, "refusal": ""}
        call = {"index": 0, **self._tool_call(index, "")}
        return {"content": None, "refusal": None, "tool_calls": [call]}

    def _deltas(self) -> Iterator[dict[str, Any]]:
        for word in split_words(self.result.text):
            if self.result.kind == "call":
                yield {"tool_calls": [{"index": 0, "function": {"arguments": word}}]}
            else:
                yield {"refusal" if self.result.kind == "refusal" else "content": word}

    def _message(self, index: int) -> dict[str, Any]:
        kind, text = self.result.kind, self.result.text
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text if kind == "answer" else None,
            "refusal": text if kind == "refusal" else None,
            "annotations": [],
        }
        return message | ({"tool_calls": [self._tool_call(index, text)]} if kind == "call" else {})

    def _tool_call(self, index: int, arguments: str) -> dict[str, Any]:
        function = {"name": self.result.function, "arguments": arguments}
        return {"id": f"{self.call_id}{index}", "type": "function", "function": function}

    def _choice(self, index: int, what: dict[str, Any], finish: str | None) -> dict[str, Any]:
        marks: dict[str, Any] = {"content_filter_results": {}} if self.dialect.azure else {}
        grounded = {"enhancements": self.enhancements} if finish and self.enhancements else {}
        return {"index": index, **what, **self._end(finish), **marks, **grounded}

    def _end(self, finish: str | None) -> dict[str, Any]:
        if not self.dialect.old_finish:
            return {"finish_reason": finish}
        kind = {"length": "max_tokens"}.get(finish or "", finish)
        stop = {"stop": "<|fim_suffix|>"} if kind == "stop" else {}
        return {"finish_details": {"type": kind, **stop} if kind else None}

    def _chunk(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        asked = {"usage": usage} if self.request.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": choices, **asked}

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": LOCAL_MODEL,
            "system_fingerprint": FINGERPRINT,
        }

    def _usage(self) -> dict[str, Any]:
        return self.result.usage.for_chat(choices=self.request.choices)

    @property
    def _finish(self) -> str:
        if self.result.cut:
            return "length"
        return "tool_calls" if self.result.kind == "call" else "stop"


def _prompt_marks() -> list[dict[str, Any]]:
    return [{"prompt_index": 0, "content_filter_results": {}}]


def _azure_first_chunk() -> dict[str, Any]:
    blank = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
    return blank | {"prompt_filter_results": _prompt_marks()}
