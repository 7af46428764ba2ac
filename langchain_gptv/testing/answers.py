"""What an answer says: the text of a JSON body, or of a stream joined."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

_KNOWN = frozenset({"choices", "output", "data", "type", "error"})
"""One of these fields is in every answer of the APIs that are read by their parts."""

_MAX_OTHER = 300
"""Characters that are shown of JSON of another kind, such as what was seen in a picture."""

_FINAL = ("response.completed", "response.incomplete", "response.failed")

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as a person reads it.

    Attributes:
        text: What was said, or called, or the message of an error.
        model: As the answer names it; empty if it does not.
        input_tokens: Billed; None if the answer holds no usage.
        output_tokens: Billed; None if the answer holds no usage.
        created: The day of the answer, for the price of that day.
    """

    text: str
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    created: date | None = None


def read_answer(body: str | bytes | None) -> Answer:
    """Read a body of Chat Completions, Responses or another API, whole or streamed.

    Example:
        >>> read_answer('data: {"choices": [{"index": 0, "delta": {"content": "12.50"}}]}').text
        '12.50'
    """
    if isinstance(body, bytes):
        return Answer(f"{len(body):,} bytes that are no text")
    parts = list(_parts(body or ""))
    final = next((part["response"] for part in parts if part.get("type") in _FINAL), None)
    parts = [final] if isinstance(final, dict) else parts
    usage: Body = next((part["usage"] for part in reversed(parts) if part.get("usage")), {})
    return Answer(
        text=_text(parts, body or ""),
        model=next((str(part["model"]) for part in parts if part.get("model")), ""),
        input_tokens=usage.get("input_tokens", usage.get("prompt_tokens")),
        output_tokens=usage.get("output_tokens", usage.get("completion_tokens")),
        created=_day(parts),
    )


def _text(parts: list[Body], body: str) -> str:
    if _KNOWN & {*chain(*parts)}:
        return "\n".join(_lines(parts))
    is_short = not parts or len(body) <= _MAX_OTHER
    return body if is_short else f"{body[:_MAX_OTHER]}..."


def _parts(body: str) -> Iterator[Body]:
    """Give the objects of a body: one of JSON, or the events of a stream."""
    lines = [line[5:] for line in body.splitlines() if line.startswith("data:")]
    for text in lines or [body]:
        try:
            part = json.loads(text)
        except ValueError:
            continue
        if isinstance(part, dict):
            yield part


def _day(parts: list[Body]) -> date | None:
    stamps = [part.get("created") or part.get("created_at") for part in parts]
    stamp = next((each for each in stamps if isinstance(each, int | float)), None)
    return datetime.fromtimestamp(stamp, UTC).date() if stamp else None


def _lines(parts: list[Body]) -> list[str]:
    """Join what belongs together: a choice, a call, an item of the output."""
    said: dict[tuple[Any, ...], str] = {}
    for part in parts:
        for key, text in _pieces(part):
            said[key] = said.get(key, "") + text
    return [text for text in said.values() if text]


def _pieces(part: Body) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(part.get("error"), dict):
        yield ("error",), f"error: {part['error'].get('message')}"
    for choice in part.get("choices") or ():
        yield from _choice_pieces(choice)
    for number, item in enumerate(part.get("output") or ()):
        yield ("item", number), _item_text(item)
    if str(part.get("type", "")).endswith(("output_text.delta", "refusal.delta")):
        yield ("item", part.get("output_index")), str(part.get("delta", ""))
    if isinstance(part.get("data"), list):
        yield ("data",), _data_text(part["data"])


def _choice_pieces(choice: Body) -> Iterator[tuple[tuple[Any, ...], str]]:
    message = choice.get("message") or choice.get("delta") or {}
    index = choice.get("index", 0)
    yield (index, "text"), str(message.get("content") or message.get("refusal") or "")
    for number, call in enumerate(message.get("tool_calls") or ()):
        yield (index, call.get("index", number)), call_text(call.get("function") or {})


def call_text(call: Body) -> str:
    """Return a call, or a piece of one, as `name arguments`."""
    name = f"{call['name']} " if call.get("name") else ""
    return f"{name}{call.get('arguments') or ''}"


def _item_text(item: Body) -> str:
    if item.get("type") == "function_call":
        return call_text(item)
    texts = [part.get("text") or part.get("refusal") or "" for part in item.get("content") or ()]
    return "".join(texts) or (f"[{item['type']}]" if item.get("result") else "")


def _data_text(data: list[Any]) -> str:
    """Say what a list holds: models by name, or how many pictures or embeddings."""
    names = [str(each["id"]) for each in data if isinstance(each, dict) and "id" in each]
    kinds = {key for each in data if isinstance(each, dict) for key in each} - {"index", "object"}
    return ", ".join(names) or f"{len(data)} of {', '.join(sorted(kinds))}"
