"""Input tokens of a whole conversation, estimated without network."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_gptv.exceptions import GPTVWarning
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail
from langchain_gptv.vision.tokens import MESSAGE_TOKENS, REPLY_TOKENS, estimate_text_tokens

UNSEEN_SIDE = 2048
"""Pixels of each side that an image behind a URL is counted with: nothing is fetched to count."""


def count_message_tokens(
    messages: Sequence[BaseMessage],
    profile: VisionProfile,
    *,
    detail: Detail = "auto",
    tools: Sequence[Any] = (),
    planned: int | None = None,
) -> int:
    """Estimate the input tokens of messages, with their images.

    Args:
        messages: As they are sent, images in the normal form.
        profile: How the model counts images.
        detail: Of images that do not say their own.
        tools: Their schemas count as text.
        planned: Tokens of the images whose size is known, where a plan has decided them.

    Warns:
        GPTVWarning: A file is among the content; what it takes is not known.
    """
    text = sum(estimate_text_tokens(part) for part in _texts(messages))
    images = [block for block in _blocks(messages) if _is_image(block)]
    if planned is not None:
        images = [block for block in images if not _url(block).startswith("data:")]
    image_tokens = sum(_image_tokens(block, profile, detail) for block in images)
    schemas = json.dumps([convert_to_openai_tool(tool) for tool in tools]) if tools else ""
    if any(block.get("type") in ("file", "input_file") for block in _blocks(messages)):
        warnings.warn("The tokens of files are not counted.", GPTVWarning, stacklevel=3)
    overhead = MESSAGE_TOKENS * len(messages) + REPLY_TOKENS
    return text + image_tokens + (planned or 0) + estimate_text_tokens(schemas) + overhead


def _blocks(messages: Sequence[BaseMessage]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        if isinstance(message.content, list):
            yield from (block for block in message.content if isinstance(block, Mapping))


def _texts(messages: Sequence[BaseMessage]) -> Iterator[str]:
    for message in messages:
        yield message.text
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield f"{call['name']}{json.dumps(call['args'])}"


def _is_image(block: Mapping[str, Any]) -> bool:
    return block.get("type") in ("image_url", "input_image")


def _url(block: Mapping[str, Any]) -> str:
    inner = block.get("image_url")
    return str((inner.get("url") if isinstance(inner, Mapping) else inner) or "")


def _image_tokens(block: Mapping[str, Any], profile: VisionProfile, detail: Detail) -> int:
    inner = block.get("image_url")
    holder = inner if isinstance(inner, Mapping) else block
    asked = holder.get("detail") or detail
    if not _url(block).startswith("data:"):
        return profile.tokens(UNSEEN_SIDE, UNSEEN_SIDE, asked)
    image = Image.from_data_url(_url(block))
    return profile.tokens(image.width, image.height, asked)
