"""What a request asks: the turns of its conversation, and the pictures in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from langchain_gptv.testing.answers import call_text
from langchain_gptv.testing.digests import DIGEST, Digest, find_digests

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture, page or file of a request; `detail` is the API setting, if one was sent."""

    digest: Digest
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.digest}, detail {self.detail}" if self.detail else str(self.digest)

    def label(self, number: int, where: str = "") -> str:
        """Return such as "image 1 sent: 1024x768 3f9a2c0b..., detail high"."""
        noun = "image" if self.digest.size else "file"
        return f"{' '.join(filter(None, (noun, str(number), where)))}: {self}"


@dataclass(frozen=True, slots=True)
class Question:
    """A request as a person reads it.

    Attributes:
        turns: (role, text) of each message; a picture in a text is its size and digest.
        pictures: What was sent, in order.
    """

    turns: tuple[Turn, ...]
    pictures: tuple[SentPicture, ...]


def read_question(body: str | bytes | None) -> Question:
    """Read the body of a request to any of the APIs.

    Example:
        >>> read_question('{"input": "What is the total?"}').turns
        (('user', 'What is the total?'),)
    """
    parsed = _parse(body)
    return Question(tuple(_turns(parsed)), tuple(_pictures(parsed, "")))


def _parse(body: str | bytes | None) -> Any:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _turns(body: Any) -> Iterator[Turn]:
    if not isinstance(body, dict):
        yield from [("body", _shorten(str(body)))] if body else []
        return
    if body.get("instructions"):
        yield "instructions", str(body["instructions"])
    asked = body.get("messages", body.get("input", body.get("prompt", ())))
    for each in asked if isinstance(asked, list) else [asked] if asked else []:
        if isinstance(each, dict):
            yield str(each.get("role") or each.get("type") or "user"), _message_text(each)
        else:
            yield "user", _shorten(str(each))


def _message_text(message: dict[str, Any]) -> str:
    content = message.get("content", message.get("output"))
    parts = content if isinstance(content, list) else [content]
    calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    calls += [message] if message.get("type") == "function_call" else []
    texts = [_part_text(part) for part in parts] + [call_text(call) for call in calls]
    return "\n".join(text for text in texts if text)


def _part_text(part: Any) -> str:
    if isinstance(part, dict):
        text = part.get("text") or part.get("refusal")
        part = text or " ".join(f"[{found}]" for found in find_digests(json.dumps(part)))
    return _shorten(str(part or ""))


def _shorten(text: str) -> str:
    return DIGEST.sub(lambda found: f"[{find_digests(found[0])[0]}]", text)


def _pictures(value: Any, detail: str) -> Iterator[SentPicture]:
    if isinstance(value, dict):
        detail = value["detail"] if isinstance(value.get("detail"), str) else detail
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _pictures(each, detail)
    elif isinstance(value, str):
        yield from (SentPicture(digest, detail) for digest in find_digests(value))
