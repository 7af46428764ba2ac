"""Requests as they leave: our chat models before a transport that keeps what it is given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2
from langchain_core.messages import BaseMessage

from langchain_gptv import AzureChatGPTV, ChatGPTV, ImageSources

CHAT_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5.4",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "A cat."}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
RESPONSES_ANSWER = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-5.4",
    "status": "completed",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "A cat.", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
CHAT_CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-5.4",
    "choices": [
        {"index": 0, "delta": {"role": "assistant", "content": "A cat."}, "finish_reason": "stop"}
    ],
}
RESPONSES_EVENTS = [
    {"type": "response.created", "sequence_number": 0, "response": RESPONSES_ANSWER},
    {
        "type": "response.output_text.delta",
        "sequence_number": 1,
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "A cat.",
        "logprobs": [],
    },
    {"type": "response.completed", "sequence_number": 2, "response": RESPONSES_ANSWER},
]


@dataclass
class Wire:
    """Answers every request with "A cat." and keeps its body."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        body = json.loads(request.read())
        self.bodies.append(body)
        is_chat = "/chat/completions" in request.url.path
        if body.get("stream"):
            return _events([CHAT_CHUNK] if is_chat else RESPONSES_EVENTS)
        default = CHAT_ANSWER if is_chat else RESPONSES_ANSWER
        return httpx2.Response(200, json=self.answer or default)

    async def handle_async(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request of the async client."""
        await request.aread()
        return self.handle(request)

    def clients(self) -> dict[str, Any]:
        """Return the arguments that put this wire under a chat model."""
        return {
            "http_client": httpx2.Client(transport=httpx2.MockTransport(self.handle)),
            "http_async_client": httpx2.AsyncClient(
                transport=httpx2.MockTransport(self.handle_async)
            ),
            "api_key": "sk-test",
            "max_retries": 0,
        }

    def take(self) -> list[dict[str, Any]]:
        """Return the bodies since the last time."""
        taken, self.bodies = self.bodies, []
        return taken


def make_model(service: str, api: str, wire: Wire, **settings: Any) -> Any:
    """Make a chat model of ours whose requests end in `wire`."""
    shared = {"use_responses_api": api == "responses", **wire.clients(), **settings}
    model = shared.pop("model", "gpt-5.4")
    if service == "openai":
        return ChatGPTV(model=model, **shared)
    return AzureChatGPTV(
        azure_deployment="eyes",
        base_model=model,
        azure_endpoint="https://example.openai.azure.com",
        api_version="2025-03-01-preview",
        **shared,
    )


def leaving(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of a body, or its input items."""
    return body["messages"] if "messages" in body else body["input"]


def send(model: Any, wire: Wire, messages: Any, **call: Any) -> list[dict[str, Any]]:
    """Invoke the model and return the messages or input items that left."""
    wire.take()
    model.invoke(messages, **call)
    (body,) = wire.take()
    return leaving(body)


def content_of(model: Any, wire: Wire, message: BaseMessage, **call: Any) -> Any:
    """Return the content of the one message that left."""
    (left,) = send(model, wire, [message], **call)
    return left["content"]


def roots(*folders: Any) -> ImageSources:
    """Return a door to some folders."""
    return ImageSources(roots=folders)


def _events(events: list[dict[str, Any]]) -> httpx2.Response:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    text = "".join([*lines, "data: [DONE]\n\n"])
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})
