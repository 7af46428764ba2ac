"""Input tokens of a whole conversation, estimated without network."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_gptv.exceptions import GPTVWarning
from langchain_gptv.messages.content import iter_blocks
from langchain_gptv.sending.blocks import find_images
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail
from langchain_gptv.vision.tokens import MESSAGE_TOKENS, REPLY_TOKENS, estimate_text_tokens


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
    images = find_images(messages)
    if planned is not None:
        images = [image for image in images if not image.data_url]
    image_tokens = sum(image.tokens(profile, detail) for image in images)
    schemas = json.dumps([convert_to_openai_tool(tool) for tool in tools]) if tools else ""
    if any(block.get("type") in ("file", "input_file") for _, _, block in iter_blocks(messages)):
        warnings.warn("The tokens of files are not counted.", GPTVWarning, stacklevel=3)
    overhead = MESSAGE_TOKENS * len(messages) + REPLY_TOKENS
    return text + image_tokens + (planned or 0) + estimate_text_tokens(schemas) + overhead


def _texts(messages: Sequence[BaseMessage]) -> Iterator[str]:
    for message in messages:
        yield message.text
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield f"{call['name']}{json.dumps(call['args'])}"
