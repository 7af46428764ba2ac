"""Responses: reads the request, writes the response object or its events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.answering import Result
from langchain_gptv.local.wire.asking import Ask, read_forced, read_offered, read_output, refuse
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.conversation import read_responses
from langchain_gptv.local.wire.dialect import Dialect
from langchain_gptv.local.wire.streaming import encode_event, split_words
from langchain_gptv.vision.profile_data import LOCAL_MODEL

NOTICE = {"gptv_engine": "embedded engine; reads text and finds objects; not a language model"}
"""Goes into the metadata of every response, over the caller's own."""

_REFUSED = {
    "background": "Send the request without it and wait for the answer.",
    "conversation": "The embedded engine keeps nothing; send the whole conversation in 'input'.",
    "prompt": "The embedded engine keeps no prompt templates; send the text in 'input'.",
    "top_logprobs": "The embedded engine is no language model and has no token probabilities.",
}

_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Parameters that a response repeats, with their defaults."""


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """A request for a response.

    Attributes:
        ask: The question.
        stream: Whether events are wanted.
        echo: The parameters that the response repeats.
    """

    ask: Ask
    stream: bool
    echo: dict[str, Any]


def read_responses_request(body: Node, dialect: Dialect) -> ResponsesRequest:
    """Read and check a request."""
    refuse(body, _REFUSED)
    _refuse_previous(body["previous_response_id"])
    text, instructions = body["text"], body["instructions"]
    ask = Ask(
        conversation=read_responses(body["input"], dialect),
        forced=read_forced(body, dialect),
        offered=read_offered(body, dialect),
        output=read_output(text["format"], dialect) if text.given else "text",
        max_tokens=body["max_output_tokens"].count(),
        instructions=instructions.text() if instructions.given else "",
    )
    return ResponsesRequest(ask, body["stream"].flag(), _read_echo(body))


def _refuse_previous(previous: Node) -> None:
    if previous.given:
        raise errors.request_error(
            f"Previous response with id '{previous.value}' not found. The embedded engine keeps "
            "nothing; send the whole conversation in 'input'.",
            param=previous.path,
            code="previous_response_not_found",
        )


def _read_echo(body: Node) -> dict[str, Any]:
    given = {name: body[name].value for name in _ECHOED if body[name].given}
    metadata = body["metadata"].object() if body["metadata"].given else {}
    text = body["text"].object() if body["text"].given else {}
    return {
        **_ECHOED,
        **given,
        "metadata": metadata | NOTICE,
        "store": False,
        "text": {"format": {"type": "text"}, "verbosity": "medium", **text},
    }


@dataclass(frozen=True, slots=True)
class ResponsesReply:
    """Writes one result, whole or as the events of a stream."""

    request: ResponsesRequest
    result: Result
    id: str = field(default_factory=lambda: f"resp_{uuid.uuid4().hex}")
    item_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: int = field(default_factory=lambda: int(time.time()))

    def response(self) -> dict[str, Any]:
        """The whole reply."""
        cut = {"reason": "max_output_tokens"} if self.result.cut else None
        return self._envelope(self._status) | {
            "completed_at": int(time.time()),
            "incomplete_details": cut,
            "output": [self._item(self.result.text, self._status)],
            "usage": self.result.usage.for_responses(),
            "gptv": self.result.provenance,
        }

    def events(self) -> Iterator[bytes]:
        """The reply as a stream of events."""
        for number, (name, data) in enumerate(self._named_events()):
            yield encode_event({"type": name, "sequence_number": number, **data}, name=name)

    def _named_events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        started = {"response": self._envelope("in_progress")}
        yield "response.created", started
        yield "response.in_progress", started
        yield "response.output_item.added", {"output_index": 0, "item": self._item(None)}
        yield from self._call_events() if self.result.kind == "call" else self._message_events()
        item = self._item(self.result.text, self._status)
        yield "response.output_item.done", {"output_index": 0, "item": item}
        yield f"response.{self._status}", {"response": self.response()}

    def _message_events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        place = {**self._place, "content_index": 0}
        refused = self.result.kind == "refusal"
        name, key = ("refusal", "refusal") if refused else ("output_text", "text")
        extra: dict[str, Any] = {} if refused else {"logprobs": []}
        text = self.result.text
        yield "response.content_part.added", {**place, "part": self._part("")}
        for word in split_words(text):
            yield f"response.{name}.delta", {**place, "delta": word, **extra}
        yield f"response.{name}.done", {**place, key: text, **extra}
        yield "response.content_part.done", {**place, "part": self._part(text)}

    def _call_events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        name = "response.function_call_arguments"
        for word in split_words(self.result.text):
            yield f"{name}.delta", {**self._place, "delta": word}
        done = {"name": self.result.function, "arguments": self.result.text}
        yield f"{name}.done", {**self._place, **done}

    def _item(self, text: str | None, status: str = "in_progress") -> dict[str, Any]:
        """The only output item: a message or a call; `text` is None before it has begun."""
        if self.result.kind == "call":
            return {
                "id": self._place["item_id"],
                "type": "function_call",
                "status": status,
                "call_id": f"call_{self.item_id[:24]}",
                "name": self.result.function,
                "arguments": text or "",
            }
        return {
            "id": self._place["item_id"],
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [] if text is None else [self._part(text)],
        }

    def _part(self, text: str) -> dict[str, Any]:
        if self.result.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def _envelope(self, status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "model": LOCAL_MODEL,
            "output": [],
            "usage": None,
            **self.request.echo,
        }

    @property
    def _place(self) -> dict[str, Any]:
        prefix = "fc" if self.result.kind == "call" else "msg"
        return {"item_id": f"{prefix}_{self.item_id}", "output_index": 0}

    @property
    def _status(self) -> str:
        return "incomplete" if self.result.cut else "completed"
