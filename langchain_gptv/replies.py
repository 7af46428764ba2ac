"""What an answer says beside its text, in whichever spelling the service has it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import openai
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from langchain_gptv.endings import explain_status
from langchain_gptv.enhancements.looking import Looked
from langchain_gptv.sending.blocks import find_images
from langchain_gptv.sending.sender import SentMessages

_Answer = TypeVar("_Answer", ChatResult, ChatGenerationChunk)

_FINISH_REASONS = {"max_tokens": "length"}

EMPTY = (
    "The answer is empty because max_tokens was used up before any text, perhaps on reasoning. "
    "Raise max_tokens (max_completion_tokens), or lower reasoning_effort."
)

_WAYS_OUT = {
    "invalid_image_url": "The service could not load it: send its bytes instead of the URL.",
    "invalid_image_format": "Send PNG, JPEG, WebP or GIF: image_block(path) converts the others.",
    "image_too_large": "Set image_policy=ImagePolicy(max_bytes=...), or detail='high'.",
    "content_policy_violation": "The service's safety system refuses it; leave it out.",
}


class EnhancedMessages(SentMessages):
    """Messages that are ready to be sent, and what was seen in their image."""

    looked: Looked

    @classmethod
    def of(cls, sent: SentMessages, looked: Looked) -> EnhancedMessages:
        """Put what was seen beside the image."""
        enhanced = cls(looked.put_beside(sent))
        enhanced.vision_plan, enhanced.looked = sent.vision_plan, looked
        return enhanced


def with_plan(answer: _Answer, sent: SentMessages) -> _Answer:
    """Tell with an answer, or with its first chunk, what was sent."""
    if sent.vision_plan is not None:
        for message in _messages(answer):
            message.response_metadata["vision_plan"] = sent.vision_plan
    return answer


def with_facts(result: ChatResult, sent: SentMessages) -> ChatResult:
    """Tell with an answer what was sent, and where in the picture is what it says."""
    if isinstance(sent, EnhancedMessages):
        for message in _messages(result):
            add_enhancements(message, sent.looked.describe(message.text))
    return with_plan(result, sent)


async def awith_facts(result: ChatResult, sent: SentMessages) -> ChatResult:
    """Do the same without blocking the event loop, since the picture may be looked at again."""
    if isinstance(sent, EnhancedMessages):
        return await asyncio.to_thread(with_facts, result, sent)
    return with_facts(result, sent)


def last_chunk(
    chunks: Sequence[ChatGenerationChunk], sent: SentMessages
) -> list[ChatGenerationChunk]:
    """Return the chunk that ties a streamed answer to its picture, or nothing."""
    if not isinstance(sent, EnhancedMessages) or not chunks:
        return []
    empty: str | list[Any] = "" if isinstance(chunks[-1].message.content, str) else []
    message = AIMessageChunk(content=empty, chunk_position="last")
    add_enhancements(message, sent.looked.describe("".join(chunk.text for chunk in chunks)))
    return [ChatGenerationChunk(message=message)] if message.response_metadata else []


async def alast_chunk(
    chunks: Sequence[ChatGenerationChunk], sent: SentMessages
) -> list[ChatGenerationChunk]:
    """Do the same without blocking the event loop."""
    if isinstance(sent, EnhancedMessages):
        return await asyncio.to_thread(last_chunk, chunks, sent)
    return []


def add_enhancements(message: BaseMessage, said: Mapping[str, Any] | None) -> None:
    """Put the enhancements of an answer into its metadata, in the service's own shape."""
    if said:
        message.response_metadata["enhancements"] = dict(said)


def _messages(answer: ChatResult | ChatGenerationChunk) -> list[BaseMessage]:
    if isinstance(answer, ChatResult):
        return [generation.message for generation in answer.generations]
    return [answer.message]


def tidy_response(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return a response of any generation of the API as today's clients expect it.

    The early Azure preview says `finish_details`, some say `finish_reason` as an object, and
    Azure spells the key of its content filter in the singular and in the plural.
    """
    tidy = {**response, "choices": [tidy_choice(choice) for choice in response["choices"] or ()]}
    if "prompt_filter_results" in response:
        tidy["prompt_filter_results"] = [
            _plural(entry) for entry in response["prompt_filter_results"] or ()
        ]
    return tidy


def tidy_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return a choice (of a response or a chunk) with `finish_reason` as a string or None."""
    reason = choice.get("finish_reason") or choice.get("finish_details")
    if isinstance(reason, Mapping):
        reason = reason.get("type")
    return {**_plural(choice), "finish_reason": _FINISH_REASONS.get(str(reason), reason)}


def _plural(entry: Mapping[str, Any]) -> dict[str, Any]:
    tidy = dict(entry)
    if "content_filter_result" in tidy:
        tidy["content_filter_results"] = tidy.pop("content_filter_result")
    return tidy


def add_facts(message: BaseMessage, response: Mapping[str, Any], finish_reason: str | None) -> None:
    """Put into a message what langchain-openai leaves out of it.

    These are the image tokens that were billed, a warning about an empty answer, and the evidence
    of the embedded engine.
    """
    details = (response.get("usage") or {}).get("prompt_tokens_details") or {}
    image_tokens = details.get("image_tokens")
    if isinstance(message, AIMessage) and message.usage_metadata and image_tokens is not None:
        message.usage_metadata.setdefault("input_token_details", {})["image"] = image_tokens  # type: ignore[typeddict-unknown-key]
    if finish_reason == "length" and not message.text:
        message.response_metadata["warning"] = EMPTY
    if "gptv" in response:
        message.response_metadata["gptv"] = response["gptv"]


@contextmanager
def explained_errors(messages: Sequence[BaseMessage]) -> Iterator[None]:
    """Add to an API error, as a note, which image caused it or what to do; its class is kept."""
    try:
        yield
    except openai.APIStatusError as error:
        if note := explain_image_error(error, messages) or explain_status(error):
            error.add_note(note)
        raise


def explain_image_error(
    error: openai.APIStatusError, messages: Sequence[BaseMessage]
) -> str | None:
    """Return which image an API error is about and the way out; None when it is about none."""
    body = error.body if isinstance(error.body, Mapping) else {}
    text, code = str(body.get("message") or error), str(body.get("code") or "")
    images = [(found.name, found.url) for found in find_images(messages)]
    named = _named(text, str(body.get("param") or ""), images)
    if named is None and code not in _WAYS_OUT and "image" not in text.lower():
        return None
    if named is None and len(images) == 1:
        named = 0
    where = f"Image {named + 1} of {len(images)}, {images[named][0]}." if named is not None else ""
    return f"{where} {_WAYS_OUT.get(code, '')}".strip() or None


def _named(text: str, param: str, images: Sequence[tuple[str, str]]) -> int | None:
    """Find the image that an error names by its place in the request or by its URL."""
    place = re.search(r"(?:messages|input)\.?\[(\d+)\]\.content\.?\[(\d+)\]", f"{param} {text}")
    for number, (where, url) in enumerate(images):
        if place and where == f"messages[{place[1]}].content[{place[2]}]":
            return number
        if url.startswith("http") and (url in text or url.rsplit("/", 1)[-1] in text):
            return number
    return None
